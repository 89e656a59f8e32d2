// One bank of the line buffer with its combiner: adds a row partial to the partial result of an output row.
//
// Cycle 2: `read` and address; cycle 3: operand, result, write. Two accesses to one place must be two cycles apart.
// Spec: pdp.md 4 (average step 2), 6.
`default_nettype none

module pdp_bank #(
    parameter LUT_RAMS = 0,           // 1: small memories in LUTs (dla_ram_1r1w)
    parameter LANES  = 8,             // elements of a word
    parameter DEPTH  = 16,            // words
    parameter ADDR_W = $clog2(DEPTH)  // derived, do not set
) (
    input  wire                clk,
    input  wire [31:0]         ram_pd,
    input  wire                maximum,
    // cycle 2
    input  wire                read,
    input  wire [ADDR_W-1:0]   read_addr,
    // cycle 3
    input  wire                act,    // the row partial goes in,
    input  wire                fresh,  // as the first one
    input  wire                write,
    input  wire [ADDR_W-1:0]   write_addr,
    input  wire [11*LANES-1:0] row_partial,
    output wire [14*LANES-1:0] result  // 14 bits signed a lane; 8 for maximum
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal pdp_bank_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) begin : g_lanes_illegal pdp_bank_LANES_is_1_2_4_or_8 u_illegal (); end
    if (DEPTH < 2) begin : g_depth_illegal pdp_bank_DEPTH_is_at_least_2 u_illegal (); end
    if (ADDR_W != $clog2(DEPTH)) begin : g_addr_w_illegal pdp_bank_ADDR_W_is_derived u_illegal (); end
endgenerate

wire [14*LANES-1:0] stored;

dla_ram_1r1w #(.WIDTH(14*LANES), .DEPTH(DEPTH), .LUTS(LUT_RAMS)) u_ram (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (write),
    .wr_addr (write_addr),
    .wr_data (result),
    .rd_en   (read),
    .rd_addr (read_addr),
    .rd_data (stored)
);

genvar lane;
generate
for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
    wire signed [13:0] old  = stored[14*lane +: 14];
    wire signed [10:0] came = row_partial[11*lane +: 11];
    wire [13:0] sum  = (fresh ? 14'd0 : old) + (act ? {{3{came[10]}}, came} : 14'd0);
    // As unsigned numbers with the signs exchanged: no logic behind the carry chain
    wire        more = fresh || act && {came[7], old[6:0]} < {old[7], came[6:0]};
    assign result[14*lane +: 14] = maximum ? {6'd0, more ? came[7:0] : old[7:0]} : sum;
end
endgenerate

endmodule

`default_nettype wire
