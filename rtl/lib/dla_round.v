// Rounding addends of dla_scale for a shift: 2^(s-1) and 2^(s-1) - 1; 0 for s = 0 and s > HALF_W. Combinational.
`default_nettype none

module dla_round #(
    parameter HALF_W = 48 // largest useful shift, 1 to 62
) (
    input  wire [5:0]        shift,
    output wire [HALF_W-1:0] half,
    output wire [HALF_W-1:0] ones,
    output wire              vanish // every product shifts to 0
);

localparam [5:0] LAST = HALF_W[5:0];

assign vanish = (shift > LAST);

genvar i;
generate
    for (i = 0; i < HALF_W; i = i + 1) begin : g_bit
        assign half[i] = (shift == i + 1);
        assign ones[i] = (shift > i + 1) && !vanish;
    end
endgenerate

`ifdef FORMAL_DLA_ROUND
`include "dla_round.vh"
`endif

endmodule

`default_nettype wire
