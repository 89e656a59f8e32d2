// Value of a look-up: interpolation between two entries, or the slope beyond the end of the table. Latency 4.
//
//     hit:   base + (upper - base) * fraction / 2^16
//     miss:  base + (q - reference) * scale / 2^shift       shift -16 .. 15
//     -> number, factor -> [number * factor] product -> [shift] change -> [round, sign, + base, saturate] value
//
// On magnitudes, as dla_scale does it; that of a negative number is its one's complement, 1 less. 32 bits of the product
// are enough: from 2^31 on (by the highest ones of both, `huge`) the change is at least 2^16, which
// saturates from any base. Both shifts are one: product * 2^16 to the right by 16 + shift. Spec: cdp.md section 4.5.
`default_nettype none

module cdp_value (
    input  wire               clk,
    input  wire               hit,
    input  wire [15:0]        base,              // entry found, or the end of the table
    input  wire [15:0]        upper,             // entry after it
    input  wire [15:0]        fraction,
    input  wire [31:0]        distance,          // |q - reference|, clamped; 1 less where negative
    input  wire               distance_negative,
    input  wire [15:0]        scale,             // magnitude
    input  wire               scale_negative,
    input  wire [4:0]         shift,             // signed
    output reg  [15:0]        value
);

// ---------------------------------------------------------------- 1: factors
wire [16:0] step = {upper[15], upper} - {base[15], base};
reg  [31:0] number;
reg         number_negative, negative1;
reg  [15:0] factor;
reg  [5:0]  amount1;

always @(posedge clk) begin
    number          <= hit ? {16'd0, step[15:0] ^ {16{step[16]}}} : distance;
    number_negative <= hit ? step[16] : distance_negative;
    negative1       <= hit ? step[16] : distance_negative ^ scale_negative;
    factor          <= hit ? fraction : scale;
    amount1         <= hit ? 6'd32 : {1'b0, !shift[4], shift[3:0]};
end

// ---------------------------------------------------------------- 2: product
reg  [31:0] product;
reg         huge, negative2;
reg  [5:0]  amount2;
wire [15:0] reaches;  // with a one in bit 31 - i of number: the factor has one in bit i or above
genvar i;

generate
    for (i = 0; i < 16; i = i + 1) begin : g_reach
        assign reaches[i] = |factor[15:i] && number[31-i];
    end
endgenerate

always @(posedge clk) begin
    product   <= number[30:0] * factor + {16'd0, number_negative ? factor : 16'd0};
    huge     <= |reaches;
    negative2 <= negative1;
    amount2   <= amount1;
end

// ---------------------------------------------------------------- 3: shift
wire [17:0] shifted;  // a bit below the point
reg  [17:0] change;
reg         beyond, negative3;

dla_shift_right #(.IN_W(49), .OUT_W(18), .AMOUNT_W(6)) u_shift (
    .number ({product, 17'd0}),
    .amount (amount2),
    .result (shifted)
);

always @(posedge clk) begin
    change    <= shifted;
    beyond    <= huge || |(product & (32'hfffffffe << amount2)); // 2^17 or more
    negative3 <= negative2;
end

// ---------------------------------------------------------------- 4: sum
wire [15:0] base3;
wire [18:0] sum  = {{3{base3[15]}}, base3} + ({2'd0, change[17:1]} ^ {19{negative3}})
                 + {18'd0, change[0] ^ negative3};
wire        fits = (sum[18:15] == {4{sum[18]}});
wire        sign = beyond ? negative3 : sum[18];

dla_delay #(.WIDTH(16), .CYCLES(3)) u_base (.clk(clk), .d(base), .q(base3));

always @(posedge clk) value <= (beyond || !fits) ? {sign, {15{!sign}}} : sum[15:0];

endmodule

`default_nettype wire
