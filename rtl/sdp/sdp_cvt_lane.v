// One lane of the output converter of SDP: 32 bits to int8. Latency 3, one element a cycle.
//
//     z -> [- offset] d -> [* scale] q -> [shift, round, saturate] result, clipped
//
// Saturated to 8 bits at once. `clipped` marks a result outside of the 17-bit range of the intermediate step; on the negative side
// that looks at the quotient rounded down: for -2^16 it is below -2^16 if there were bits below the point that did not round
// up. Both are seen from the magnitude before it is rounded, beside the incrementer. Spec: sdp.md section 3.4.
`default_nettype none

module sdp_cvt_lane (
    input  wire               clk,
    // layer settings
    input  wire signed [31:0] offset,
    input  wire [15:0]        scale,    // magnitude
    input  wire               negative, // its sign
    input  wire [5:0]         shift,
    input  wire [47:0]        below,    // of the shift, see dla_scale
    // data
    input  wire signed [31:0] z,
    output reg  [7:0]         result,
    output reg                clipped
);

reg  signed [32:0] d;
wire [17:0]        unused_r, floor; // 18 bits hold the 17-bit range of magnitudes
wire [47:0]        q;
wire               minus, above, up;

always @(posedge clk) d <= {z[31], z} - {offset[31], offset};

dla_scale #(.Y_W(33), .M_W(16), .R_W(18)) u_scale (
    .clk        (clk),
    .y          (d),
    .m_size     (scale),
    .m_negative (negative),
    .skip       (1'b0),
    .shift      (shift),
    .below      (below[29:0]),
    .r          (unused_r),
    .minus      (minus),
    .q          (q),
    .above      (above),
    .floor      (floor),
    .up         (up)
);

wire rest = |(q & below);

// Magnitudes: at most 127 and 2^16 - 1, of negative numbers 128 and 2^16.
wire       beyond_8  = minus ? |floor[17:8] || (floor[7] && (up || |floor[6:0])) : |floor[17:7] || (up && &floor[6:0]);
wire       beyond_17 = minus ? floor[17] || (floor[16] && (up || rest || |floor[15:0])) : |floor[17:16] || (up && &floor[15:0]);
wire [7:0] rounded   = (floor[7:0] ^ {8{minus}}) + {7'd0, up ^ minus};

always @(posedge clk) begin
    result  <= (above || beyond_8) ? {minus, {7{!minus}}} : rounded;
    clipped <= above || beyond_17;
end

endmodule

`default_nettype wire
