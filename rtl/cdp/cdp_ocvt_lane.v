// One lane of the output side of CDP: multiply by y, output converter to int8. Latency 3, one element a cycle.
//
//     v, y -> [v * y - offset] d -> [* scale] -> [shift, round, saturate] result
//
// Spec: cdp.md section 4.7.
`default_nettype none

module cdp_ocvt_lane (
    input  wire               clk,
    // layer settings
    input  wire               mul_bypass, // v instead of v * y
    input  wire signed [24:0] offset,
    input  wire [15:0]        scale,      // magnitude
    input  wire               negative,   // its sign
    input  wire [5:0]         shift,
    input  wire [32:0]        below,      // of the shift, see dla_scale
    // data
    input  wire signed [15:0] v,
    input  wire signed [8:0]  y,
    output reg  [7:0]         result
);

wire signed [8:0]  factor = mul_bypass ? 9'sd1 : y;
reg  signed [25:0] d;
wire        [7:0]  r;
wire        [40:0] unused_q;
wire               unused_minus, unused_above, unused_up;
wire        [7:0]  unused_floor;

always @(posedge clk) begin
    d   <= v * factor - offset;
    result <= r;
end

dla_scale #(.Y_W(26), .M_W(16), .R_W(8)) u_scale (
    .clk        (clk),
    .y          (d),
    .m_size     (scale),
    .m_negative (negative),
    .skip       (1'b0),
    .shift      (shift),
    .below      (below),
    .r          (r),
    .minus      (unused_minus),
    .q          (unused_q),
    .above      (unused_above),
    .floor      (unused_floor),
    .up         (unused_up)
);

endmodule

`default_nettype wire
