// SDP: single-point processor. 8 lanes, one atom a cycle in every mode; with fewer LANES an atom takes 8 / LANES cycles.
//
//     cacc, mrd -> sdp_input -> x -> BS (sdp_stage) -> BN (sdp_stage) -> CVT (sdp_cvt) -> sdp_output -> memory, PDP
//     cycle          0          1    1..3              4..6              7..9                     10
//
// The pipeline never stalls: sdp_input accepts an atom only when its operands are reserved and sdp_output has
// a place for it. Latency 13 cycles from acceptance to the write request. The EW stage does not exist in
// nv_small (its registers are storage). Registers are read live; op_en is low between layers, while the
// pipeline is empty. Spec: sdp.md; system.md sections 5, 6, 10.
`default_nettype none

module sdp #(
    parameter LANES = 8, // elements a cycle: 8, 4, 2 or 1
    parameter LUT_RAMS = 0, // 1: small memories in LUTs, for FPGAs (dla_ram_1r1w)
    parameter CLOCK_GATES = 1 // 1: the clock stops where nothing moves (dla_clock_gate), 0: never
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire [31:0]  ram_pd,
    input  wire         ungated, // 1: no clock stops
    // register bus
    input  wire         reg_clk,   // of the register bus, stops with it
    input  wire         reg_valid,
    input  wire         reg_write,
    input  wire [9:0]   reg_addr,
    input  wire [31:0]  reg_wdata,
    output wire [31:0]  reg_rdata,
    output wire         reg_settling,
    // from cacc: 8 x int32, lane 0 lowest
    input  wire         cacc2sdp_valid,
    output wire         cacc2sdp_ready,
    input  wire [255:0] cacc2sdp_data,
    // from sdp_rdma: input atoms, operands of BS and BN
    input  wire         mrd_valid,
    output wire         mrd_ready,
    input  wire [63:0]  mrd_data,
    input  wire         brd_valid,
    output wire         brd_ready,
    input  wire         brd_per_element,
    input  wire         brd_data_valid,
    input  wire [127:0] brd_alu,
    input  wire [127:0] brd_mul,
    input  wire         nrd_valid,
    output wire         nrd_ready,
    input  wire         nrd_per_element,
    input  wire         nrd_data_valid,
    input  wire [127:0] nrd_alu,
    input  wire [127:0] nrd_mul,
    // to pdp
    output wire         sdp2pdp_valid,
    input  wire         sdp2pdp_ready,
    output wire [63:0]  sdp2pdp_data,
    // memory
    output wire         wr_req_valid,
    input  wire         wr_req_ready,
    output wire [31:3]  wr_req_addr,
    output wire [63:0]  wr_req_data,
    output wire         wr_req_last,
    input  wire         wr_done,
    // interrupt, one pulse a layer in the bit of its group
    output wire [1:0]   sdp_intr
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal sdp_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) begin : g_lanes_illegal sdp_LANES_is_1_2_4_or_8 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal sdp_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- registers
wire        op_en, consumer, done;
wire [12:0] width, height, channel;
wire [31:0] dst_base, dst_line, dst_surface;
wire        bs_bypass, bs_alu_bypass, bs_mul_bypass, bs_prelu, bs_relu_bypass, bs_alu_src, bs_mul_src;
wire        bn_bypass, bn_alu_bypass, bn_mul_bypass, bn_prelu, bn_relu_bypass, bn_alu_src, bn_mul_src;
wire [1:0]  bs_alu_algo, bn_alu_algo;
wire [5:0]  bs_alu_shift, bn_alu_shift;
wire [7:0]  bs_mul_shift, bn_mul_shift;
wire [15:0] bs_alu_operand, bs_mul_operand, bn_alu_operand, bn_mul_operand;
wire        flying, to_pdp, dst_ram_type, perf_dma_en, perf_sat_en;
wire [31:0] cvt_offset;
wire [15:0] cvt_scale;
wire [5:0]  cvt_shift;
wire        nonzero;
wire [31:0] stall;
reg  [31:0] saturated;
wire        unit_clk;  // of all but the registers

sdp_regs u_regs (
    .clk                                    (reg_clk),
    .rst_n                                  (rst_n),
    .ram_pd                                 (ram_pd),
    .reg_valid                              (reg_valid),
    .reg_write                              (reg_write),
    .reg_addr                               (reg_addr),
    .reg_wdata                              (reg_wdata),
    .reg_rdata                              (reg_rdata),
    .op_en                                  (op_en),
    .consumer                               (consumer),
    .settling                               (reg_settling),
    .done                                   (done),
    .cfg_data_cube_width_width              (width),
    .cfg_data_cube_height_height            (height),
    .cfg_data_cube_channel_channel          (channel),
    .cfg_dst_base_addr_low                  (dst_base),
    .cfg_dst_line_stride                    (dst_line),
    .cfg_dst_surface_stride                 (dst_surface),
    .cfg_dp_bs_cfg_bs_bypass                (bs_bypass),
    .cfg_dp_bs_cfg_bs_alu_bypass            (bs_alu_bypass),
    .cfg_dp_bs_cfg_bs_alu_algo              (bs_alu_algo),
    .cfg_dp_bs_cfg_bs_mul_bypass            (bs_mul_bypass),
    .cfg_dp_bs_cfg_bs_mul_prelu             (bs_prelu),
    .cfg_dp_bs_cfg_bs_relu_bypass           (bs_relu_bypass),
    .cfg_dp_bs_alu_cfg_bs_alu_src           (bs_alu_src),
    .cfg_dp_bs_alu_cfg_bs_alu_shift_value   (bs_alu_shift),
    .cfg_dp_bs_alu_src_value_bs_alu_operand (bs_alu_operand),
    .cfg_dp_bs_mul_cfg_bs_mul_src           (bs_mul_src),
    .cfg_dp_bs_mul_cfg_bs_mul_shift_value   (bs_mul_shift),
    .cfg_dp_bs_mul_src_value_bs_mul_operand (bs_mul_operand),
    .cfg_dp_bn_cfg_bn_bypass                (bn_bypass),
    .cfg_dp_bn_cfg_bn_alu_bypass            (bn_alu_bypass),
    .cfg_dp_bn_cfg_bn_alu_algo              (bn_alu_algo),
    .cfg_dp_bn_cfg_bn_mul_bypass            (bn_mul_bypass),
    .cfg_dp_bn_cfg_bn_mul_prelu             (bn_prelu),
    .cfg_dp_bn_cfg_bn_relu_bypass           (bn_relu_bypass),
    .cfg_dp_bn_alu_cfg_bn_alu_src           (bn_alu_src),
    .cfg_dp_bn_alu_cfg_bn_alu_shift_value   (bn_alu_shift),
    .cfg_dp_bn_alu_src_value_bn_alu_operand (bn_alu_operand),
    .cfg_dp_bn_mul_cfg_bn_mul_src           (bn_mul_src),
    .cfg_dp_bn_mul_cfg_bn_mul_shift_value   (bn_mul_shift),
    .cfg_dp_bn_mul_src_value_bn_mul_operand (bn_mul_operand),
    .cfg_feature_mode_cfg_flying_mode       (flying),
    .cfg_feature_mode_cfg_output_dst        (to_pdp),
    .cfg_dst_dma_cfg_dst_ram_type           (dst_ram_type),
    .cfg_cvt_offset                         (cvt_offset),
    .cfg_cvt_scale                          (cvt_scale),
    .cfg_cvt_shift                          (cvt_shift),
    .cfg_perf_enable_perf_dma_en            (perf_dma_en),
    .cfg_perf_enable_perf_sat_en            (perf_sat_en),
    .sts_status_unequal                     (nonzero),
    .sts_perf_wdma_write_stall_wdma_stall   (stall),
    .sts_perf_out_saturation_out_saturation (saturated)
);

// Sub-atom address bits are dropped; the last surface is always whole; 6 bits of the shift are used.
wire unused = &{1'b0, channel[2:0], dst_base[2:0], dst_line[2:0], dst_surface[2:0],
                bs_mul_shift[7:6], bn_mul_shift[7:6]};

// ---------------------------------------------------------------- layer control
reg  running;
wire output_moves, accept;
wire start = op_en && !running;

// ---------------------------------------------------------------- clock
// On at the start of a layer, while atoms are under way and until its last write is acknowledged; not while input is waited for.

wire awake = start || accept || output_moves;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (awake),
    .ungated (ungated),
    .gated   (unit_clk)
);

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n)     running <= 1'b0;
    else if (start) running <= 1'b1;
    else if (done)  running <= 1'b0;
end

// ---------------------------------------------------------------- input
wire                room, next_valid, x_valid, x_last;
wire [32*LANES-1:0] x;
reg  [8:0]          valid, last;  // of the parts after stage 1 to 9; those in x are x_valid, x_last

// A stage has its clock while parts of an atom go through it; it takes its settings at the start of a layer.
wire bs_clk, bn_clk, cvt_clk;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_bs_gate (
    .clk (clk), .enable (start || next_valid || x_valid || |valid[1:0]), .ungated (ungated), .gated (bs_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_bn_gate (
    .clk (clk), .enable (start || |valid[4:1]), .ungated (ungated), .gated (bn_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_cvt_gate (
    .clk (clk), .enable (start || |valid[7:5]), .ungated (ungated), .gated (cvt_clk)
);

sdp_input #(.LANES(LANES)) u_input (
    .clk             (unit_clk),
    .x_clk           (bs_clk),
    .rst_n           (rst_n),
    .start           (start),
    .flying          (flying),
    .width           (width),
    .height          (height),
    .surfaces        (channel[12:3]),
    .bs_from_mem     (!bs_bypass && ((bs_alu_src && !bs_alu_bypass) || (bs_mul_src && !bs_mul_bypass))),
    .bn_from_mem     (!bn_bypass && ((bn_alu_src && !bn_alu_bypass) || (bn_mul_src && !bn_mul_bypass))),
    .room            (room),
    .cacc2sdp_valid  (cacc2sdp_valid),
    .cacc2sdp_ready  (cacc2sdp_ready),
    .cacc2sdp_data   (cacc2sdp_data),
    .mrd_valid       (mrd_valid),
    .mrd_ready       (mrd_ready),
    .mrd_data        (mrd_data),
    .brd_valid       (brd_valid),
    .brd_ready       (brd_ready),
    .brd_per_element (brd_per_element),
    .nrd_valid       (nrd_valid),
    .nrd_ready       (nrd_ready),
    .nrd_per_element (nrd_per_element),
    .accept          (accept),
    .next_valid      (next_valid),
    .x_valid         (x_valid),
    .x_last          (x_last),
    .x               (x)
);

// ---------------------------------------------------------------- arithmetic
wire [32*LANES-1:0] bs_z, bn_z;

sdp_stage #(.LANES(LANES)) u_bs (
    .clk         (bs_clk),
    .bypass      (bs_bypass),
    .alu_bypass  (bs_alu_bypass),
    .alu_algo    (bs_alu_algo),
    .alu_src     (bs_alu_src),
    .alu_shift   (bs_alu_shift),
    .alu_operand (bs_alu_operand),
    .mul_bypass  (bs_mul_bypass),
    .mul_prelu   (bs_prelu),
    .mul_src     (bs_mul_src),
    .mul_shift   (bs_mul_shift[5:0]),
    .mul_operand (bs_mul_operand),
    .relu_bypass (bs_relu_bypass),
    .opd_valid   (brd_data_valid),
    .opd_alu     (brd_alu),
    .opd_mul     (brd_mul),
    .next_valid  (next_valid),
    .x           (x),
    .z           (bs_z)
);

sdp_stage #(.LANES(LANES)) u_bn (
    .clk         (bn_clk),
    .bypass      (bn_bypass),
    .alu_bypass  (bn_alu_bypass),
    .alu_algo    (bn_alu_algo),
    .alu_src     (bn_alu_src),
    .alu_shift   (bn_alu_shift),
    .alu_operand (bn_alu_operand),
    .mul_bypass  (bn_mul_bypass),
    .mul_prelu   (bn_prelu),
    .mul_src     (bn_mul_src),
    .mul_shift   (bn_mul_shift[5:0]),
    .mul_operand (bn_mul_operand),
    .relu_bypass (bn_relu_bypass),
    .opd_valid   (nrd_data_valid),
    .opd_alu     (nrd_alu),
    .opd_mul     (nrd_mul),
    .next_valid  (valid[1]),
    .x           (bs_z),
    .z           (bn_z)
);

wire [8*LANES-1:0] cvt_out;
wire [LANES-1:0]   clipped;
reg  [3:0]         clipped_next, clipped_count;

sdp_cvt #(.LANES(LANES)) u_cvt (
    .clk     (cvt_clk),
    .offset  (cvt_offset),
    .scale   (cvt_scale),
    .shift   (cvt_shift),
    .z       (bn_z),
    .result  (cvt_out),
    .clipped (clipped)
);

// ---------------------------------------------------------------- output
wire        out_valid;
wire [63:0] out_data;

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        valid <= 0;
        last  <= 0;
    end else begin
        valid <= {valid[7:0], x_valid};
        last  <= {last[7:0], x_last};
    end
end

dla_gather #(.WIDTH(64), .PARTS(8 / LANES)) u_gather (
    .clk       (unit_clk),
    .in_valid  (valid[8]),
    .in_last   (last[8]),
    .in_data   (cvt_out),
    .out_valid (out_valid),
    .out_data  (out_data)
);

sdp_output #(.LUT_RAMS(LUT_RAMS)) u_output (
    .clk            (unit_clk),
    .rst_n          (rst_n),
    .ram_pd         (ram_pd),
    .start          (start),
    .consumer       (consumer),
    .to_pdp         (to_pdp),
    .ram_type       (dst_ram_type),
    .base           (dst_base[31:3]),
    .line_stride    (dst_line[31:3]),
    .surface_stride (dst_surface[31:3]),
    .width          (width),
    .height         (height),
    .surfaces       (channel[12:3]),
    .perf_en        (perf_dma_en),
    .done           (done),
    .intr           (sdp_intr),
    .moves          (output_moves),
    .nonzero        (nonzero),
    .stall          (stall),
    .accept         (accept),
    .room           (room),
    .in_valid       (out_valid),
    .in_data        (out_data),
    .sdp2pdp_valid  (sdp2pdp_valid),
    .sdp2pdp_ready  (sdp2pdp_ready),
    .sdp2pdp_data   (sdp2pdp_data),
    .wr_req_valid   (wr_req_valid),
    .wr_req_ready   (wr_req_ready),
    .wr_req_addr    (wr_req_addr),
    .wr_req_data    (wr_req_data),
    .wr_req_last    (wr_req_last),
    .wr_done        (wr_done)
);

// ---------------------------------------------------------------- saturation counter
// Complete before the layer ends: the output buffer takes longer than the two additions.
integer n;

always @* begin
    clipped_next = 4'd0;
    for (n = 0; n < LANES; n = n + 1) clipped_next = clipped_next + {3'd0, clipped[n]};
end

always @(posedge unit_clk) begin
    clipped_count <= (valid[8] && perf_sat_en) ? clipped_next : 4'd0;
    if (start) saturated <= 0;
    else       saturated <= saturated + {28'd0, clipped_count};
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (accept || wr_req_valid && wr_req_ready || wr_done || sdp2pdp_valid) && !awake)
        $error("%m: an atom or an acknowledge while the unit sleeps");
end
`endif

endmodule

`default_nettype wire
