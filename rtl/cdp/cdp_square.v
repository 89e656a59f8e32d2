// Square of a signed number of 9 bits, combinational.
//
// Of the partial products of |y| each pair occurs twice, so half of them are added, one place higher. That is a quarter of a
// multiplier, and not worth a DSP. -256 is the only number whose magnitude needs bit 8.
`default_nettype none

module cdp_square (
    input  wire [8:0]  y,
    output wire [16:0] square
);

wire [8:0]  size = y[8] ? 9'd0 - y : y;
reg  [15:0] sum;
integer i;

always @* begin
    sum = 16'd0;
    for (i = 0; i < 8; i = i + 1) begin
        sum[2*i] = size[i];
    end
    for (i = 0; i < 7; i = i + 1) begin // size[i] with every higher bit
        if (size[i]) sum = sum + ({8'd0, size[7:0] & (8'hfe << i)} << (i + 1));
    end
end

assign square = {size[8], sum};

endmodule

`default_nettype wire
