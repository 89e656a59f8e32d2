// Value of a look-up: interpolation between two entries, or the slope beyond the end of the table. Latency 4.
//
//     hit:   base + (next - base) * fraction / 2^16
//     miss:  base + (q - reference) * scale / 2^shift       shift -16 .. 15
//     -> a, b -> [a * b + rounding] product -> [right shift, clamp] -> [left shift, + base, saturate] value
//
// Both use one multiplier of 33 x 17 bits. The distance may be clamped to 33 bits, and the quotient to 18 bits:
// beyond that the 16-bit result is saturated whatever the rest is (a product with scale 0 stays 0).
// Spec: cdp.md section 4.5.
`default_nettype none

module cdp_value (
    input  wire               clk,
    input  wire               hit,
    input  wire signed [15:0] base,      // entry found, or the end of the table
    input  wire signed [15:0] next,      // entry after it
    input  wire [15:0]        fraction,
    input  wire signed [32:0] distance,  // q - reference, clamped
    input  wire signed [15:0] scale,
    input  wire signed [4:0]  shift,
    output reg  signed [15:0] value
);

// ---------------------------------------------------------------- 1: factors
reg signed [32:0] a;
reg signed [16:0] b;
reg        [4:0]  right1, left1;  // 0 .. 16
wire signed [16:0] step = {next[15], next} - {base[15], base};

always @(posedge clk) begin
    a      <= hit ? {{16{step[16]}}, step} : distance;
    b      <= hit ? {1'b0, fraction} : {scale[15], scale};
    right1 <= hit ? 5'd16 : shift[4] ? 5'd0 : shift;
    left1  <= (hit || !shift[4]) ? 5'd0 : 5'd0 - shift;
end

// ---------------------------------------------------------------- 2: product, rounded (see dla_scale)
reg signed [50:0] product;
reg        [4:0]  right2, left2;
reg        [15:0] half, ones;
wire              negative = a[32] ^ b[16];
wire signed [50:0] rounding = {35'd0, negative ? ones : half};
integer i;

always @* begin
    for (i = 0; i < 16; i = i + 1) begin
        half[i] = ({1'b0, right1} == i[5:0] + 6'd1);
        ones[i] = ({1'b0, right1} > i[5:0] + 6'd1);
    end
end

always @(posedge clk) begin
    product <= a * b + rounding;
    right2  <= right1;
    left2   <= left1;
end

// ---------------------------------------------------------------- 3: right shift
wire signed [50:0] quotient = product >>> right2;
reg  signed [17:0] change;
reg         [4:0]  left3;

always @(posedge clk) begin
    change <= (quotient[50:17] == {34{quotient[50]}}) ? quotient[17:0] : {quotient[50], {17{!quotient[50]}}};
    left3  <= left2;
end

// ---------------------------------------------------------------- 4: left shift, sum
wire signed [15:0] base3;
wire signed [33:0] moved   = {{16{change[17]}}, change} << left3;
wire signed [17:0] clamped = (moved[33:17] == {17{moved[33]}}) ? moved[17:0] : {moved[33], {17{!moved[33]}}};
wire signed [18:0] sum     = {clamped[17], clamped} + {{3{base3[15]}}, base3};

dla_delay #(.WIDTH(16), .CYCLES(3)) u_base (.clk(clk), .in(base), .out(base3));

always @(posedge clk) begin
    value <= (sum[18:15] == {4{sum[18]}}) ? sum[15:0] : {sum[18], {15{!sum[18]}}};
end

endmodule

`default_nettype wire
