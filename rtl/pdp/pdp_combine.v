// Sum or maximum of two signed numbers. Combinational; one adder serves both.
`default_nettype none

module pdp_combine #(
    parameter WIDTH = 8 // bits of an operand, >= 2
) (
    input  wire             maximum, // 0 sum, 1 maximum
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    output wire [WIDTH:0]   y
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 2) begin : g_width_illegal pdp_combine_WIDTH_is_at_least_2 u_illegal (); end
endgenerate

wire [WIDTH:0]   sum    = {a[WIDTH-1], a} + {b[WIDTH-1] ^ maximum, b ^ {WIDTH{maximum}}} + {{WIDTH{1'b0}}, maximum};
wire [WIDTH-1:0] larger = sum[WIDTH] ? b : a; // when the sum is the difference

assign y = maximum ? {larger[WIDTH-1], larger} : sum;

endmodule

`default_nettype wire
