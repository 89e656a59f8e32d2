// One lane of the BS or BN stage: ALU, multiplier, rounding shift, ReLU. Latency 3, one element a cycle.
//
//     x, a -> [ALU] y -> [* m] q -> [shift, round, saturate, ReLU] z
//
// `a` comes with x, `m` (magnitude and sign) one cycle after x. A bypassed stage is the same path
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
    input  wire [15:0]        below,      // of the shift, see dla_scale
    // data
    input  wire signed [31:0] x,
    input  wire signed [31:0] a,
    input  wire [15:0]        m_size,
    input  wire               m_negative,
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

// ---------------------------------------------------------------- multiplier, shift, ReLU
// A skipped value keeps its low 32 bits: a PReLU sum above 2^31-1 wraps.
wire [31:0] r;
wire        minus;
wire [47:0] unused_q;
wire [31:0] unused_floor;
wire        unused_above, unused_up;

dla_scale #(.Y_W(33), .M_W(16), .R_W(32)) u_scale (
    .clk        (clk),
    .y          (y),
    .m_size     (m_size),
    .m_negative (m_negative),
    .skip       (skip_mul || (prelu && !y[32])),
    .shift      (shift),
    .below      (below),
    .r          (r),
    .minus      (minus),
    .q          (unused_q),
    .above      (unused_above),
    .floor      (unused_floor),
    .up         (unused_up)
);

always @(posedge clk) z <= (relu && minus) ? 32'd0 : r;

endmodule

`default_nettype wire
