// Every rounding point but CACC's: ties, a step beside them, saturation, both signs, ties that saturate, scales at their limits.
`include "cover.svh"

`define ROUNDING_POINT \
    for (s = 0; s < 2; s = s + 1) begin : sign \
        `COVER_ALWAYS(tie, some && negative == s && rest == half) \
        `COVER_ALWAYS(a_step_above_a_tie, some && shift > 1 && negative == s && rest == half + 1) \
        `COVER_ALWAYS(a_step_below_a_tie, some && shift > 1 && negative == s && rest == half - 1) \
        `COVER_ALWAYS(saturates, beyond && !skipped && negative == s) \
        `COVER_ALWAYS(largest_value_that_does_not_saturate, !beyond && !skipped && r[R_W-1] == s && r[R_W-2:0] == {(R_W-1){s == 0}}) \
        `COVER_ALWAYS(tie_beside_saturation, some && negative == s && rest == half && \
            floor == {1'b0, {(R_W-1){1'b1}}} && q >> shift == floor) \
        `COVER_ALWAYS(zero_of_a_small_value, some && negative == s && q != 0 && r == 0) \
    end \
    `COVER_ALWAYS(no_shift, !skipped && shift == 0) \
    `COVER_ALWAYS(largest_shift, !skipped && shift == LARGEST_SHIFT) \
    `COVER_ALWAYS(factor_of_minus_32768, m_size == 32768 && !skip) \
    `COVER_ALWAYS(factor_of_32767, m_size == 32767 && !m_negative && !skip) \
    `COVER_ALWAYS(factor_of_0, m_size == 0 && !skip)

module dla_scale_cover #(parameter R_W = 32, Q_W = 48, M_W = 16) (
    input wire clk, negative, skipped, beyond, skip, m_negative,
    input wire [5:0] shift,
    input wire [Q_W-1:0] q,
    input wire [R_W-1:0] r, floor,
    input wire [M_W-1:0] m_size
);

localparam LARGEST_SHIFT = R_W == 9 ? 31 : 63;
wire [63:0] rest = q & ~({64{1'b1}} << shift);
wire [63:0] half = (64'd1 << shift) >> 1;
wire        some = !skipped && shift != 0;
genvar s;
generate
    if (R_W == 32) begin : sdp_stage
        `ROUNDING_POINT
        `COVER_ALWAYS(multiplier_left_out, skipped)
    end else if (R_W == 18) begin : sdp_converter
        `ROUNDING_POINT
    end else if (R_W == 9) begin : cdp_input_converter
        `ROUNDING_POINT
    end else if (R_W == 8) begin : cdp_output_converter
        `ROUNDING_POINT
    end
endgenerate

endmodule

bind dla_scale dla_scale_cover #(.R_W(R_W), .Q_W(Q_W), .M_W(M_W)) u_cover (.*);
