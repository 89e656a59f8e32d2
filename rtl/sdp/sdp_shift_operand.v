// ALU operand of an SDP lane: a * 2^shift with saturation to 32 bits, combinational.
//
// The operand fits if all its bits that leave the word upwards equal its sign: bit i leaves for
// i + shift >= 31, and for shift >= 32 only 0 fits. Spec: sdp.md section 3.2 step 1.
`default_nettype none

module sdp_shift_operand (
    input  wire [15:0] a,
    input  wire [5:0]  shift,
    output wire [31:0] result
);

wire [15:0] leaves;  // which bits of a must equal its sign; depends on the shift only
genvar i;
generate
    for (i = 0; i < 16; i = i + 1) begin : g_bit
        assign leaves[i] = (shift >= (31 - i));
    end
endgenerate

wire overflow = ((leaves & (a ^ {16{a[15]}})) != 0) || (shift[5] && a[15]);

assign result = overflow ? {a[15], {31{!a[15]}}} : {{16{a[15]}}, a} << shift[4:0];

endmodule

`default_nettype wire
