// Square of a signed number of 9 bits, combinational.
//
// Of the partial products of |y| each pair occurs twice, so half of them are added, one place higher: seven rows and the
// squares of the bits, as a tree of three adders' depth. That is a quarter of a multiplier, and not worth a DSP. -256 is the
// only number whose magnitude needs bit 8.
`default_nettype none

module cdp_square (
    input  wire [8:0]  y,
    output wire [16:0] square
);

wire [8:0] size = y[8] ? 9'd0 - y : y;

// Bit `place` of the magnitude with every higher bit.
function [15:0] row(input [7:0] bits, input integer place);
    row = {8'd0, bits & (8'hfe << place) & {8{bits[place]}}} << (place + 1);
endfunction

reg [15:0] own;
integer i;

always @* begin
    own = 16'd0;
    for (i = 0; i < 8; i = i + 1) own[2*i] = size[i];
end

wire [15:0] sum = ((own + row(size[7:0], 0)) + (row(size[7:0], 1) + row(size[7:0], 2)))
                + ((row(size[7:0], 3) + row(size[7:0], 4)) + (row(size[7:0], 5) + row(size[7:0], 6)));

assign square = {size[8], sum};

endmodule

`default_nettype wire
