// SDP's output converter: saturation to a byte, ties beside it, offsets at their limits.
`include "cover.svh"

module sdp_cvt_lane_cover (
    input wire clk, rest, up,
    input wire [17:0] r,
    input wire [47:0] q, below,
    input wire signed [31:0] offset, z
);

wire [47:0] half = (below >> 1) + 1;
wire        tie  = below != 0 && (q & below) == half;
`COVER_ALWAYS(result_127, r == 127)
`COVER_ALWAYS(result_128_saturates, r == 128)
`COVER_ALWAYS(result_minus_128, $signed(r) == -128)
`COVER_ALWAYS(result_minus_129_saturates, $signed(r) == -129)
`COVER_ALWAYS(tie_that_becomes_128, tie && r == 128)
`COVER_ALWAYS(tie_that_becomes_127, tie && r == 127)
`COVER_ALWAYS(tie_that_becomes_minus_128, tie && $signed(r) == -128)
`COVER_ALWAYS(tie_that_becomes_minus_129, tie && $signed(r) == -129)
`COVER_ALWAYS(saturates_far_above, !r[17] && r[16])
`COVER_ALWAYS(saturates_far_below, r[17] && !r[16])
`COVER_ALWAYS(smallest_of_all, r == 18'h20000 && !rest)
`COVER_ALWAYS(largest_offset, offset == 32'sh7fffffff)
`COVER_ALWAYS(smallest_offset, offset == -32'sh80000000)
`COVER_ALWAYS(largest_operand, z == 32'sh7fffffff)
`COVER_ALWAYS(smallest_operand, z == -32'sh80000000)

endmodule

bind sdp_cvt_lane sdp_cvt_lane_cover u_cover (.*);
