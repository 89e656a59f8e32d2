// One SDP lane: multiply, then divide by a power of two with rounding. Used by BS, BN and the output CVT.
//
//     y, m -> [ y * m + rounding ] -> >>> shift -> r        1 register: r belongs to the y of the cycle before
//
// Rounding to nearest, ties away from zero, is RHA(p, s) = floor((p + 2^(s-1) - (p < 0)) / 2^s) for s > 0. The
// term 2^(s-1) - (p < 0) depends on p only through its sign, which is known from the signs of y and m (for
// p = 0 both terms give 0), so it is one more addend of the multiplier. `half` is 2^(s-1), `ones` is
// 2^(s-1) - 1; for s = 0 both are 0.
// Shifts of 49 and more always give 0, because |p| <= 2^47: the caller then sets m, half and ones to 0.
// `skip` passes y unchanged. Spec: sdp.md section 3.2 steps 2 and 3, section 3.4.
`default_nettype none

module sdp_scale (
    input  wire               clk,
    input  wire signed [32:0] y,
    input  wire signed [15:0] m,
    input  wire               skip,
    input  wire [5:0]         shift,
    input  wire [47:0]        half,
    input  wire [47:0]        ones,
    output wire signed [49:0] r,
    output reg  signed [49:0] q,      // before the shift
    output reg                q_skip  // skip, delayed to r
);

wire signed [15:0] factor   = skip ? 16'sd1 : m;
wire               negative = y[32] ^ m[15];
wire signed [48:0] rounding = skip ? 49'sd0 : {1'b0, negative ? ones : half};

always @(posedge clk) begin
    q      <= y * factor + rounding;
    q_skip <= skip;
end

assign r = q >>> (q_skip ? 6'd0 : shift);

endmodule

`default_nettype wire
