// Synchronous first-in first-out buffer, valid/ready on both sides, first word falls through.
//
// Storage is a register array with asynchronous read (LUT RAM on an FPGA). A word written in cycle t
// can be read in t+1; throughput is one word a cycle at any depth >= 2. `in_ready` is registered
// state only: it never depends on `out_ready`.
`default_nettype none

module dla_fifo #(
    parameter WIDTH = 8,  // bits of a word, >= 1
    parameter DEPTH = 4   // words, >= 2, any number
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,
    output wire             out_valid,
    input  wire             out_ready,
    output wire [WIDTH-1:0] out_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_fifo_WIDTH_is_at_least_1 u_illegal (); end
    if (DEPTH < 2) begin : g_depth_illegal dla_fifo_DEPTH_is_at_least_2 u_illegal (); end
endgenerate

localparam PTR_W = $clog2(DEPTH);
/* verilator lint_off WIDTHTRUNC */  // DEPTH is an unsized parameter, its last index fits
localparam [PTR_W-1:0] LAST = DEPTH - 1;
/* verilator lint_on WIDTHTRUNC */

reg [WIDTH-1:0] mem [0:DEPTH-1];
reg [PTR_W-1:0] wr_ptr;
reg [PTR_W-1:0] rd_ptr;
reg [PTR_W:0]   count;

wire push = in_valid && in_ready;
wire pop  = out_valid && out_ready;

/* verilator lint_off WIDTHEXPAND */  // DEPTH is an unsized parameter
assign in_ready  = (count != DEPTH);
/* verilator lint_on WIDTHEXPAND */
assign out_valid = (count != 0);
assign out_data  = mem[rd_ptr];

always @(posedge clk) begin
    if (push) mem[wr_ptr] <= in_data;
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        wr_ptr <= 0;
        rd_ptr <= 0;
        count  <= 0;
    end else begin
        if (push) wr_ptr <= (wr_ptr == LAST) ? {PTR_W{1'b0}} : wr_ptr + 1'b1;
        if (pop)  rd_ptr <= (rd_ptr == LAST) ? {PTR_W{1'b0}} : rd_ptr + 1'b1;
        if (push && !pop)      count <= count + 1'b1;
        else if (pop && !push) count <= count - 1'b1;
    end
end

`ifdef FORMAL_DLA_FIFO
`include "dla_fifo.vh"
`endif

endmodule

`default_nettype wire
