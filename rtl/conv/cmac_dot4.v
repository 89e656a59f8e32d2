// The dot product of four int8 data and four int8 weights, without a multiplier.
//
// For FPGAs whose multipliers are needed elsewhere. Each product is the sum of the eight rows of its weight's bits, in
// pairs; the row of the sign is subtracted. Combinational. Spec: csc_cmac_cacc.md section 5.
`default_nettype none

module cmac_dot4 (
    input  wire [31:0] a,
    input  wire [31:0] b,
    output wire [17:0] q
);

wire [4*16-1:0] products;

genvar l;
generate
for (l = 0; l < 4; l = l + 1) begin : g_lane
    wire [7:0]  w  = b[8*l +: 8];
    wire [9:0]  x1 = {{2{a[8*l + 7]}}, a[8*l +: 8]};
    wire [9:0]  x2 = {x1[8:0], 1'b0};
    wire [9:0]  row_0 = (x1 & {10{w[0]}}) + (x2 & {10{w[1]}});
    wire [9:0]  row_2 = (x1 & {10{w[2]}}) + (x2 & {10{w[3]}});
    wire [9:0]  row_4 = (x1 & {10{w[4]}}) + (x2 & {10{w[5]}});
    wire [9:0]  row_6 = (x1 & {10{w[6]}}) - (x2 & {10{w[7]}});
    wire [12:0] low   = {{3{row_0[9]}}, row_0} + {row_2[9], row_2, 2'd0};
    wire [11:0] high  = {{2{row_4[9]}}, row_4} + {row_6, 2'd0};
    assign products[16*l +: 16] = {{3{low[12]}}, low} + {high, 4'd0};
end
endgenerate

wire [16:0] sum_0 = {products[15], products[15:0]} + {products[31], products[31:16]};
wire [16:0] sum_1 = {products[47], products[47:32]} + {products[63], products[63:48]};

assign q = {sum_0[16], sum_0} + {sum_1[16], sum_1};

endmodule

`default_nettype wire
