// Both roundings of an average: ties and a step beside them, both signs, the largest numbers.
`include "cover.svh"

module pdp_scale_cover #(parameter IN_WIDTH = 15, OUT_WIDTH = 11) (
    input wire clk, negative, up,
    input wire [16+OUT_WIDTH-1:0] product,
    input wire [OUT_WIDTH-1:0] floor,
    input wire [16:0] reciprocal
);

wire [15:0] rest = product[15:0];
`define AVERAGE_POINT \
    for (s = 0; s < 2; s = s + 1) begin : sign \
        `COVER_ALWAYS(tie, negative == s && rest == 16'h8000) \
        `COVER_ALWAYS(above_a_tie, negative == s && rest > 16'h8000) \
        `COVER_ALWAYS(below_a_tie, negative == s && rest < 16'h8000 && rest != 0) \
        `COVER_ALWAYS(exact, negative == s && rest == 0) \
    end \
    `COVER_ALWAYS(rounds_up_past_the_largest, up && floor == {1'b0, {(OUT_WIDTH-1){1'b1}}})
genvar s;
generate
    if (IN_WIDTH == 15) begin : width
        `AVERAGE_POINT
    end else begin : height
        `AVERAGE_POINT
    end
endgenerate

endmodule

bind pdp_scale pdp_scale_cover #(.IN_WIDTH(IN_WIDTH), .OUT_WIDTH(OUT_WIDTH)) u_cover (.*);
