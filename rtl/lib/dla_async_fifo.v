// First-in first-out buffer between two clocks, valid/ready on both sides, first word falls through.
//
//   wr_clk: memory, binary + Gray write pointer ---> two flops on rd_clk ---> out_valid
//   rd_clk: binary + Gray read pointer          ---> two flops on wr_clk ---> in_ready
//
// A word is offered two to three edges of rd_clk after the wr_clk edge that took it. With equal clocks and
// DEPTH >= 8 one word a cycle passes for ever. `in_ready` and `out_valid` depend on flip-flops of their own
// side only; `in_ready` is 0 in reset, so that nothing is taken that would be lost.
//
// Why it is safe: one bit of a Gray pointer changes at a time, so a pointer caught while it moves is the old or
// the new one; both are true statements about the other side, perhaps late. A memory word is read only after the
// pointer that covers it has crossed, when it has been stable for at least one edge of rd_clk.
`default_nettype none

module dla_async_fifo #(
    parameter WIDTH = 8, // bits of a word
    parameter DEPTH = 8  // words, a power of two, >= 4
) (
    input  wire             wr_clk,
    input  wire             wr_rst_n,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,
    input  wire             rd_clk,
    input  wire             rd_rst_n,
    output wire             out_valid,
    input  wire             out_ready,
    output wire [WIDTH-1:0] out_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_async_fifo_WIDTH_is_at_least_1 u_illegal (); end
    if (DEPTH < 4 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal dla_async_fifo_DEPTH_is_a_power_of_two_from_4 u_illegal (); end
endgenerate

localparam PTR_W = $clog2(DEPTH) + 1; // one bit more than an address: full and empty differ in it

reg [WIDTH-1:0] mem [0:DEPTH-1];

wire [PTR_W-1:0] wr_gray_sent; // the pointers on their way to the other clock
wire [PTR_W-1:0] rd_gray_sent;

// Write side

reg              alive;
reg  [PTR_W-1:0] wr_bin;
reg  [PTR_W-1:0] wr_gray;
reg  [PTR_W-1:0] rd_gray; // of the read side
wire [PTR_W-1:0] rd_gray_at_wr;
wire [PTR_W-1:0] wr_bin_next  = wr_bin + 1'b1;
wire             push         = in_valid && in_ready;

assign in_ready = alive && wr_gray != {~rd_gray_at_wr[PTR_W-1:PTR_W-2], rd_gray_at_wr[PTR_W-3:0]};

always @(posedge wr_clk) begin
    if (push) mem[wr_bin[PTR_W-2:0]] <= in_data;
end

always @(posedge wr_clk or negedge wr_rst_n) begin
    if (!wr_rst_n) begin
        alive   <= 1'b0;
        wr_bin  <= 0;
        wr_gray <= 0;
    end else begin
        alive <= 1'b1;
        if (push) begin
            wr_bin  <= wr_bin_next;
            wr_gray <= wr_bin_next ^ (wr_bin_next >> 1);
        end
    end
end

dla_sync #(.WIDTH(PTR_W), .STAGES(2), .CODE(1)) u_rd_to_wr (
    .clk   (wr_clk),
    .rst_n (wr_rst_n),
    .d     (rd_gray_sent),
    .q     (rd_gray_at_wr)
);

// Read side

reg  [PTR_W-1:0] rd_bin;
wire [PTR_W-1:0] wr_gray_at_rd;
wire [PTR_W-1:0] rd_bin_next = rd_bin + 1'b1;

assign out_valid = rd_gray != wr_gray_at_rd;
assign out_data  = mem[rd_bin[PTR_W-2:0]];

always @(posedge rd_clk or negedge rd_rst_n) begin
    if (!rd_rst_n) begin
        rd_bin  <= 0;
        rd_gray <= 0;
    end else if (out_valid && out_ready) begin
        rd_bin  <= rd_bin_next;
        rd_gray <= rd_bin_next ^ (rd_bin_next >> 1);
    end
end

dla_sync #(.WIDTH(PTR_W), .STAGES(2), .CODE(1)) u_wr_to_rd (
    .clk   (rd_clk),
    .rst_n (rd_rst_n),
    .d     (wr_gray_sent),
    .q     (wr_gray_at_rd)
);

// The way of the pointers to the other clock

`ifdef DLA_SKEW
dla_skew #(.WIDTH(PTR_W)) u_wr_skew (
    .src_clk (wr_clk), .src_rst_n (wr_rst_n), .d (wr_gray), .dst_clk (rd_clk), .dst_rst_n (rd_rst_n), .q (wr_gray_sent)
);
dla_skew #(.WIDTH(PTR_W)) u_rd_skew (
    .src_clk (rd_clk), .src_rst_n (rd_rst_n), .d (rd_gray), .dst_clk (wr_clk), .dst_rst_n (wr_rst_n), .q (rd_gray_sent)
);
`else
assign wr_gray_sent = wr_gray;
assign rd_gray_sent = rd_gray;
`endif

`ifdef DLA_ASSERT
reg  [PTR_W-1:0] wr_before;
reg  [PTR_W-1:0] rd_before;
reg              wr_was_reset, rd_was_reset; // before the first reset nothing is promised
initial {wr_was_reset, rd_was_reset} = 2'b00;
wire [PTR_W-1:0] wr_moved = wr_gray ^ wr_before;
wire [PTR_W-1:0] rd_moved = rd_gray ^ rd_before;
always @(posedge wr_clk or negedge wr_rst_n) begin
    if (!wr_rst_n) wr_was_reset <= 1'b1;
    if (!wr_rst_n) wr_before <= 0;
    else           wr_before <= wr_gray;
    if (wr_rst_n && wr_was_reset && (wr_moved & (wr_moved - 1'b1)) != 0)
        $error("dla_async_fifo: the write pointer changes in several bits at a time");
end
always @(posedge rd_clk or negedge rd_rst_n) begin
    if (!rd_rst_n) rd_was_reset <= 1'b1;
    if (!rd_rst_n) rd_before <= 0;
    else           rd_before <= rd_gray;
    if (rd_rst_n && rd_was_reset && (rd_moved & (rd_moved - 1'b1)) != 0)
        $error("dla_async_fifo: the read pointer changes in several bits at a time");
end
`endif

`ifdef FORMAL_DLA_ASYNC_FIFO
`include "dla_async_fifo.vh"
`endif

endmodule

`default_nettype wire
