// One lane of the BS or BN stage: ALU, multiplier, rounding shift, ReLU. Latency 3, one element a cycle.
//
//     x, a -> [ALU] y -> [* m + rounding] q -> [shift, saturate, ReLU] z
//
// `a` and `m` must be stable with x and one cycle after x, respectively. A bypassed stage is the same path
// with ALU bypassed and the multiplier skipped. Spec: sdp.md section 3.2.
`default_nettype none

module sdp_lane (
    input  wire               clk,
    // layer settings
    input  wire               alu_bypass,
    input  wire [1:0]         alu_algo,   // 0 max, 1 min, else sum
    input  wire               skip_mul,   // stage bypassed
    input  wire               prelu,      // skip the multiplier for y >= 0
    input  wire               relu,
    input  wire [5:0]         shift,
    input  wire [47:0]        half,
    input  wire [47:0]        ones,
    // data
    input  wire signed [31:0] x,
    input  wire signed [31:0] a,
    input  wire signed [15:0] m,
    output reg  signed [31:0] z
);

// ---------------------------------------------------------------- ALU: one adder also compares
wire               compare = !alu_algo[1];
wire signed [32:0] sum     = {x[31], x} + ({a[31], a} ^ {33{compare}}) + {32'd0, compare};
wire               take_a  = sum[32] ^ alu_algo[0];  // x < a for max, x >= a for min
reg  signed [32:0] y;

always @(posedge clk) begin
    if (alu_bypass)   y <= {x[31], x};
    else if (compare) y <= take_a ? {a[31], a} : {x[31], x};
    else              y <= sum;
end

// ---------------------------------------------------------------- multiplier and shift
wire signed [49:0] r;
wire               passed;
wire signed [49:0] unused_q;

dla_scale u_scale (
    .clk    (clk),
    .y      (y),
    .m      (m),
    .skip   (skip_mul || (prelu && !y[32])),
    .shift  (shift),
    .half   (half),
    .ones   (ones),
    .r      (r),
    .q      (unused_q),
    .q_skip (passed)
);

// ---------------------------------------------------------------- saturation to 32 bits, ReLU
// A skipped value keeps its low 32 bits: a PReLU sum above 2^31-1 wraps.
wire fits     = (r[49:31] == {19{r[31]}});
wire saturate = !fits && !passed;
wire negative = saturate ? r[49] : r[31];

always @(posedge clk) begin
    if (relu && negative) z <= 32'sd0;
    else if (saturate)    z <= {r[49], {31{!r[49]}}};
    else                  z <= r[31:0];
end

endmodule

`default_nettype wire
