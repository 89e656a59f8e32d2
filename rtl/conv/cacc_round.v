// Output of one accumulator: v / 2^shift, rounded to nearest, ties away from zero.
//
// Below 2^-16 nothing is looked at, so with shift > 16 a negative value just above a tie counts as one
// (csc_cmac_cacc.md section 6.1). Sums are exact in 32 bits for every legal layer, and a result is never
// larger than its sum, so there is nothing to saturate. Combinational.
`default_nettype none

module cacc_round (
    input  wire [31:0] v,
    input  wire [4:0]  shift,
    input  wire [30:0] sticky_mask, // bits of v below the rounding bit that count
    output wire [31:0] q
);

wire signed [32:0] shifted = $signed({v, 1'b0}) >>> shift; // quotient and rounding bit
wire               sticky  = |(v[30:0] & sticky_mask);

assign q = shifted[32:1] + {31'd0, shifted[0] && (!v[31] || sticky)};

endmodule

`default_nettype wire
