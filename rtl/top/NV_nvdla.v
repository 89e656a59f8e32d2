// nv_small-compatible accelerator: the pins and the wiring of the units, nothing else.
//
//   csb_master -> register bus of all units          mcif <-> DBBIF
//   cdma -> cbuf -> csc -> cmac_a, cmac_b -> cacc -> sdp -> pdp; cdp from memory to memory
//
// Two clocks: dla_csb_clk for the CSB pins and dla_intr, dla_core_clk for everything else; they may be unrelated.
// Spec: system.md sections 2 and 3. Signals between units: docs/architecture.md.
`default_nettype none

module NV_nvdla #(
    parameter SDP_LANES     = 8,   // elements a cycle: 8, 4, 2 or 1; cost of all these: docs/performance.md
    parameter PDP_LANES     = 8,
    parameter CDP_LANES     = 8,
    parameter READ_DEPTH    = 128, // beats in flight of the inputs of SDP, PDP, CDP, a power of two: twice the memory's latency
    parameter OPERAND_DEPTH = 64,  // the same of each operand reader of SDP, at least 16
    parameter ACC_DEPTH     = 16,  // output positions CACC adds up at a time, a power of two, at least 8
    parameter CACC_DEPTH    = 32,  // atoms between CACC and SDP, a power of two, at least 16
    parameter RESET_QUIET   = 512, // core cycles after a reset without an answer before the first request, a power of two: docs/reset.md
    parameter MAC_DSP       = 1,   // 1: the MAC array has 64 multipliers; 0: logic, for FPGAs that are short of them
    parameter LUT_RAMS      = 0,   // 1: memories of streams, up to 32 words, in LUTs, for FPGAs that are short of block RAM
    parameter CLOCK_GATES   = 1    // 1: clocks stop where nothing moves, one gate cell each; 0: never, for FPGAs
) (
    input  wire        dla_core_clk,
    input  wire        dla_csb_clk,
    input  wire        global_clk_ovr_on,
    input  wire        tmc2slcg_disable_clock_gating,
    input  wire        dla_reset_rstn,
    input  wire        direct_reset_,
    input  wire        test_mode,
    input  wire        csb2nvdla_valid,
    output wire        csb2nvdla_ready,
    input  wire [15:0] csb2nvdla_addr,
    input  wire [31:0] csb2nvdla_wdat,
    input  wire        csb2nvdla_write,
    input  wire        csb2nvdla_nposted,
    output wire        nvdla2csb_valid,
    output wire [31:0] nvdla2csb_data,
    output wire        nvdla2csb_wr_complete,
    output wire        nvdla_core2dbb_aw_awvalid,
    input  wire        nvdla_core2dbb_aw_awready,
    output wire [7:0]  nvdla_core2dbb_aw_awid,
    output wire [3:0]  nvdla_core2dbb_aw_awlen,
    output wire [31:0] nvdla_core2dbb_aw_awaddr,
    output wire        nvdla_core2dbb_w_wvalid,
    input  wire        nvdla_core2dbb_w_wready,
    output wire [63:0] nvdla_core2dbb_w_wdata,
    output wire [7:0]  nvdla_core2dbb_w_wstrb,
    output wire        nvdla_core2dbb_w_wlast,
    input  wire        nvdla_core2dbb_b_bvalid,
    output wire        nvdla_core2dbb_b_bready,
    input  wire [7:0]  nvdla_core2dbb_b_bid,
    output wire        nvdla_core2dbb_ar_arvalid,
    input  wire        nvdla_core2dbb_ar_arready,
    output wire [7:0]  nvdla_core2dbb_ar_arid,
    output wire [3:0]  nvdla_core2dbb_ar_arlen,
    output wire [31:0] nvdla_core2dbb_ar_araddr,
    input  wire        nvdla_core2dbb_r_rvalid,
    output wire        nvdla_core2dbb_r_rready,
    input  wire [7:0]  nvdla_core2dbb_r_rid,
    input  wire        nvdla_core2dbb_r_rlast,
    input  wire [63:0] nvdla_core2dbb_r_rdata,
    output wire        dla_intr,
    // test and power pins of the memories, for cells of a memory compiler (docs/memories.md)
    input  wire [31:0] nvdla_pwrbus_ram_c_pd,  // convolution buffer, CDMA, CSC
    input  wire [31:0] nvdla_pwrbus_ram_ma_pd, // CMAC_A
    input  wire [31:0] nvdla_pwrbus_ram_mb_pd, // CMAC_B
    input  wire [31:0] nvdla_pwrbus_ram_p_pd,  // SDP, PDP, CDP and their readers
    input  wire [31:0] nvdla_pwrbus_ram_o_pd,  // the rest: MCIF
    input  wire [31:0] nvdla_pwrbus_ram_a_pd   // CACC
);

// An illegal parameter asks for a module that does not exist: its name is the rule. The units are built with
// a legal value all the same, so that nothing else stands in the way of that message.
localparam LEGAL_SDP_LANES     = (SDP_LANES == 1 || SDP_LANES == 2 || SDP_LANES == 4 || SDP_LANES == 8) ? SDP_LANES : 8;
localparam LEGAL_PDP_LANES     = (PDP_LANES == 1 || PDP_LANES == 2 || PDP_LANES == 4 || PDP_LANES == 8) ? PDP_LANES : 8;
localparam LEGAL_CDP_LANES     = (CDP_LANES == 1 || CDP_LANES == 2 || CDP_LANES == 4 || CDP_LANES == 8) ? CDP_LANES : 8;
localparam LEGAL_READ_DEPTH    = (READ_DEPTH >= 16 && READ_DEPTH <= 1024 && (READ_DEPTH & (READ_DEPTH - 1)) == 0) ? READ_DEPTH : 128;
localparam LEGAL_OPERAND_DEPTH = (OPERAND_DEPTH >= 16 && OPERAND_DEPTH <= 1024 && (OPERAND_DEPTH & (OPERAND_DEPTH - 1)) == 0) ? OPERAND_DEPTH : 64;
localparam LEGAL_ACC_DEPTH     = (ACC_DEPTH >= 8 && ACC_DEPTH <= 512 && (ACC_DEPTH & (ACC_DEPTH - 1)) == 0) ? ACC_DEPTH : 16;
localparam LEGAL_CACC_DEPTH    = (CACC_DEPTH >= 16 && CACC_DEPTH <= 512 && (CACC_DEPTH & (CACC_DEPTH - 1)) == 0) ? CACC_DEPTH : 32;
localparam LEGAL_RESET_QUIET   = (RESET_QUIET >= 16 && RESET_QUIET <= 65536 && (RESET_QUIET & (RESET_QUIET - 1)) == 0) ? RESET_QUIET : 512;
localparam LEGAL_MAC_DSP       = (MAC_DSP == 0) ? 0 : 1;
localparam LEGAL_LUT_RAMS      = (LUT_RAMS == 1) ? 1 : 0;
localparam LEGAL_CLOCK_GATES   = (CLOCK_GATES == 0) ? 0 : 1;
generate
    if (SDP_LANES != LEGAL_SDP_LANES) begin : g_sdp_lanes_illegal NV_nvdla_SDP_LANES_is_1_2_4_or_8 u_illegal (); end
    if (PDP_LANES != LEGAL_PDP_LANES) begin : g_pdp_lanes_illegal NV_nvdla_PDP_LANES_is_1_2_4_or_8 u_illegal (); end
    if (CDP_LANES != LEGAL_CDP_LANES) begin : g_cdp_lanes_illegal NV_nvdla_CDP_LANES_is_1_2_4_or_8 u_illegal (); end
    if (READ_DEPTH != LEGAL_READ_DEPTH)
        begin : g_read_depth_illegal NV_nvdla_READ_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (OPERAND_DEPTH != LEGAL_OPERAND_DEPTH)
        begin : g_operand_depth_illegal NV_nvdla_OPERAND_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (ACC_DEPTH != LEGAL_ACC_DEPTH)
        begin : g_acc_depth_illegal NV_nvdla_ACC_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (CACC_DEPTH != LEGAL_CACC_DEPTH)
        begin : g_cacc_depth_illegal NV_nvdla_CACC_DEPTH_is_a_power_of_two_from_16_to_512 u_illegal (); end
    if (RESET_QUIET != LEGAL_RESET_QUIET)
        begin : g_reset_quiet_illegal NV_nvdla_RESET_QUIET_is_a_power_of_two_from_16_to_65536 u_illegal (); end
    if (MAC_DSP != LEGAL_MAC_DSP) begin : g_mac_dsp_illegal NV_nvdla_MAC_DSP_is_0_or_1 u_illegal (); end
    if (LUT_RAMS != LEGAL_LUT_RAMS) begin : g_lut_rams_illegal NV_nvdla_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (CLOCK_GATES != LEGAL_CLOCK_GATES) begin : g_clock_gates_illegal NV_nvdla_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// Resets: asserted at once, released in step with their clock.
/* verilator lint_off SYNCASYNCNET */ // besides the flip-flops, assertions look at the reset
wire rst_n;
/* verilator lint_on SYNCASYNCNET */
wire csb_rst_n;

// Clock gates open for good.
wire ungated = global_clk_ovr_on || tmc2slcg_disable_clock_gating || test_mode;

dla_reset_sync #(.STAGES(4)) u_core_reset (
    .clk        (dla_core_clk),
    .rst_in_n   (dla_reset_rstn),
    .test_mode  (test_mode),
    .test_rst_n (direct_reset_),
    .rst_n      (rst_n)
);

dla_reset_sync #(.STAGES(2)) u_csb_reset (
    .clk        (dla_csb_clk),
    .rst_in_n   (rst_n),
    .test_mode  (test_mode),
    .test_rst_n (direct_reset_),
    .rst_n      (csb_rst_n)
);

// Signals between units, grouped by the unit that drives them

wire [31:0]  cfgrom_rdata;
wire [31:0]  glb_rdata;
wire [31:0]  mcif_rdata;
wire         cdma_dat_rd_req_ready, cdma_dat_rd_rsp_valid, cdma_wt_rd_req_ready, cdma_wt_rd_rsp_valid,
             sdp_rd_req_ready, sdp_rd_rsp_valid, sdp_b_rd_req_ready, sdp_b_rd_rsp_valid, sdp_n_rd_req_ready,
             sdp_n_rd_rsp_valid, pdp_rd_req_ready, pdp_rd_rsp_valid, cdp_rd_req_ready, cdp_rd_rsp_valid,
             sdp_wr_req_ready, sdp_wr_done, pdp_wr_req_ready, pdp_wr_done, cdp_wr_req_ready, cdp_wr_done;
wire [63:0]  cdma_dat_rd_rsp_data, cdma_wt_rd_rsp_data, sdp_rd_rsp_data, sdp_b_rd_rsp_data, sdp_n_rd_rsp_data,
             pdp_rd_rsp_data, cdp_rd_rsp_data;
wire [31:0]  cdma_rdata;
wire         cdma_dat_rd_req_valid, cdma_wt_rd_req_valid, cbuf_wr_valid, dat_entry, dat_slice, wt_entry, dat_flush,
             wt_flush;
wire [31:3]  cdma_dat_rd_req_addr, cdma_wt_rd_req_addr;
wire [4:0]   last_data_bank;
wire [13:0]  cbuf_wr_addr;
wire [63:0]  cbuf_wr_data;
wire [1:0]   cdma_dat_intr, cdma_wt_intr;
wire [63:0]  dat_rd_data0, dat_rd_data1, wt_rd_data;
wire [31:0]  csc_rdata;
wire         dat_rls_valid, wt_rls_valid, csc_done, wt_rd_en, wt_valid, dat_valid, dat_swap, dat_first,
             dat_last, dat_layer_end;
wire [14:0]  dat_rls_entries, wt_rls_entries;
wire [1:0]   dat_rd_en;
wire [13:0]  dat_rd_addr0, dat_rd_addr1, wt_rd_addr;
wire [2:0]   wt_sel;
wire         wt_pair;
wire         wt_upper;
wire [63:0]  wt_data, dat_data;
wire [$clog2(LEGAL_ACC_DEPTH)-1:0] dat_index;
wire [31:0]  cmac_a_rdata;
wire         mac_valid, mac_first, mac_last, mac_layer_end;
wire [75:0]  mac_a_data;
wire [$clog2(LEGAL_ACC_DEPTH)-1:0] mac_index;
wire [31:0]  cmac_b_rdata;
wire [75:0]  mac_b_data;
wire [31:0]  cacc_rdata;
wire         credit, cacc2sdp_valid;
wire [255:0] cacc2sdp_data;
wire [1:0]   cacc_intr;
wire [31:0]  sdp_rdma_rdata;
wire         sdp_rd_req_valid, sdp_b_rd_req_valid, sdp_n_rd_req_valid, mrd_valid, brd_valid, brd_per_element,
             brd_data_valid, nrd_valid, nrd_per_element, nrd_data_valid;
wire [31:3]  sdp_rd_req_addr, sdp_b_rd_req_addr, sdp_n_rd_req_addr;
wire [63:0]  mrd_data;
wire [127:0] brd_alu, brd_mul, nrd_alu, nrd_mul;
wire [31:0]  sdp_rdata;
wire         cacc2sdp_ready, mrd_ready, brd_ready, nrd_ready, sdp2pdp_valid, sdp_wr_req_valid, sdp_wr_req_last;
wire [63:0]  sdp2pdp_data, sdp_wr_req_data;
wire [31:3]  sdp_wr_req_addr;
wire [1:0]   sdp_intr;
wire [31:0]  pdp_rdma_rdata;
wire         pdp_rd_req_valid, pdp_rd_valid;
wire [31:3]  pdp_rd_req_addr;
wire [63:0]  pdp_rd_data;
wire [31:0]  pdp_rdata;
wire         sdp2pdp_ready, pdp_rd_ready, pdp_wr_req_valid, pdp_wr_req_last;
wire [31:3]  pdp_wr_req_addr;
wire [63:0]  pdp_wr_req_data;
wire [1:0]   pdp_intr;
wire [31:0]  cdp_rdma_rdata;
wire         cdp_rd_req_valid, cdp_rd_valid, cdp_rd_pixel_end, cdp_rd_line_end, cdp_rd_layer_end;
wire [7:0]   cdp_rd_lanes;
wire [31:3]  cdp_rd_req_addr;
wire [63:0]  cdp_rd_data;
wire         hold, cdp_rd_ready, cdp_wr_req_valid, cdp_wr_req_last;
wire [31:0]  cdp_rdata;
wire [31:3]  cdp_wr_req_addr;
wire [63:0]  cdp_wr_req_data;
wire [1:0]   cdp_intr;

// ---------------------------------------------------------------- register bus

wire        reg_clk;
wire [13:0] reg_valid;
wire        reg_write;
wire [9:0]  reg_addr;
wire [31:0] reg_wdata;
wire [31:0] reg_rdata = cfgrom_rdata | glb_rdata | mcif_rdata | cdma_rdata | csc_rdata | cmac_a_rdata | cmac_b_rdata | cacc_rdata
    | sdp_rdma_rdata | sdp_rdata | pdp_rdma_rdata | pdp_rdata | cdp_rdma_rdata | cdp_rdata;

wire cdma_settling, csc_settling, cmac_a_settling, cmac_b_settling, sdp_rdma_settling, sdp_settling,
     pdp_rdma_settling, pdp_settling, cdp_rdma_settling, cdp_settling;
wire settling = cdma_settling || csc_settling || cmac_a_settling || cmac_b_settling || sdp_rdma_settling
    || sdp_settling || pdp_rdma_settling || pdp_settling || cdp_rdma_settling || cdp_settling;

csb_master #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .UNIT_COUNT(14)) u_csb_master (
    .csb_clk               (dla_csb_clk),
    .csb_rst_n             (csb_rst_n),
    .csb2nvdla_valid       (csb2nvdla_valid),
    .csb2nvdla_ready       (csb2nvdla_ready),
    .csb2nvdla_addr        (csb2nvdla_addr),
    .csb2nvdla_wdat        (csb2nvdla_wdat),
    .csb2nvdla_write       (csb2nvdla_write),
    .csb2nvdla_nposted     (csb2nvdla_nposted),
    .nvdla2csb_valid       (nvdla2csb_valid),
    .nvdla2csb_data        (nvdla2csb_data),
    .nvdla2csb_wr_complete (nvdla2csb_wr_complete),
    .clk                   (dla_core_clk),
    .rst_n                 (rst_n),
    .ungated               (ungated),
    .hold                  (hold),
    .reg_clk               (reg_clk),
    .settling              (settling),
    .reg_valid             (reg_valid),
    .reg_write             (reg_write),
    .reg_addr              (reg_addr),
    .reg_wdata             (reg_wdata),
    .reg_rdata             (reg_rdata)
);

// ---------------------------------------------------------------- configuration

cfgrom u_cfgrom (
    .clk       (reg_clk),
    .rst_n     (rst_n),
    .reg_valid (reg_valid[0]),
    .reg_write (reg_write),
    .reg_addr  (reg_addr),
    .reg_rdata (cfgrom_rdata)
);

glb u_glb (
    .clk           (dla_core_clk),
    .rst_n         (rst_n),
    .reg_valid     (reg_valid[1]),
    .reg_write     (reg_write),
    .reg_addr      (reg_addr),
    .reg_wdata     (reg_wdata),
    .reg_rdata     (glb_rdata),
    .sdp_intr      (sdp_intr),
    .cdp_intr      (cdp_intr),
    .pdp_intr      (pdp_intr),
    .cdma_dat_intr (cdma_dat_intr),
    .cdma_wt_intr  (cdma_wt_intr),
    .cacc_intr     (cacc_intr),
    .csb_clk       (dla_csb_clk),
    .csb_rst_n     (csb_rst_n),
    .dla_intr      (dla_intr)
);

// ---------------------------------------------------------------- memory interface

mcif #(.RESET_QUIET(LEGAL_RESET_QUIET)) u_mcif (
    .clk                   (dla_core_clk),
    .rst_n                 (rst_n),
    .ram_pd                (nvdla_pwrbus_ram_o_pd),
    .reg_valid             (reg_valid[2]),
    .reg_write             (reg_write),
    .reg_addr              (reg_addr),
    .reg_wdata             (reg_wdata),
    .reg_rdata             (mcif_rdata),
    .cdma_dat_rd_req_valid (cdma_dat_rd_req_valid),
    .cdma_dat_rd_req_ready (cdma_dat_rd_req_ready),
    .cdma_dat_rd_req_addr  (cdma_dat_rd_req_addr),
    .cdma_dat_rd_rsp_valid (cdma_dat_rd_rsp_valid),
    .cdma_dat_rd_rsp_data  (cdma_dat_rd_rsp_data),
    .cdma_wt_rd_req_valid  (cdma_wt_rd_req_valid),
    .cdma_wt_rd_req_ready  (cdma_wt_rd_req_ready),
    .cdma_wt_rd_req_addr   (cdma_wt_rd_req_addr),
    .cdma_wt_rd_rsp_valid  (cdma_wt_rd_rsp_valid),
    .cdma_wt_rd_rsp_data   (cdma_wt_rd_rsp_data),
    .sdp_rd_req_valid      (sdp_rd_req_valid),
    .sdp_rd_req_ready      (sdp_rd_req_ready),
    .sdp_rd_req_addr       (sdp_rd_req_addr),
    .sdp_rd_rsp_valid      (sdp_rd_rsp_valid),
    .sdp_rd_rsp_data       (sdp_rd_rsp_data),
    .sdp_b_rd_req_valid    (sdp_b_rd_req_valid),
    .sdp_b_rd_req_ready    (sdp_b_rd_req_ready),
    .sdp_b_rd_req_addr     (sdp_b_rd_req_addr),
    .sdp_b_rd_rsp_valid    (sdp_b_rd_rsp_valid),
    .sdp_b_rd_rsp_data     (sdp_b_rd_rsp_data),
    .sdp_n_rd_req_valid    (sdp_n_rd_req_valid),
    .sdp_n_rd_req_ready    (sdp_n_rd_req_ready),
    .sdp_n_rd_req_addr     (sdp_n_rd_req_addr),
    .sdp_n_rd_rsp_valid    (sdp_n_rd_rsp_valid),
    .sdp_n_rd_rsp_data     (sdp_n_rd_rsp_data),
    .pdp_rd_req_valid      (pdp_rd_req_valid),
    .pdp_rd_req_ready      (pdp_rd_req_ready),
    .pdp_rd_req_addr       (pdp_rd_req_addr),
    .pdp_rd_rsp_valid      (pdp_rd_rsp_valid),
    .pdp_rd_rsp_data       (pdp_rd_rsp_data),
    .cdp_rd_req_valid      (cdp_rd_req_valid),
    .cdp_rd_req_ready      (cdp_rd_req_ready),
    .cdp_rd_req_addr       (cdp_rd_req_addr),
    .cdp_rd_rsp_valid      (cdp_rd_rsp_valid),
    .cdp_rd_rsp_data       (cdp_rd_rsp_data),
    .sdp_wr_req_valid      (sdp_wr_req_valid),
    .sdp_wr_req_ready      (sdp_wr_req_ready),
    .sdp_wr_req_addr       (sdp_wr_req_addr),
    .sdp_wr_req_data       (sdp_wr_req_data),
    .sdp_wr_req_last       (sdp_wr_req_last),
    .sdp_wr_done           (sdp_wr_done),
    .pdp_wr_req_valid      (pdp_wr_req_valid),
    .pdp_wr_req_ready      (pdp_wr_req_ready),
    .pdp_wr_req_addr       (pdp_wr_req_addr),
    .pdp_wr_req_data       (pdp_wr_req_data),
    .pdp_wr_req_last       (pdp_wr_req_last),
    .pdp_wr_done           (pdp_wr_done),
    .cdp_wr_req_valid      (cdp_wr_req_valid),
    .cdp_wr_req_ready      (cdp_wr_req_ready),
    .cdp_wr_req_addr       (cdp_wr_req_addr),
    .cdp_wr_req_data       (cdp_wr_req_data),
    .cdp_wr_req_last       (cdp_wr_req_last),
    .cdp_wr_done           (cdp_wr_done),
    .dbb_awvalid           (nvdla_core2dbb_aw_awvalid),
    .dbb_awready           (nvdla_core2dbb_aw_awready),
    .dbb_awid              (nvdla_core2dbb_aw_awid),
    .dbb_awlen             (nvdla_core2dbb_aw_awlen),
    .dbb_awaddr            (nvdla_core2dbb_aw_awaddr),
    .dbb_wvalid            (nvdla_core2dbb_w_wvalid),
    .dbb_wready            (nvdla_core2dbb_w_wready),
    .dbb_wdata             (nvdla_core2dbb_w_wdata),
    .dbb_wstrb             (nvdla_core2dbb_w_wstrb),
    .dbb_wlast             (nvdla_core2dbb_w_wlast),
    .dbb_bvalid            (nvdla_core2dbb_b_bvalid),
    .dbb_bready            (nvdla_core2dbb_b_bready),
    .dbb_bid               (nvdla_core2dbb_b_bid),
    .dbb_arvalid           (nvdla_core2dbb_ar_arvalid),
    .dbb_arready           (nvdla_core2dbb_ar_arready),
    .dbb_arid              (nvdla_core2dbb_ar_arid),
    .dbb_arlen             (nvdla_core2dbb_ar_arlen),
    .dbb_araddr            (nvdla_core2dbb_ar_araddr),
    .dbb_rvalid            (nvdla_core2dbb_r_rvalid),
    .dbb_rready            (nvdla_core2dbb_r_rready),
    .dbb_rid               (nvdla_core2dbb_r_rid),
    .dbb_rlast             (nvdla_core2dbb_r_rlast),
    .dbb_rdata             (nvdla_core2dbb_r_rdata)
);

// ---------------------------------------------------------------- convolution

cdma u_cdma (
    .clk              (dla_core_clk),
    .rst_n            (rst_n),
    .ram_pd           (nvdla_pwrbus_ram_c_pd),
    .reg_clk          (reg_clk),
    .reg_valid        (reg_valid[3]),
    .reg_write        (reg_write),
    .reg_addr         (reg_addr),
    .reg_wdata        (reg_wdata),
    .reg_rdata        (cdma_rdata),
    .reg_settling     (cdma_settling),
    .dat_rd_req_valid (cdma_dat_rd_req_valid),
    .dat_rd_req_ready (cdma_dat_rd_req_ready),
    .dat_rd_req_addr  (cdma_dat_rd_req_addr),
    .dat_rd_rsp_valid (cdma_dat_rd_rsp_valid),
    .dat_rd_rsp_data  (cdma_dat_rd_rsp_data),
    .wt_rd_req_valid  (cdma_wt_rd_req_valid),
    .wt_rd_req_ready  (cdma_wt_rd_req_ready),
    .wt_rd_req_addr   (cdma_wt_rd_req_addr),
    .wt_rd_rsp_valid  (cdma_wt_rd_rsp_valid),
    .wt_rd_rsp_data   (cdma_wt_rd_rsp_data),
    .last_data_bank   (last_data_bank),
    .wr_valid         (cbuf_wr_valid),
    .wr_addr          (cbuf_wr_addr),
    .wr_data          (cbuf_wr_data),
    .dat_entry        (dat_entry),
    .dat_slice        (dat_slice),
    .wt_entry         (wt_entry),
    .dat_flush        (dat_flush),
    .wt_flush         (wt_flush),
    .dat_rls_valid    (dat_rls_valid),
    .dat_rls_entries  (dat_rls_entries),
    .wt_rls_valid     (wt_rls_valid),
    .wt_rls_entries   (wt_rls_entries),
    .csc_done         (csc_done),
    .cdma_dat_intr    (cdma_dat_intr),
    .cdma_wt_intr     (cdma_wt_intr)
);

cbuf u_cbuf (
    .clk            (dla_core_clk),
    .rst_n          (rst_n),
    .ram_pd         (nvdla_pwrbus_ram_c_pd),
    .last_data_bank (last_data_bank),
    .wr_valid       (cbuf_wr_valid),
    .wr_addr        (cbuf_wr_addr),
    .wr_data        (cbuf_wr_data),
    .dat_rd_en      (dat_rd_en),
    .dat_rd_addr0   (dat_rd_addr0),
    .dat_rd_addr1   (dat_rd_addr1),
    .dat_rd_data0   (dat_rd_data0),
    .dat_rd_data1   (dat_rd_data1),
    .wt_rd_en       (wt_rd_en),
    .wt_rd_addr     (wt_rd_addr),
    .wt_rd_data     (wt_rd_data)
);

csc #(.CACC_FIFO_DEPTH(LEGAL_CACC_DEPTH), .ACC_DEPTH(LEGAL_ACC_DEPTH)) u_csc (
    .clk             (dla_core_clk),
    .rst_n           (rst_n),
    .ram_pd          (nvdla_pwrbus_ram_c_pd),
    .reg_clk         (reg_clk),
    .reg_valid       (reg_valid[4]),
    .reg_write       (reg_write),
    .reg_addr        (reg_addr),
    .reg_wdata       (reg_wdata),
    .reg_rdata       (csc_rdata),
    .reg_settling    (csc_settling),
    .dat_entry       (dat_entry),
    .dat_slice       (dat_slice),
    .dat_flush       (dat_flush),
    .wt_entry        (wt_entry),
    .wt_flush        (wt_flush),
    .dat_rls_valid   (dat_rls_valid),
    .dat_rls_entries (dat_rls_entries),
    .wt_rls_valid    (wt_rls_valid),
    .wt_rls_entries  (wt_rls_entries),
    .csc_done        (csc_done),
    .dat_rd_en       (dat_rd_en),
    .dat_rd_addr0    (dat_rd_addr0),
    .dat_rd_addr1    (dat_rd_addr1),
    .dat_rd_data0    (dat_rd_data0),
    .dat_rd_data1    (dat_rd_data1),
    .wt_rd_en        (wt_rd_en),
    .wt_rd_addr      (wt_rd_addr),
    .wt_rd_data      (wt_rd_data),
    .wt_valid        (wt_valid),
    .wt_sel          (wt_sel),
    .wt_pair         (wt_pair),
    .wt_upper        (wt_upper),
    .wt_data         (wt_data),
    .dat_valid       (dat_valid),
    .dat_data        (dat_data),
    .dat_swap        (dat_swap),
    .dat_index       (dat_index),
    .dat_first       (dat_first),
    .dat_last        (dat_last),
    .dat_layer_end   (dat_layer_end),
    .credit          (credit)
);

cmac #(.HALF(0), .DSP(LEGAL_MAC_DSP), .ACC_DEPTH(LEGAL_ACC_DEPTH)) u_cmac_a (
    .clk           (dla_core_clk),
    .rst_n         (rst_n),
    .ram_pd        (nvdla_pwrbus_ram_ma_pd),
    .reg_clk       (reg_clk),
    .reg_valid     (reg_valid[5]),
    .reg_write     (reg_write),
    .reg_addr      (reg_addr),
    .reg_wdata     (reg_wdata),
    .reg_rdata     (cmac_a_rdata),
    .reg_settling  (cmac_a_settling),
    .wt_valid      (wt_valid),
    .wt_sel        (wt_sel),
    .wt_pair       (wt_pair),
    .wt_upper      (wt_upper),
    .wt_data       (wt_data),
    .dat_valid     (dat_valid),
    .dat_data      (dat_data),
    .dat_swap      (dat_swap),
    .dat_index     (dat_index),
    .dat_first     (dat_first),
    .dat_last      (dat_last),
    .dat_layer_end (dat_layer_end),
    .mac_valid     (mac_valid),
    .mac_data      (mac_a_data),
    .mac_index     (mac_index),
    .mac_first     (mac_first),
    .mac_last      (mac_last),
    .mac_layer_end (mac_layer_end)
);

/* verilator lint_off PINCONNECTEMPTY */ // both halves run in step: A tells for both
cmac #(.HALF(1), .DSP(LEGAL_MAC_DSP), .ACC_DEPTH(LEGAL_ACC_DEPTH)) u_cmac_b (
    .clk           (dla_core_clk),
    .rst_n         (rst_n),
    .ram_pd        (nvdla_pwrbus_ram_mb_pd),
    .reg_clk       (reg_clk),
    .reg_valid     (reg_valid[6]),
    .reg_write     (reg_write),
    .reg_addr      (reg_addr),
    .reg_wdata     (reg_wdata),
    .reg_rdata     (cmac_b_rdata),
    .reg_settling  (cmac_b_settling),
    .wt_valid      (wt_valid),
    .wt_sel        (wt_sel),
    .wt_pair       (wt_pair),
    .wt_upper      (wt_upper),
    .wt_data       (wt_data),
    .dat_valid     (dat_valid),
    .dat_data      (dat_data),
    .dat_swap      (dat_swap),
    .dat_index     (dat_index),
    .dat_first     (dat_first),
    .dat_last      (dat_last),
    .dat_layer_end (dat_layer_end),
    .mac_valid     (),
    .mac_data      (mac_b_data),
    .mac_index     (),
    .mac_first     (),
    .mac_last      (),
    .mac_layer_end ()
);
/* verilator lint_on PINCONNECTEMPTY */

cacc #(.LUT_RAMS(LEGAL_LUT_RAMS), .FIFO_DEPTH(LEGAL_CACC_DEPTH), .ACC_DEPTH(LEGAL_ACC_DEPTH)) u_cacc (
    .clk            (dla_core_clk),
    .rst_n          (rst_n),
    .ram_pd         (nvdla_pwrbus_ram_a_pd),
    .reg_valid      (reg_valid[7]),
    .reg_write      (reg_write),
    .reg_addr       (reg_addr),
    .reg_wdata      (reg_wdata),
    .reg_rdata      (cacc_rdata),
    .mac_valid      (mac_valid),
    .mac_a_data     (mac_a_data),
    .mac_b_data     (mac_b_data),
    .mac_index      (mac_index),
    .mac_first      (mac_first),
    .mac_last       (mac_last),
    .mac_layer_end  (mac_layer_end),
    .credit         (credit),
    .cacc2sdp_valid (cacc2sdp_valid),
    .cacc2sdp_ready (cacc2sdp_ready),
    .cacc2sdp_data  (cacc2sdp_data),
    .cacc_intr      (cacc_intr)
);

// ---------------------------------------------------------------- single data point processor

sdp_rdma #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .M_DEPTH(LEGAL_READ_DEPTH), .OPD_DEPTH(LEGAL_OPERAND_DEPTH)) u_sdp_rdma (
    .clk                (dla_core_clk),
    .rst_n              (rst_n),
    .ram_pd             (nvdla_pwrbus_ram_p_pd),
    .ungated            (ungated),
    .reg_clk            (reg_clk),
    .reg_valid          (reg_valid[8]),
    .reg_write          (reg_write),
    .reg_addr           (reg_addr),
    .reg_wdata          (reg_wdata),
    .reg_rdata          (sdp_rdma_rdata),
    .reg_settling       (sdp_rdma_settling),
    .sdp_rd_req_valid   (sdp_rd_req_valid),
    .sdp_rd_req_ready   (sdp_rd_req_ready),
    .sdp_rd_req_addr    (sdp_rd_req_addr),
    .sdp_rd_rsp_valid   (sdp_rd_rsp_valid),
    .sdp_rd_rsp_data    (sdp_rd_rsp_data),
    .sdp_b_rd_req_valid (sdp_b_rd_req_valid),
    .sdp_b_rd_req_ready (sdp_b_rd_req_ready),
    .sdp_b_rd_req_addr  (sdp_b_rd_req_addr),
    .sdp_b_rd_rsp_valid (sdp_b_rd_rsp_valid),
    .sdp_b_rd_rsp_data  (sdp_b_rd_rsp_data),
    .sdp_n_rd_req_valid (sdp_n_rd_req_valid),
    .sdp_n_rd_req_ready (sdp_n_rd_req_ready),
    .sdp_n_rd_req_addr  (sdp_n_rd_req_addr),
    .sdp_n_rd_rsp_valid (sdp_n_rd_rsp_valid),
    .sdp_n_rd_rsp_data  (sdp_n_rd_rsp_data),
    .mrd_valid          (mrd_valid),
    .mrd_ready          (mrd_ready),
    .mrd_data           (mrd_data),
    .brd_valid          (brd_valid),
    .brd_ready          (brd_ready),
    .brd_per_element    (brd_per_element),
    .brd_data_valid     (brd_data_valid),
    .brd_alu            (brd_alu),
    .brd_mul            (brd_mul),
    .nrd_valid          (nrd_valid),
    .nrd_ready          (nrd_ready),
    .nrd_per_element    (nrd_per_element),
    .nrd_data_valid     (nrd_data_valid),
    .nrd_alu            (nrd_alu),
    .nrd_mul            (nrd_mul)
);

sdp #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .LUT_RAMS(LEGAL_LUT_RAMS), .LANES(LEGAL_SDP_LANES)) u_sdp (
    .clk             (dla_core_clk),
    .rst_n           (rst_n),
    .ram_pd          (nvdla_pwrbus_ram_p_pd),
    .ungated         (ungated),
    .reg_clk         (reg_clk),
    .reg_valid       (reg_valid[9]),
    .reg_write       (reg_write),
    .reg_addr        (reg_addr),
    .reg_wdata       (reg_wdata),
    .reg_rdata       (sdp_rdata),
    .reg_settling    (sdp_settling),
    .cacc2sdp_valid  (cacc2sdp_valid),
    .cacc2sdp_ready  (cacc2sdp_ready),
    .cacc2sdp_data   (cacc2sdp_data),
    .mrd_valid       (mrd_valid),
    .mrd_ready       (mrd_ready),
    .mrd_data        (mrd_data),
    .brd_valid       (brd_valid),
    .brd_ready       (brd_ready),
    .brd_per_element (brd_per_element),
    .brd_data_valid  (brd_data_valid),
    .brd_alu         (brd_alu),
    .brd_mul         (brd_mul),
    .nrd_valid       (nrd_valid),
    .nrd_ready       (nrd_ready),
    .nrd_per_element (nrd_per_element),
    .nrd_data_valid  (nrd_data_valid),
    .nrd_alu         (nrd_alu),
    .nrd_mul         (nrd_mul),
    .sdp2pdp_valid   (sdp2pdp_valid),
    .sdp2pdp_ready   (sdp2pdp_ready),
    .sdp2pdp_data    (sdp2pdp_data),
    .wr_req_valid    (sdp_wr_req_valid),
    .wr_req_ready    (sdp_wr_req_ready),
    .wr_req_addr     (sdp_wr_req_addr),
    .wr_req_data     (sdp_wr_req_data),
    .wr_req_last     (sdp_wr_req_last),
    .wr_done         (sdp_wr_done),
    .sdp_intr        (sdp_intr)
);

// ---------------------------------------------------------------- pooling

pdp_rdma #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .BUFFER_DEPTH(LEGAL_READ_DEPTH)) u_pdp_rdma (
    .clk          (dla_core_clk),
    .rst_n        (rst_n),
    .ram_pd       (nvdla_pwrbus_ram_p_pd),
    .ungated      (ungated),
    .reg_clk      (reg_clk),
    .reg_valid    (reg_valid[10]),
    .reg_write    (reg_write),
    .reg_addr     (reg_addr),
    .reg_wdata    (reg_wdata),
    .reg_rdata    (pdp_rdma_rdata),
    .reg_settling (pdp_rdma_settling),
    .rd_req_valid (pdp_rd_req_valid),
    .rd_req_ready (pdp_rd_req_ready),
    .rd_req_addr  (pdp_rd_req_addr),
    .rd_rsp_valid (pdp_rd_rsp_valid),
    .rd_rsp_data  (pdp_rd_rsp_data),
    .rd_valid     (pdp_rd_valid),
    .rd_ready     (pdp_rd_ready),
    .rd_data      (pdp_rd_data)
);

pdp #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .LUT_RAMS(LEGAL_LUT_RAMS), .LANES(LEGAL_PDP_LANES)) u_pdp (
    .clk           (dla_core_clk),
    .rst_n         (rst_n),
    .ram_pd        (nvdla_pwrbus_ram_p_pd),
    .ungated       (ungated),
    .reg_clk       (reg_clk),
    .reg_valid     (reg_valid[11]),
    .reg_write     (reg_write),
    .reg_addr      (reg_addr),
    .reg_wdata     (reg_wdata),
    .reg_rdata     (pdp_rdata),
    .reg_settling  (pdp_settling),
    .sdp2pdp_valid (sdp2pdp_valid),
    .sdp2pdp_ready (sdp2pdp_ready),
    .sdp2pdp_data  (sdp2pdp_data),
    .rd_valid      (pdp_rd_valid),
    .rd_ready      (pdp_rd_ready),
    .rd_data       (pdp_rd_data),
    .wr_req_valid  (pdp_wr_req_valid),
    .wr_req_ready  (pdp_wr_req_ready),
    .wr_req_addr   (pdp_wr_req_addr),
    .wr_req_data   (pdp_wr_req_data),
    .wr_req_last   (pdp_wr_req_last),
    .wr_done       (pdp_wr_done),
    .pdp_intr      (pdp_intr)
);

// ---------------------------------------------------------------- channel processor

cdp_rdma #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .DEPTH(LEGAL_READ_DEPTH)) u_cdp_rdma (
    .clk          (dla_core_clk),
    .rst_n        (rst_n),
    .ram_pd       (nvdla_pwrbus_ram_p_pd),
    .ungated      (ungated),
    .reg_clk      (reg_clk),
    .reg_valid    (reg_valid[12]),
    .reg_write    (reg_write),
    .reg_addr     (reg_addr),
    .reg_wdata    (reg_wdata),
    .reg_rdata    (cdp_rdma_rdata),
    .reg_settling (cdp_rdma_settling),
    .rd_req_valid (cdp_rd_req_valid),
    .rd_req_ready (cdp_rd_req_ready),
    .rd_req_addr  (cdp_rd_req_addr),
    .rd_rsp_valid (cdp_rd_rsp_valid),
    .rd_rsp_data  (cdp_rd_rsp_data),
    .rd_valid     (cdp_rd_valid),
    .rd_ready     (cdp_rd_ready),
    .rd_data      (cdp_rd_data),
    .rd_lanes     (cdp_rd_lanes),
    .rd_pixel_end (cdp_rd_pixel_end),
    .rd_line_end  (cdp_rd_line_end),
    .rd_layer_end (cdp_rd_layer_end)
);

cdp #(.CLOCK_GATES(LEGAL_CLOCK_GATES), .LUT_RAMS(LEGAL_LUT_RAMS), .LANES(LEGAL_CDP_LANES)) u_cdp (
    .clk          (dla_core_clk),
    .rst_n        (rst_n),
    .ram_pd       (nvdla_pwrbus_ram_p_pd),
    .ungated      (ungated),
    .clearing     (hold),
    .reg_clk      (reg_clk),
    .reg_valid    (reg_valid[13]),
    .reg_write    (reg_write),
    .reg_addr     (reg_addr),
    .reg_wdata    (reg_wdata),
    .reg_rdata    (cdp_rdata),
    .reg_settling (cdp_settling),
    .rd_valid     (cdp_rd_valid),
    .rd_ready     (cdp_rd_ready),
    .rd_data      (cdp_rd_data),
    .rd_lanes     (cdp_rd_lanes),
    .rd_pixel_end (cdp_rd_pixel_end),
    .rd_line_end  (cdp_rd_line_end),
    .rd_layer_end (cdp_rd_layer_end),
    .wr_req_valid (cdp_wr_req_valid),
    .wr_req_ready (cdp_wr_req_ready),
    .wr_req_addr  (cdp_wr_req_addr),
    .wr_req_data  (cdp_wr_req_data),
    .wr_req_last  (cdp_wr_req_last),
    .wr_done      (cdp_wr_done),
    .cdp_intr     (cdp_intr)
);

`ifdef DLA_ASSERT
// Each of the three pins lets the clock of the register bus go on, one of those behind a gate: it has an edge each cycle.
reg       reg_edge, reg_edge_before;
reg [2:0] open;

always @(posedge reg_clk or negedge rst_n) begin
    if (!rst_n) reg_edge <= 1'b0;
    else        reg_edge <= !reg_edge;
end

always @(posedge dla_core_clk or negedge rst_n) begin
    if (!rst_n) begin
        open            <= 3'd0;
        reg_edge_before <= 1'b0;
    end else begin
        open            <= {open[1:0], global_clk_ovr_on || tmc2slcg_disable_clock_gating || test_mode};
        reg_edge_before <= reg_edge;
        if (open == 3'b111 && reg_edge == reg_edge_before) $error("NV_nvdla: a clock stands still that is held open");
    end
end
`endif

endmodule

`default_nettype wire
