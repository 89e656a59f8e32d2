// Output side of SDP: buffers the finished atoms, writes them to memory or hands them to PDP, ends the layer.
//
// The buffer has a place reserved for every atom in the pipeline (`room`), so the pipeline never stalls. One
// atom a cycle. `done` follows the last atom by one cycle; the interrupt of a layer in memory waits for
// the write acknowledge, its group is kept in a small FIFO until then.
// Spec: sdp.md sections 5 to 7; system.md sections 5.1, 6.1.
`default_nettype none

module sdp_output #(
    parameter LUT_RAMS = 0, // 1: small memories in LUTs (dla_ram_1r1w)
    parameter DEPTH = 32 // atoms in pipeline and buffer, a power of two, > 14 for one atom a cycle
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // layer
    input  wire        start,       // pulse
    input  wire        consumer,    // register group that runs
    input  wire        to_pdp,      // 0: to memory
    input  wire        ram_type,    // 0: memory output waits forever
    input  wire [31:3] base,
    input  wire [31:3] line_stride,
    input  wire [31:3] surface_stride,
    input  wire [12:0] width,       // minus 1
    input  wire [12:0] height,
    input  wire [9:0]  surfaces,
    input  wire        perf_en,
    output reg         done,        // pulse
    output wire [1:0]  intr,        // pulse per group
    output wire        moves,       // atoms are under way or an acknowledge is awaited: clk may stop in cycles without and without accept
    output reg         nonzero,     // the layer wrote a byte other than 0 to memory
    output reg  [31:0] stall,       // cycles a write waited
    // pipeline
    input  wire        accept,      // an atom enters the pipeline
    output wire        room,
    input  wire        in_valid,
    input  wire [63:0] in_data,
    // pdp
    output wire        sdp2pdp_valid,
    input  wire        sdp2pdp_ready,
    output wire [63:0] sdp2pdp_data,
    // memory
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal sdp_output_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (DEPTH < 4 || (DEPTH & (DEPTH - 1)) != 0) begin : g_depth_illegal sdp_output_DEPTH_is_a_power_of_two_from_4 u_illegal (); end
endgenerate

localparam CNT_W = $clog2(DEPTH) + 1;

wire        out_valid;
wire [63:0] out_data;
wire        pop;
wire        last0, last1, last2;
wire        last = last0 && last1 && last2;
wire        group_free, group_valid, group;

// ---------------------------------------------------------------- buffer and its places
reg [CNT_W-1:0] used;

assign room = !used[CNT_W-1];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)              used <= 0;
    else if (accept && !pop) used <= used + 1'b1;
    else if (pop && !accept) used <= used - 1'b1;
end

dla_ram_fifo #(.WIDTH(64), .DEPTH(DEPTH), .LUTS(LUT_RAMS)) u_buffer (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .in_valid  (in_valid),
    .in_data   (in_data),
    .out_valid (out_valid),
    .out_ready (to_pdp ? sdp2pdp_ready : wr_req_valid && wr_req_ready),
    .out_data  (out_data),
    .pop       (pop)
);

assign sdp2pdp_valid = out_valid && to_pdp;
assign sdp2pdp_data  = out_data;

// ---------------------------------------------------------------- memory
wire packed_cube = (width == 0) && (height == 0);  // 1x1: atoms are contiguous, strides ignored

dla_cube_walk #(.SIZE0_W(13), .SIZE1_W(13), .SIZE2_W(10)) u_walk (
    .clk     (clk),
    .load    (start),
    .step    (pop),
    .base    (base),
    .stride0 (29'd1),
    .stride1 (line_stride),
    .stride2 (packed_cube ? 29'd1 : surface_stride),
    .size0   (width),
    .size1   (height),
    .size2   (surfaces),
    .addr    (wr_req_addr),
    .last0   (last0),
    .last1   (last1),
    .last2   (last2)
);

// The last beat waits until the FIFO of groups can take its group.
assign wr_req_valid = out_valid && !to_pdp && ram_type && (!last || group_free);
assign wr_req_data  = out_data;
assign wr_req_last  = last;

dla_fifo #(.WIDTH(1), .DEPTH(4)) u_group (
    .clk       (clk),
    .rst_n     (rst_n),
    .in_valid  (wr_req_valid && wr_req_ready && last),
    .in_ready  (group_free),
    .in_data   (consumer),
    .out_valid (group_valid),
    .out_ready (wr_done),
    .out_data  (group)
);

// ---------------------------------------------------------------- end of layer, interrupt, counters
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) done <= 1'b0;
    else        done <= pop && last;
end

wire written = wr_done && group_valid;
wire passed  = done && to_pdp;

assign moves   = used != 0 || done || group_valid;
assign intr[0] = (written && !group) || (passed && !consumer);
assign intr[1] = (written && group) || (passed && consumer);

always @(posedge clk) begin
    if (start) begin
        nonzero <= 1'b0;
        stall   <= 0;
    end else begin
        if (pop && !to_pdp && out_data != 0) nonzero <= 1'b1;
        if (perf_en && wr_req_valid && !wr_req_ready) stall <= stall + 1'b1;
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && wr_done && !group_valid) $error("%m: acknowledge without a layer");
    if (rst_n && accept && !room)         $error("%m: atom accepted without a place");
end
`endif

endmodule

`default_nettype wire
