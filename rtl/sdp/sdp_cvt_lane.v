// One lane of the output converter of SDP: 32 bits to int8. Latency 3, one element a cycle.
//
//     z -> [- offset] d -> [* scale + rounding] q -> [shift, saturate] out, clipped
//
// `clipped` marks a result outside the 17-bit range of the intermediate step. On the negative side it looks
// at the quotient rounded down (f), not at the rounded one (r): f < -2^16 also holds for r = -2^16 when the
// rounding went up, which shows in the bits below the point. Spec: sdp.md section 3.4.
`default_nettype none

module sdp_cvt_lane (
    input  wire               clk,
    // layer settings
    input  wire signed [31:0] offset,
    input  wire signed [15:0] scale,  // 0 when the shift is 49 or more
    input  wire [5:0]         shift,
    input  wire [47:0]        half,
    input  wire [47:0]        ones,
    // data
    input  wire signed [31:0] z,
    output reg  [7:0]         out,
    output reg                clipped
);

reg  signed [32:0] d;
wire signed [49:0] q, r;
wire               unused_skip;
wire               unused = &{1'b0, q[49:48]};

always @(posedge clk) d <= {z[31], z} - {offset[31], offset};

dla_scale u_scale (
    .clk    (clk),
    .y      (d),
    .m      (scale),
    .skip   (1'b0),
    .shift  (shift),
    .half   (half),
    .ones   (ones),
    .r      (r),
    .q      (q),
    .q_skip (unused_skip)
);

wire high_ones  = &r[48:16];
wire high_zeros = !(|r[48:16]);
wire rounded_up = !(|(q[47:0] & half)) && (|(~q[47:0] & ones));

always @(posedge clk) begin
    out     <= (r[49:7] == {43{r[49]}}) ? r[7:0] : {r[49], {7{!r[49]}}};
    clipped <= r[49] ? !high_ones || (!(|r[15:0]) && rounded_up) : !high_zeros;
end

endmodule

`default_nettype wire
