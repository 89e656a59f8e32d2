// Small register file: asynchronous read, synchronous write (LUT RAM on an FPGA).
//
// A read-modify-write of one word takes a single cycle, so no hazard logic is needed around it.
// Contents are undefined until written.
`default_nettype none

module dla_regfile_1r1w #(
    parameter WIDTH  = 32,           // bits of a word
    parameter DEPTH  = 16,           // words
    parameter ADDR_W = $clog2(DEPTH) // derived, do not set
) (
    input  wire              clk,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [WIDTH-1:0]  rd_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_regfile_1r1w_WIDTH_is_at_least_1 u_illegal (); end
    if (DEPTH < 2) begin : g_depth_illegal dla_regfile_1r1w_DEPTH_is_at_least_2 u_illegal (); end
    if (ADDR_W != $clog2(DEPTH)) begin : g_addr_w_illegal dla_regfile_1r1w_ADDR_W_is_derived u_illegal (); end
endgenerate

reg [WIDTH-1:0] mem [0:DEPTH-1];

assign rd_data = mem[rd_addr];

always @(posedge clk) begin
    if (wr_en) mem[wr_addr] <= wr_data;
end

`ifdef FORMAL_DLA_REGFILE_1R1W
`include "dla_regfile_1r1w.vh"
`endif

endmodule

`default_nettype wire
