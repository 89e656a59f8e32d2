// Output side of CDP: buffers the finished atoms, writes them to memory, ends the layer.
//
// The buffer has a place reserved for every atom in the pipeline (`room`), so the pipeline never stalls. Each atom
// brings its place in the cube ({layer end, line end, pixel end}), from which the address follows: surfaces of a pixel, pixels
// of a line, lines. One atom a cycle. `done` follows the last atom by one cycle; the interrupt waits for the write
// acknowledge, the group of the layer is kept in a small FIFO until then.
// Spec: cdp.md section 3; system.md sections 5.1, 6.1.
`default_nettype none

module cdp_output #(
    parameter LUT_RAMS = 0, // 1: small memories in LUTs (dla_ram_1r1w)
    parameter DEPTH = 32 // atoms in pipeline and buffer, a power of two, > 22 for one atom a cycle
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // layer
    input  wire        start,       // pulse
    input  wire        consumer,    // register group that runs
    input  wire        ram_type,    // 0 waits forever
    input  wire [31:3] base,
    input  wire [31:3] line_stride,
    input  wire [31:3] surface_stride,
    input  wire        perf_en,
    output reg         done,        // pulse
    output wire [1:0]  intr,        // pulse per group
    output wire        unanswered,  // a layer has ended and its last write is not acknowledged
    output reg  [31:0] stall,       // cycles a write waited
    // pipeline
    input  wire        accept,      // an atom enters the pipeline
    output wire        room,
    input  wire        in_valid,
    input  wire [2:0]  in_place,
    input  wire [63:0] in_data,
    // memory
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output reg  [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal cdp_output_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (DEPTH < 4 || (DEPTH & (DEPTH - 1)) != 0) begin : g_depth_illegal cdp_output_DEPTH_is_a_power_of_two_from_4 u_illegal (); end
endgenerate

localparam CNT_W = $clog2(DEPTH) + 1;

// ---------------------------------------------------------------- buffer and its places
reg [CNT_W-1:0] used;
wire            out_valid, pop, line_end, pixel_end, group_free, group_valid, group;

assign room = !used[CNT_W-1];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)              used <= 0;
    else if (accept && !pop) used <= used + 1'b1;
    else if (pop && !accept) used <= used - 1'b1;
end

dla_ram_fifo #(.WIDTH(67), .DEPTH(DEPTH), .LUTS(LUT_RAMS)) u_buffer (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .in_valid  (in_valid),
    .in_data   ({in_place, in_data}),
    .out_valid (out_valid),
    .out_ready (wr_req_valid && wr_req_ready),
    .out_data  ({wr_req_last, line_end, pixel_end, wr_req_data}),
    .pop       (pop)
);

// The last beat waits until the FIFO of groups can take its group.
assign wr_req_valid = out_valid && ram_type && (!wr_req_last || group_free);

// ---------------------------------------------------------------- address
reg  [31:3] line, pixel;  // first atom of the line, of the pixel
wire [31:3] from   = line_end ? line : pixel_end ? pixel : wr_req_addr;
wire [31:3] stride = line_end ? line_stride : pixel_end ? 29'd1 : surface_stride;
wire [31:3] next   = start ? base : from + stride;

always @(posedge clk) begin
    if (start || pop)                wr_req_addr <= next;
    if (start || (pop && pixel_end)) pixel       <= next;
    if (start || (pop && line_end))  line        <= next;
end

// ---------------------------------------------------------------- end of layer, interrupt, counter
dla_fifo #(.WIDTH(1), .DEPTH(4)) u_group (
    .clk       (clk),
    .rst_n     (rst_n),
    .in_valid  (pop && wr_req_last),
    .in_ready  (group_free),
    .in_data   (consumer),
    .out_valid (group_valid),
    .out_ready (wr_done),
    .out_data  (group)
);

assign unanswered = group_valid;
assign intr = {group, !group} & {2{wr_done && group_valid}};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) done <= 1'b0;
    else        done <= pop && wr_req_last;
end

always @(posedge clk) begin
    if (start) stall <= 0;
    else if (perf_en && wr_req_valid && !wr_req_ready) stall <= stall + 1'b1;
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && wr_done && !group_valid) $error("%m: acknowledge without a layer");
    if (rst_n && accept && !room)         $error("%m: atom accepted without a place");
end
`endif

endmodule

`default_nettype wire
