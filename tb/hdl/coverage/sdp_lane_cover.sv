// SDP's stages: every operation, both ways of it, operands at their limits.
`include "cover.svh"

module sdp_lane_cover (
    input wire clk, alu_bypass, skip_mul, prelu, relu, take_a,
    input wire [1:0] alu_algo,
    input wire signed [31:0] x, a, z,
    input wire signed [32:0] y,
    input wire [31:0] r
);

wire alu = !alu_bypass;
`COVER_ALWAYS(max_takes_the_operand, alu && alu_algo == 0 && take_a)
`COVER_ALWAYS(max_keeps, alu && alu_algo == 0 && !take_a)
`COVER_ALWAYS(max_of_equals, alu && alu_algo == 0 && x == a)
`COVER_ALWAYS(min_takes_the_operand, alu && alu_algo == 1 && take_a)
`COVER_ALWAYS(min_keeps, alu && alu_algo == 1 && !take_a)
`COVER_ALWAYS(min_of_equals, alu && alu_algo == 1 && x == a)
`COVER_ALWAYS(sum, alu && alu_algo[1])
`COVER_ALWAYS(sum_above_32_bits, y[32:31] == 2'b01)
`COVER_ALWAYS(sum_below_32_bits, y[32:31] == 2'b10)
`COVER_ALWAYS(relu_of_a_negative, relu && r[31])
`COVER_ALWAYS(relu_of_zero, relu && r == 0)
`COVER_ALWAYS(relu_of_a_positive, relu && !r[31] && r != 0)
`COVER_ALWAYS(prelu_of_a_negative, prelu && y[32] && !skip_mul)
`COVER_ALWAYS(prelu_of_zero, prelu && y == 0 && !skip_mul)
`COVER_ALWAYS(prelu_of_a_positive, prelu && !y[32] && y != 0 && !skip_mul)
`COVER_ALWAYS(largest_input, x == 32'sh7fffffff)
`COVER_ALWAYS(smallest_input, x == -32'sh80000000)

endmodule

bind sdp_lane sdp_lane_cover u_cover (.*);
