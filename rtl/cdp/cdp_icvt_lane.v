// One lane of the input converter of CDP: int8 to 9 bits. Latency 4, one element a cycle.
//
//     x -> x_q -> [- offset] d -> [* scale + rounding] -> [shift, saturate, 0 for a lane without channel] y
//
// Spec: cdp.md section 4.1.
`default_nettype none

module cdp_icvt_lane (
    input  wire              clk,
    // layer settings
    input  wire signed [7:0]  offset,
    input  wire signed [15:0] scale,  // 0 when the shift vanishes
    input  wire [5:0]         shift,
    input  wire [22:0]        half,
    input  wire [22:0]        ones,
    // data
    input  wire signed [7:0]  x,
    input  wire               channel, // the lane holds one; 3 cycles after x
    output reg  signed [8:0]  y
);

reg  signed [7:0]  x_q;
reg  signed [8:0]  d;
wire signed [25:0] r, unused_q;
wire               unused_skip;

always @(posedge clk) begin
    x_q <= x;
    d   <= {x_q[7], x_q} - {offset[7], offset};
    if (!channel)                       y <= 9'sd0;
    else if (r[25:8] == {18{r[25]}})    y <= r[8:0];
    else                                y <= {r[25], {8{!r[25]}}};
end

dla_scale #(.Y_W(9), .M_W(16), .HALF_W(23)) u_scale (
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
