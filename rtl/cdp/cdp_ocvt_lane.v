// One lane of the output side of CDP: multiply by y, output converter to int8. Latency 3, one element a cycle.
//
//     v, y -> [v * y - offset] d -> [* scale + rounding] -> [shift, saturate] out
//
// Spec: cdp.md section 4.7.
`default_nettype none

module cdp_ocvt_lane (
    input  wire               clk,
    // layer settings
    input  wire               mul_bypass, // v instead of v * y
    input  wire signed [24:0] offset,
    input  wire signed [15:0] scale,      // 0 when the shift vanishes
    input  wire [5:0]         shift,
    input  wire [39:0]        half,
    input  wire [39:0]        ones,
    // data
    input  wire signed [15:0] v,
    input  wire signed [8:0]  y,
    output reg  [7:0]         out
);

wire signed [8:0]  factor = mul_bypass ? 9'sd1 : y;
reg  signed [25:0] d;
wire signed [42:0] r, unused_q;
wire               unused_skip;

always @(posedge clk) begin
    d   <= v * factor - offset;
    out <= (r[42:7] == {36{r[42]}}) ? r[7:0] : {r[42], {7{!r[42]}}};
end

dla_scale #(.Y_W(26), .M_W(16), .HALF_W(40)) u_scale (
    .clk    (clk),
    .y      (d),
    .m      (scale),
    .skip   (1'b0),
    .shift  (shift),
    .half   (half),
    .ones   (ones),
    .r      (r),
    .q      (unused_q),
    .q_skip (unused_skip)
);

endmodule

`default_nettype wire
