// One lane of the input converter of CDP: int8 to 9 bits. Latency 4, one element a cycle.
//
//     x -> x_q -> [- offset] d -> [* scale] -> [shift, round, saturate, 0 for a lane without channel] y
//
// Spec: cdp.md section 4.1.
`default_nettype none

module cdp_icvt_lane (
    input  wire              clk,
    // layer settings
    input  wire signed [7:0]  offset,
    input  wire [15:0]        scale,    // magnitude
    input  wire               negative, // its sign
    input  wire [4:0]         shift,
    input  wire [14:0]        below,    // of the shift, see dla_scale
    // data
    input  wire signed [7:0]  x,
    input  wire               channel, // the lane holds one; 3 cycles after x
    output reg  signed [8:0]  y
);

reg  signed [7:0]  x_q;
reg  signed [8:0]  d;
wire        [8:0]  r;
wire        [23:0] unused_q;
wire               unused_minus, unused_above, unused_up;
wire        [8:0]  unused_floor;

always @(posedge clk) begin
    x_q <= x;
    d   <= {x_q[7], x_q} - {offset[7], offset};
    y   <= channel ? r : 9'd0;
end

dla_scale #(.Y_W(9), .M_W(16), .R_W(9)) u_scale (
    .clk        (clk),
    .y          (d),
    .m_size     (scale),
    .m_negative (negative),
    .skip       (1'b0),
    .shift      ({1'b0, shift}),
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
