// Multiply, then divide by a power of two with rounding: the heart of every converter.
//
//     y, m -> [ y * m + rounding ] q -> >>> shift -> r        1 register: r belongs to the y of the cycle before
//
// Rounding to nearest, ties away from zero, is RHA(p, s) = floor((p + 2^(s-1) - (p < 0)) / 2^s) for s > 0. The
// term 2^(s-1) - (p < 0) depends on p only through its sign, which is known from the signs of y and m (for
// p = 0 both terms give 0), so it is one more addend of the multiplier. `half` is 2^(s-1), `ones` is
// 2^(s-1) - 1 (dla_round); for s = 0 both are 0.
// HALF_W is the largest shift that can give another result than 0; beyond it the caller sets m to 0.
// `skip` passes y unchanged. Spec: sdp.md sections 0, 3.2 and 3.4.
`default_nettype none

module dla_scale #(
    parameter Y_W    = 33,        // bits of y
    parameter M_W    = 16,        // bits of m
    parameter HALF_W = 48,        // largest useful shift, at most Y_W + M_W
    parameter Q_W    = Y_W + M_W + 1 // derived, do not set
) (
    input  wire                  clk,
    input  wire signed [Y_W-1:0] y,
    input  wire signed [M_W-1:0] m,
    input  wire                  skip,
    input  wire [5:0]            shift,
    input  wire [HALF_W-1:0]     half,
    input  wire [HALF_W-1:0]     ones,
    output wire signed [Q_W-1:0] r,
    output reg  signed [Q_W-1:0] q,      // before the shift
    output reg                   q_skip  // skip, delayed to r
);

wire signed [M_W-1:0]  factor   = skip ? {{(M_W-1){1'b0}}, 1'b1} : m;
wire                   negative = y[Y_W-1] ^ m[M_W-1];
wire signed [Q_W-1:0]  rounding = skip ? {Q_W{1'b0}} : {{(Q_W-HALF_W){1'b0}}, negative ? ones : half};

always @(posedge clk) begin
    q      <= y * factor + rounding;
    q_skip <= skip;
end

assign r = q >>> (q_skip ? 6'd0 : shift);

`ifdef FORMAL_DLA_SCALE
`include "dla_scale.vh"
`endif

endmodule

`default_nettype wire
