// Product with an unsigned 1.16 reciprocal, rounded to the nearest integer, ties away from zero. Latency 2 cycles.
//
// No saturation: a non-negative quotient loses its upper bits before the rounding bit is added, a negative one after.
// Spec: pdp.md 4, ROUND16.
`default_nettype none

module pdp_scale #(
    parameter IN_WIDTH  = 15, // bits of the number, signed
    parameter OUT_WIDTH = 11  // bits of the result, signed
) (
    input  wire                 clk,
    input  wire [IN_WIDTH-1:0]  number,
    input  wire [16:0]          reciprocal,
    output reg  [OUT_WIDTH-1:0] result
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (IN_WIDTH < 2) begin : g_in_width_illegal pdp_scale_IN_WIDTH_is_at_least_2 u_illegal (); end
    if (OUT_WIDTH < 2) begin : g_out_width_illegal pdp_scale_OUT_WIDTH_is_at_least_2 u_illegal (); end
endgenerate

localparam WIDTH = 16 + OUT_WIDTH; // bits of the product that matter

wire signed [IN_WIDTH+17:0] full = $signed(number) * $signed({1'b0, reciprocal});

reg [WIDTH-1:0] product;
reg             negative;

wire [OUT_WIDTH-1:0] floor = {product[WIDTH-1] && negative, product[WIDTH-2:16]};
wire                 up    = product[15] && (!negative || |product[14:0]);

always @(posedge clk) begin
    product  <= full[WIDTH-1:0];
    negative <= number[IN_WIDTH-1];
    result   <= floor + {{OUT_WIDTH-1{1'b0}}, up};
end

wire unused = |full[IN_WIDTH+17:WIDTH]; // lost by specification

endmodule

`default_nettype wire
