// One lane of the output converter of SDP: 32 bits to int8. Latency 3, one element a cycle.
//
//     z -> [- offset] d -> [* scale] q -> [shift, round, saturate] result, clipped
//
// Rounded and saturated to 18 bits first, which holds the 17-bit range of the intermediate step: `clipped` marks a result outside of
// it. On the negative side it looks at the quotient rounded down: for r = -2^16 it is below -2^16
// if there were bits below the point that did not round up. Spec: sdp.md section 3.4.
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
wire [17:0]        r;
wire [47:0]        q;
wire               up;

always @(posedge clk) d <= {z[31], z} - {offset[31], offset};

dla_scale #(.Y_W(33), .M_W(16), .R_W(18)) u_scale (
    .clk        (clk),
    .y          (d),
    .m_size     (scale),
    .m_negative (negative),
    .skip       (1'b0),
    .shift      (shift),
    .below      (below[29:0]),
    .r          (r),
    .q          (q),
    .up         (up)
);

wire rest = |(q & below);

always @(posedge clk) begin
    result  <= (r[17:7] == {11{r[17]}}) ? r[7:0] : {r[17], {7{!r[17]}}};
    clipped <= r[17] ? !r[16] || (r[15:0] == 0 && rest && !up) : r[16];
end

endmodule

`default_nettype wire
