// All register files behind csb_master, each with its own consumer pulses, in two clock domains.
//
// done[u]: pulse to unit u. status: 20 words, one for each counter a datapath would bring, in order of the map.
`default_nettype none

module csb_tb (
    input  wire         csb_clk,
    input  wire         clk,
    input  wire         dla_reset_rstn,
    input  wire         csb2nvdla_valid,
    output wire         csb2nvdla_ready,
    input  wire [15:0]  csb2nvdla_addr,
    input  wire [31:0]  csb2nvdla_wdat,
    input  wire         csb2nvdla_write,
    input  wire         csb2nvdla_nposted,
    output wire         nvdla2csb_valid,
    output wire [31:0]  nvdla2csb_data,
    output wire         nvdla2csb_wr_complete,
    input  wire [13:0]  done,
    output wire [13:0]  op_en,
    output wire [13:0]  consumer,
    input  wire [639:0] status,
    input  wire [11:0]  intr,
    output wire         dla_intr,
    output wire [13:0]  strobe
);

wire rst_n, csb_rst_n;

dla_reset_sync #(.STAGES(4)) u_core_reset (
    .clk(clk), .rst_in_n(dla_reset_rstn), .test_mode(1'b0), .test_rst_n(1'b0), .rst_n(rst_n)
);

dla_reset_sync u_csb_reset (
    .clk(csb_clk), .rst_in_n(rst_n), .test_mode(1'b0), .test_rst_n(1'b0), .rst_n(csb_rst_n)
);

wire [13:0] reg_valid;
wire [13:3] settling;
wire        reg_clk, reg_write, clearing;
wire [9:0]  reg_addr;
wire [31:0] reg_wdata;
wire [31:0] rdata_cfgrom, rdata_glb, rdata_mcif, rdata_cdma, rdata_csc, rdata_cmac_a, rdata_cmac_b;
wire [31:0] rdata_cacc, rdata_sdp_rdma, rdata_sdp, rdata_pdp_rdma, rdata_pdp, rdata_cdp_rdma, rdata_cdp;

assign strobe = reg_valid;

csb_master u_csb_master (
    .csb_clk(csb_clk), .csb_rst_n(csb_rst_n),
    .csb2nvdla_valid(csb2nvdla_valid), .csb2nvdla_ready(csb2nvdla_ready), .csb2nvdla_addr(csb2nvdla_addr),
    .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
    .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data),
    .nvdla2csb_wr_complete(nvdla2csb_wr_complete),
    .clk(clk), .rst_n(rst_n), .ungated(1'b0), .reg_clk(reg_clk), .settling(|settling),
    .hold(clearing), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata),
    .reg_rdata(rdata_cfgrom | rdata_glb | rdata_mcif | rdata_cdma | rdata_csc | rdata_cmac_a
        | rdata_cmac_b | rdata_cacc | rdata_sdp_rdma | rdata_sdp
        | rdata_pdp_rdma | rdata_pdp | rdata_cdp_rdma | rdata_cdp)
);

cfgrom u_cfgrom (
    .clk(reg_clk), .rst_n(rst_n), .reg_valid(reg_valid[0]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_rdata(rdata_cfgrom)
);

glb u_glb (
    .clk(clk), .rst_n(rst_n), .reg_valid(reg_valid[1]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_glb),
    .sdp_intr(intr[1:0]), .cdp_intr(intr[3:2]), .pdp_intr(intr[5:4]), .cdma_dat_intr(intr[7:6]),
    .cdma_wt_intr(intr[9:8]), .cacc_intr(intr[11:10]),
    .csb_clk(csb_clk), .csb_rst_n(csb_rst_n), .dla_intr(dla_intr)
);

wire        lut_cfg_write, lut_data_write, lut_data_read, lut_table, lut_writing;
wire [9:0]  lut_addr;
wire [15:0] lut_data;
wire        table_wr_en, table_rd_en;
wire [8:0]  table_wr_addr, table_rd_addr;
wire [15:0] table_wr_data, table_rd_data;

cdp_lut_access u_lut_access (
    .clk(clk), .rst_n(rst_n), .clearing(clearing), .accessed(),
    .reg_wdata(reg_wdata), .write_lut_access_cfg(lut_cfg_write),
    .write_lut_access_data(lut_data_write), .read_lut_access_data(lut_data_read), .cfg_table(lut_table),
    .cfg_writing(lut_writing), .lut_addr(lut_addr), .lut_data(lut_data), .table_wr_en(table_wr_en),
    .table_wr_addr(table_wr_addr), .table_wr_data(table_wr_data), .table_rd_en(table_rd_en),
    .table_rd_addr(table_rd_addr), .table_rd_data(table_rd_data)
);

dla_ram_1r1w #(.WIDTH(16), .DEPTH(512)) u_tables (
    .clk(clk), .ram_pd(32'd0), .wr_en(table_wr_en), .wr_addr(table_wr_addr), .wr_data(table_wr_data), .rd_en(table_rd_en),
    .rd_addr(table_rd_addr), .rd_data(table_rd_data)
);

assign {op_en[2:0], consumer[2:0]} = 6'd0; // CFGROM, GLB and MCIF have no groups

/* verilator lint_off PINMISSING */ // the tests look at the cfg_ outputs inside the register files
mcif_regs u_mcif (
    .clk(clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[2]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_mcif)
);

cdma_regs u_cdma (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[3]), .settling(settling[3]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cdma), .op_en(op_en[3]), .consumer(consumer[3]), .done(done[3]),
    .sts_cbuf_flush_status_flush_done(status[0 +: 1]), .sts_perf_dat_read_stall_dat_rd_stall(status[32 +: 32]),
    .sts_perf_wt_read_stall_wt_rd_stall(status[64 +: 32]),
    .sts_perf_dat_read_latency_dat_rd_latency(status[96 +: 32])
);

csc_regs u_csc (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[4]), .settling(settling[4]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_csc), .op_en(op_en[4]), .consumer(consumer[4]), .done(done[4])
);

cmac_regs u_cmac_a (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[5]), .settling(settling[5]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cmac_a), .op_en(op_en[5]), .consumer(consumer[5]), .done(done[5])
);

cmac_regs u_cmac_b (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[6]), .settling(settling[6]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cmac_b), .op_en(op_en[6]), .consumer(consumer[6]), .done(done[6])
);

cacc_regs u_cacc (
    .clk(clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[7]), .settling(settling[7]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cacc), .op_en(op_en[7]), .consumer(consumer[7]), .done(done[7]),
    .sts_out_saturation_sat_count(status[128 +: 32])
);

sdp_rdma_regs u_sdp_rdma (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[8]), .settling(settling[8]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_sdp_rdma), .op_en(op_en[8]), .consumer(consumer[8]), .done(done[8]),
    .sts_perf_mrdma_read_stall_mrdma_stall(status[160 +: 32]),
    .sts_perf_brdma_read_stall_brdma_stall(status[192 +: 32]),
    .sts_perf_nrdma_read_stall_nrdma_stall(status[224 +: 32])
);

sdp_regs u_sdp (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[9]), .settling(settling[9]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_sdp), .op_en(op_en[9]), .consumer(consumer[9]), .done(done[9]),
    .sts_status_unequal(status[256 +: 1]), .sts_perf_wdma_write_stall_wdma_stall(status[288 +: 32]),
    .sts_perf_out_saturation_out_saturation(status[320 +: 32])
);

pdp_rdma_regs u_pdp_rdma (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[10]), .settling(settling[10]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_pdp_rdma), .op_en(op_en[10]), .consumer(consumer[10]),
    .done(done[10]), .sts_perf_read_stall(status[352 +: 32])
);

pdp_regs u_pdp (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[11]), .settling(settling[11]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_pdp), .op_en(op_en[11]), .consumer(consumer[11]), .done(done[11]),
    .sts_perf_write_stall(status[384 +: 32])
);

cdp_rdma_regs u_cdp_rdma (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[12]), .settling(settling[12]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cdp_rdma), .op_en(op_en[12]), .consumer(consumer[12]),
    .done(done[12]), .sts_perf_read_stall(status[416 +: 32])
);

cdp_regs u_cdp (
    .clk(reg_clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[13]), .settling(settling[13]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(rdata_cdp), .op_en(op_en[13]), .consumer(consumer[13]), .done(done[13]),
    .sts_perf_write_stall(status[448 +: 32]), .sts_perf_lut_uflow(status[480 +: 32]),
    .sts_perf_lut_oflow(status[512 +: 32]), .sts_perf_lut_hybrid(status[544 +: 32]),
    .sts_perf_lut_le_hit(status[576 +: 32]), .sts_perf_lut_lo_hit(status[608 +: 32]),
    .write_lut_access_cfg(lut_cfg_write), .write_lut_access_data(lut_data_write),
    .read_lut_access_data(lut_data_read), .sts_lut_access_cfg_lut_addr(lut_addr),
    .sts_lut_access_data_lut_data(lut_data), .cfg_lut_access_cfg_lut_table_id(lut_table),
    .cfg_lut_access_cfg_lut_access_type(lut_writing)
);
/* verilator lint_on PINMISSING */

wire unused = |done[2:0];

endmodule

`default_nettype wire
