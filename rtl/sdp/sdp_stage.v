// BS or BN stage of SDP: lanes and their operands. Latency 3, LANES elements a cycle, no stalls.
//
//     cycle 0: opd_* (of a new pixel or surface)     -> operand registers
//     cycle 1: x, ALU                                -> y
//     cycle 2: multiplier                            -> q
//     cycle 3: shift, saturate, ReLU                 -> z (valid in cycle 4)
//
// Operands from memory stay in the operand registers until the next opd_valid; operands from the registers are
// loaded all the time. With fewer lanes than 8 the operands of the atom are kept aside and turn with its parts; after the
// last part they are where they began, for the next atom of a surface. Spec: sdp.md section 3.2.
`default_nettype none

module sdp_stage #(
    parameter LANES = 8 // elements a cycle: 8, 4, 2 or 1
) (
    input  wire         clk,
    // registers of the layer
    input  wire         bypass,
    input  wire         alu_bypass,
    input  wire [1:0]   alu_algo,
    input  wire         alu_src,     // 1: operands from memory
    input  wire [5:0]   alu_shift,
    input  wire [15:0]  alu_operand,
    input  wire         mul_bypass,
    input  wire         mul_prelu,
    input  wire         mul_src,     // 1: operands from memory
    input  wire [5:0]   mul_shift,
    input  wire [15:0]  mul_operand,
    input  wire         relu_bypass,
    // operands from memory, one cycle before the first x they belong to
    input  wire         opd_valid,
    input  wire [127:0] opd_alu,
    input  wire [127:0] opd_mul,
    // data
    input  wire         next_valid,  // x holds a part of an atom in the next cycle
    input  wire [32*LANES-1:0] x,
    output wire [32*LANES-1:0] z
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal sdp_stage_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- settings, registered: they change only between layers
reg        set_alu_bypass, set_skip, set_prelu, set_relu;
reg [1:0]  set_algo;
reg [5:0]  set_shift;
reg [15:0] set_below;  // bits below the point, see dla_scale

always @(posedge clk) begin
    set_alu_bypass <= bypass || alu_bypass;
    set_algo       <= alu_algo;
    set_skip       <= bypass;
    set_prelu      <= mul_prelu && !mul_bypass;
    set_relu       <= !bypass && !relu_bypass;
    set_shift      <= mul_shift;
    set_below      <= ~(16'hffff << mul_shift);
end

// ---------------------------------------------------------------- operands of the next part
wire [16*LANES-1:0] next_alu, next_mul;
wire                load_a, load_m;

generate
    if (LANES == 8) begin : g_whole
        wire unused = next_valid;
        assign next_alu = opd_alu;
        assign next_mul = opd_mul;
        assign load_a   = opd_valid || !alu_src;
        assign load_m   = opd_valid || !mul_src || mul_bypass;
    end else begin : g_parts
        localparam PART_W = 16 * LANES;
        reg  [127:0] kept_alu, kept_mul;
        wire [127:0] alu = opd_valid ? opd_alu : kept_alu;
        wire [127:0] mul = opd_valid ? opd_mul : kept_mul;

        assign next_alu = alu[PART_W-1:0];
        assign next_mul = mul[PART_W-1:0];
        assign load_a   = 1'b1;
        assign load_m   = 1'b1;
        always @(posedge clk) if (next_valid) begin
            kept_alu <= {alu[PART_W-1:0], alu[127:PART_W]};
            kept_mul <= {mul[PART_W-1:0], mul[127:PART_W]};
        end
    end
endgenerate

// ---------------------------------------------------------------- lanes

genvar i;
generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        wire [31:0] shifted;
        reg  [31:0] a;       // with x
        reg  [15:0] m;       // with x
        reg  [15:0] m_size;  // with y, magnitude
        reg         m_negative;

        sdp_shift_operand u_operand (
            .a      (alu_src ? next_alu[16*i +: 16] : alu_operand),
            .shift  (alu_shift),
            .result (shifted)
        );

        always @(posedge clk) begin
            if (load_a) a <= shifted;
            if (load_m) m <= mul_bypass ? 16'd1 : mul_src ? next_mul[16*i +: 16] : mul_operand;
            m_size     <= m[15] ? 16'd0 - m : m;
            m_negative <= m[15];
        end

        sdp_lane u_lane (
            .clk        (clk),
            .alu_bypass (set_alu_bypass),
            .alu_algo   (set_algo),
            .skip_mul   (set_skip),
            .prelu      (set_prelu),
            .relu       (set_relu),
            .shift      (set_shift),
            .below      (set_below),
            .x          (x[32*i +: 32]),
            .a          (a),
            .m_size     (m_size),
            .m_negative (m_negative),
            .z          (z[32*i +: 32])
        );
    end
endgenerate

endmodule

`default_nettype wire
