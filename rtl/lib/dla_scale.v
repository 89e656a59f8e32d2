// Multiply, divide by a power of two with rounding, saturate: the heart of every converter.
//
//     y, m -> [ |y| * |m| ] q, sign -> [ >> shift, round, sign, saturate ] r
//                                                            1 register: r belongs to the y of the cycle before
//
// All on magnitudes, because rounding to nearest, ties away from zero, is symmetric: add the bit below the point. For a
// negative result that is the complement plus the inverted bit, so rounding and sign share one incrementer.
// |y| is the one's complement of a negative y, and one more m. m comes as magnitude and sign (settings, or
// prepared a cycle before).
// Overflow is seen before the shift: a bit of q that lies R_W or more above the point. `below` tells which: bit i is
// set for i < shift (settings, registered by the caller). Whether rounding carries out of the word is seen from `floor`, beside the
// incrementer; `minus`, the sign, a register: what saturates or looks at signs does not wait for the sum.
// `skip` passes the low bits of y unchanged. Spec: sdp.md sections 0, 3.2 and 3.4.
`default_nettype none

module dla_scale #(
    parameter Y_W = 33,            // bits of y
    parameter M_W = 16,            // bits of m
    parameter R_W = 32,            // bits of the result, less than Q_W
    parameter Q_W = Y_W + M_W - 1  // derived, do not set
) (
    input  wire                  clk,
    input  wire [Y_W-1:0]        y,          // signed
    input  wire [M_W-1:0]        m_size,     // at most 2^(M_W-1)
    input  wire                  m_negative,
    input  wire                  skip,
    input  wire [5:0]            shift,
    input  wire [Q_W-R_W-1:0]    below,
    output wire [R_W-1:0]        r,          // signed
    output reg                   minus,      // r is 0 or negative, else 0 or positive
    output reg  [Q_W-1:0]        q,          // magnitude before the shift
    output wire                  above,      // q has bits that lie R_W or more above the point
    output wire [R_W-1:0]        floor,      // low bits of the magnitude after the shift, rounded down
    output wire                  up          // the magnitude was rounded up
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (Y_W < 2) begin : g_y_w_illegal dla_scale_Y_W_is_at_least_2 u_illegal (); end
    if (M_W < 2) begin : g_m_w_illegal dla_scale_M_W_is_at_least_2 u_illegal (); end
    if (Q_W != Y_W + M_W - 1) begin : g_q_w_illegal dla_scale_Q_W_is_derived u_illegal (); end
    if (R_W < 2 || R_W >= Q_W) begin : g_r_w_illegal dla_scale_R_W_is_less_than_Q_W u_illegal (); end
endgenerate

// ---------------------------------------------------------------- product
wire             y_negative = y[Y_W-1];
wire [Y_W-2:0]   y_size     = y[Y_W-2:0] ^ {(Y_W-1){y_negative}}; // 1 less for a negative y
wire [M_W-1:0]   factor     = skip ? {{(M_W-1){1'b0}}, 1'b1} : m_size;
wire [R_W+Y_W-1:0] extended = {{R_W{y_negative}}, y};
reg              negative, skipped;
reg  [5:0]       amount;

always @(posedge clk) begin
    q        <= y_size * factor + {{(Q_W-M_W){1'b0}}, y_negative ? factor : {M_W{1'b0}}};
    negative <= y_negative ^ (m_negative && !skip);
    minus    <= skip ? extended[R_W-1] : y_negative ^ m_negative;
    skipped  <= skip;
    amount   <= skip ? 6'd0 : shift;
end

// ---------------------------------------------------------------- shift, rounding, sign
dla_shift_right #(.IN_W(Q_W + 1), .OUT_W(R_W + 1), .AMOUNT_W(6)) u_shift (
    .number ({q, 1'b0}),
    .amount (amount),
    .result ({floor, up})
);

wire [R_W-1:0] rounded  = (floor ^ {R_W{negative}}) + {{(R_W-1){1'b0}}, up ^ negative};
wire           beyond   = above || floor[R_W-1] || (!negative && up && &floor[R_W-2:0]);

assign above = |(q[Q_W-1:R_W] & ~below);

assign r = (beyond && !skipped) ? {negative, {(R_W-1){!negative}}} : rounded;

`ifdef FORMAL_DLA_SCALE
`include "dla_scale.vh"
`endif

endmodule

`default_nettype wire
