// Rounding addends of sdp_scale for a shift: 2^(s-1) and 2^(s-1) - 1; 0 for s = 0 and s >= 49. Combinational.
`default_nettype none

module sdp_round (
    input  wire [5:0]  shift,
    output wire [47:0] half,
    output wire [47:0] ones,
    output wire        vanish   // every product shifts to 0
);

assign vanish = (shift > 6'd48);

genvar i;
generate
    for (i = 0; i < 48; i = i + 1) begin : g_bit
        assign half[i] = (shift == i + 1);
        assign ones[i] = (shift > i + 1) && !vanish;
    end
endgenerate

endmodule

`default_nettype wire
