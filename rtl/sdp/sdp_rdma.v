// SDP_RDMA: reads the input cube and the operands of SDP from memory.
//
//     M: dla_cube_fetch    -> mrd (one atom a pixel)          when FLYING_MODE = 0
//     B: sdp_rdma_operand  -> brd (operands of the BS stage)  when BRDMA_DISABLE = 0
//     N: sdp_rdma_operand  -> nrd (operands of the BN stage)  when NRDMA_DISABLE = 0
//
// A layer is done for this unit when its last request has been accepted, so that the fetch of the next layer
// hides behind the data still on their way. Behind a convolution it stays open until sdp has taken all
// operands: that is long after the fetch, and register logs of other people's drivers see it in S_POINTER.
// Throughput: one beat a cycle in each engine as long as the memory latency is below the depth of its buffer.
// Spec: sdp.md sections 2.1, 4, 5; system.md sections 5, 9, 10.
`default_nettype none

module sdp_rdma #(
    parameter M_DEPTH   = 128, // beats of the latency buffer of the input cube, a power of two
    parameter OPD_DEPTH = 64,  // the same for each operand engine
    parameter N_LATENCY = 3,    // cycles from reservation to operands for BN; fixed by the pipeline of sdp
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
    // memory: input cube
    output wire         sdp_rd_req_valid,
    input  wire         sdp_rd_req_ready,
    output wire [31:3]  sdp_rd_req_addr,
    input  wire         sdp_rd_rsp_valid,
    input  wire [63:0]  sdp_rd_rsp_data,
    // memory: BS operands
    output wire         sdp_b_rd_req_valid,
    input  wire         sdp_b_rd_req_ready,
    output wire [31:3]  sdp_b_rd_req_addr,
    input  wire         sdp_b_rd_rsp_valid,
    input  wire [63:0]  sdp_b_rd_rsp_data,
    // memory: BN operands
    output wire         sdp_n_rd_req_valid,
    input  wire         sdp_n_rd_req_ready,
    output wire [31:3]  sdp_n_rd_req_addr,
    input  wire         sdp_n_rd_rsp_valid,
    input  wire [63:0]  sdp_n_rd_rsp_data,
    // to sdp: input atoms
    output wire         mrd_valid,
    input  wire         mrd_ready,
    output wire [63:0]  mrd_data,
    // to sdp: BS operands, data in the cycle of the reservation
    output wire         brd_valid,
    input  wire         brd_ready,
    output wire         brd_per_element,
    output wire         brd_data_valid,
    output wire [127:0] brd_alu,
    output wire [127:0] brd_mul,
    // to sdp: BN operands, data N_LATENCY cycles after the reservation
    output wire         nrd_valid,
    input  wire         nrd_ready,
    output wire         nrd_per_element,
    output wire         nrd_data_valid,
    output wire [127:0] nrd_alu,
    output wire [127:0] nrd_mul
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (M_DEPTH < 16 || M_DEPTH > 1024 || (M_DEPTH & (M_DEPTH - 1)) != 0)
        begin : g_m_depth_illegal sdp_rdma_M_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (OPD_DEPTH < 16 || OPD_DEPTH > 1024 || (OPD_DEPTH & (OPD_DEPTH - 1)) != 0)
        begin : g_opd_depth_illegal sdp_rdma_OPD_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (N_LATENCY != 3) begin : g_n_latency_illegal sdp_rdma_N_LATENCY_is_3 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal sdp_rdma_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- registers
wire        op_en;
wire        done;
wire [12:0] width, height, channel;
wire [31:0] m_base, m_line, m_surface;
wire [31:0] b_base, b_line, b_surface;
wire [31:0] n_base, n_line, n_surface;
wire        b_disable, b_size, b_mode, b_ram;
wire        n_disable, n_size, n_mode, n_ram;
wire [1:0]  b_use, n_use;
wire        flying, m_ram, perf_en;
wire        unused_consumer;
reg  [31:0] m_stall, b_stall, n_stall;
wire        unit_clk, main_clk, bs_clk, bn_clk;

sdp_rdma_regs u_regs (
    .clk                                     (reg_clk),
    .rst_n                                   (rst_n),
    .ram_pd                                  (ram_pd),
    .reg_valid                               (reg_valid),
    .reg_write                               (reg_write),
    .reg_addr                                (reg_addr),
    .reg_wdata                               (reg_wdata),
    .reg_rdata                               (reg_rdata),
    .op_en                                   (op_en),
    .consumer                                (unused_consumer),
    .settling                                (reg_settling),
    .done                                    (done),
    .cfg_data_cube_width_width               (width),
    .cfg_data_cube_height_height             (height),
    .cfg_data_cube_channel_channel           (channel),
    .cfg_src_base_addr_low                   (m_base),
    .cfg_src_line_stride                     (m_line),
    .cfg_src_surface_stride                  (m_surface),
    .cfg_brdma_cfg_brdma_disable             (b_disable),
    .cfg_brdma_cfg_brdma_data_use            (b_use),
    .cfg_brdma_cfg_brdma_data_size           (b_size),
    .cfg_brdma_cfg_brdma_data_mode           (b_mode),
    .cfg_brdma_cfg_brdma_ram_type            (b_ram),
    .cfg_bs_base_addr_low                    (b_base),
    .cfg_bs_line_stride                      (b_line),
    .cfg_bs_surface_stride                   (b_surface),
    .cfg_nrdma_cfg_nrdma_disable             (n_disable),
    .cfg_nrdma_cfg_nrdma_data_use            (n_use),
    .cfg_nrdma_cfg_nrdma_data_size           (n_size),
    .cfg_nrdma_cfg_nrdma_data_mode           (n_mode),
    .cfg_nrdma_cfg_nrdma_ram_type            (n_ram),
    .cfg_bn_base_addr_low                    (n_base),
    .cfg_bn_line_stride                      (n_line),
    .cfg_bn_surface_stride                   (n_surface),
    .cfg_feature_mode_cfg_flying_mode        (flying),
    .cfg_src_dma_cfg_src_ram_type            (m_ram),
    .cfg_perf_enable_perf_dma_en             (perf_en),
    .sts_perf_mrdma_read_stall_mrdma_stall   (m_stall),
    .sts_perf_brdma_read_stall_brdma_stall   (b_stall),
    .sts_perf_nrdma_read_stall_nrdma_stall   (n_stall)
);

// Sub-atom address bits are dropped, the last surface is always whole; which of the two kinds a single operand is
// does not matter here (it is offered as both).
wire unused = &{1'b0, channel[2:0], m_base[2:0], m_line[2:0], m_surface[2:0], b_base[2:0], b_line[2:0],
                b_surface[2:0], n_base[2:0], n_line[2:0], n_surface[2:0], b_use[0], n_use[0]};

// ---------------------------------------------------------------- layer control
localparam M_CNT_W = $clog2(M_DEPTH) + 1;

reg  running;
wire [M_CNT_W-1:0] m_used;
wire b_free, n_free, b_moves, n_moves;
wire start = op_en && !running && b_free && n_free;
wire m_fetching, b_busy, n_busy;
wire m_start = start && !flying;
wire b_start = start && !b_disable;
wire n_start = start && !n_disable;

// ---------------------------------------------------------------- clock
// Each reader has its own: on from the start of a layer until its beats are taken.

wire m_awake = start || m_fetching || m_used != 0;
wire b_awake = start || b_moves;
wire n_awake = start || n_moves;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_unit_gate (
    .clk (clk), .enable (start || running), .ungated (ungated), .gated (unit_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_main_gate (
    .clk (clk), .enable (m_awake), .ungated (ungated), .gated (main_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_bs_gate (
    .clk (clk), .enable (b_awake), .ungated (ungated), .gated (bs_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_bn_gate (
    .clk (clk), .enable (n_awake), .ungated (ungated), .gated (bn_clk)
);

assign done = running && !m_fetching && !b_busy && !n_busy;

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n)     running <= 1'b0;
    else if (start) running <= 1'b1;
    else if (done)  running <= 1'b0;
end

wire packed_cube = (width == 0) && (height == 0);  // 1x1: atoms are contiguous, strides ignored

dla_cube_fetch #(.DEPTH(M_DEPTH), .SIZE0_W(13), .SIZE1_W(13), .SIZE2_W(10)) u_main (
    .clk          (main_clk),
    .rst_n        (rst_n),
    .ram_pd       (ram_pd),
    .start        (m_start),
    .allow        (m_ram),
    .busy         (m_fetching),
    .base         (m_base[31:3]),
    .stride0      (29'd1),
    .stride1      (m_line[31:3]),
    .stride2      (packed_cube ? 29'd1 : m_surface[31:3]),
    .size0        (width),
    .size1        (height),
    .size2        (channel[12:3]),
    .rd_req_valid (sdp_rd_req_valid),
    .rd_req_ready (sdp_rd_req_ready),
    .rd_req_addr  (sdp_rd_req_addr),
    .rd_rsp_valid (sdp_rd_rsp_valid),
    .rd_rsp_data  (sdp_rd_rsp_data),
    .out_valid    (mrd_valid),
    .out_ready    (mrd_ready),
    .out_data     (mrd_data),
    .used         (m_used)
);

sdp_rdma_operand #(.DEPTH(OPD_DEPTH), .LATENCY(0)) u_bs (
    .clk             (bs_clk),
    .rst_n           (rst_n),
    .ram_pd          (ram_pd),
    .start           (b_start),
    .busy            (b_busy),
    .free            (b_free),
    .moves           (b_moves),
    .hold            (flying),
    .ram_type        (b_ram),
    .both            (b_use[1]),
    .data_size       (b_size),
    .data_mode       (b_mode),
    .base            (b_base[31:3]),
    .line_stride     (b_line[31:3]),
    .surface_stride  (b_surface[31:3]),
    .width           (width),
    .height          (height),
    .surfaces        (channel[12:3]),
    .rd_req_valid    (sdp_b_rd_req_valid),
    .rd_req_ready    (sdp_b_rd_req_ready),
    .rd_req_addr     (sdp_b_rd_req_addr),
    .rd_rsp_valid    (sdp_b_rd_rsp_valid),
    .rd_rsp_data     (sdp_b_rd_rsp_data),
    .opd_valid       (brd_valid),
    .opd_ready       (brd_ready),
    .opd_per_element (brd_per_element),
    .opd_data_valid  (brd_data_valid),
    .opd_alu         (brd_alu),
    .opd_mul         (brd_mul)
);

sdp_rdma_operand #(.DEPTH(OPD_DEPTH), .LATENCY(N_LATENCY)) u_bn (
    .clk             (bn_clk),
    .rst_n           (rst_n),
    .ram_pd          (ram_pd),
    .start           (n_start),
    .busy            (n_busy),
    .free            (n_free),
    .moves           (n_moves),
    .hold            (flying),
    .ram_type        (n_ram),
    .both            (n_use[1]),
    .data_size       (n_size),
    .data_mode       (n_mode),
    .base            (n_base[31:3]),
    .line_stride     (n_line[31:3]),
    .surface_stride  (n_surface[31:3]),
    .width           (width),
    .height          (height),
    .surfaces        (channel[12:3]),
    .rd_req_valid    (sdp_n_rd_req_valid),
    .rd_req_ready    (sdp_n_rd_req_ready),
    .rd_req_addr     (sdp_n_rd_req_addr),
    .rd_rsp_valid    (sdp_n_rd_rsp_valid),
    .rd_rsp_data     (sdp_n_rd_rsp_data),
    .opd_valid       (nrd_valid),
    .opd_ready       (nrd_ready),
    .opd_per_element (nrd_per_element),
    .opd_data_valid  (nrd_data_valid),
    .opd_alu         (nrd_alu),
    .opd_mul         (nrd_mul)
);

// ---------------------------------------------------------------- stall counters, per layer
always @(posedge unit_clk) begin
    if (start) begin
        m_stall <= 0;
        b_stall <= 0;
        n_stall <= 0;
    end else if (perf_en) begin
        if (sdp_rd_req_valid && !sdp_rd_req_ready)     m_stall <= m_stall + 1'b1;
        if (sdp_b_rd_req_valid && !sdp_b_rd_req_ready) b_stall <= b_stall + 1'b1;
        if (sdp_n_rd_req_valid && !sdp_n_rd_req_ready) n_stall <= n_stall + 1'b1;
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (sdp_rd_rsp_valid && !m_awake || sdp_b_rd_rsp_valid && !b_awake || sdp_n_rd_rsp_valid && !n_awake))
        $error("%m: a beat while its reader sleeps");
end
`endif

`ifdef FORMAL_SDP_RDMA
`include "sdp_rdma.vh"
`endif

endmodule

`default_nettype wire
