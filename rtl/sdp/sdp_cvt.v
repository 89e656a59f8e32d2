// Output converter of SDP: 32 bits to int8. Latency 3, LANES elements a cycle, no stalls.
// Spec: sdp.md section 3.4.
`default_nettype none

module sdp_cvt #(
    parameter LANES = 8 // elements a cycle
) (
    input  wire         clk,
    // registers of the layer
    input  wire [31:0]  offset,
    input  wire [15:0]  scale,
    input  wire [5:0]   shift,
    // data
    input  wire [32*LANES-1:0] z,
    output wire [8*LANES-1:0]  result,
    output wire [LANES-1:0]    clipped  // with result
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) begin : g_lanes_illegal sdp_cvt_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

// Settings are registered: they change only between layers.
reg  [31:0] set_offset;
reg  [15:0] set_scale;  // magnitude
reg         set_negative;
reg  [5:0]  set_shift;
reg  [47:0] set_below;  // bits below the point, see dla_scale

always @(posedge clk) begin
    set_offset   <= offset;
    set_scale    <= scale[15] ? 16'd0 - scale : scale;
    set_negative <= scale[15];
    set_shift    <= shift;
    set_below    <= ~({48{1'b1}} << shift);
end

genvar i;
generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        sdp_cvt_lane u_lane (
            .clk      (clk),
            .offset   (set_offset),
            .scale    (set_scale),
            .negative (set_negative),
            .shift    (set_shift),
            .below    (set_below),
            .z        (z[32*i +: 32]),
            .result   (result[8*i +: 8]),
            .clipped  (clipped[i])
        );
    end
endgenerate

endmodule

`default_nettype wire
