// Made by scripts/generate_checkers.py from rtl/interfaces.toml: do not edit.
//
// Simulation only: a checker for each stream between the units of NV_nvdla (sim_stream_check).
// Macro STREAM_CHECKS: the DUT is this project's, and signals in it are looked at. Else there is nothing here.
`default_nettype none

module sim_streams (
    input wire        up,    // the DUT has been reset: before that nothing in it is known
    input wire [31:0] log,   // file descriptor
    input wire [63:0] cycle
);

`ifdef STREAM_CHECKS
`define DLA sim_top.u_dla

/* verilator lint_off WIDTHTRUNC */ // a payload whose width follows a parameter

sim_stream_check #(
    .NAME("csb"), .SENDER("host"), .RECEIVER("csb_master"),
    .WIDTH(50), .READY(1), .CREDITS(0), .OWED(0)
) u_csb (
    .clk(`DLA.dla_csb_clk), .rst_n(up && `DLA.csb_rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.csb2nvdla_valid), .ready(`DLA.csb2nvdla_ready),
    .payload({`DLA.csb2nvdla_addr, `DLA.csb2nvdla_wdat, `DLA.csb2nvdla_write, `DLA.csb2nvdla_nposted}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("csb_answer"), .SENDER("csb_master"), .RECEIVER("host"),
    .WIDTH(32), .READY(0), .CREDITS(0), .OWED(0)
) u_csb_answer (
    .clk(`DLA.dla_csb_clk), .rst_n(up && `DLA.csb_rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla2csb_valid), .ready(1'b1),
    .payload({`DLA.nvdla2csb_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdma_dat_rd_req"), .SENDER("cdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_cdma_dat_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdma_dat_rd_req_valid), .ready(`DLA.cdma_dat_rd_req_ready),
    .payload({`DLA.cdma_dat_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdma_wt_rd_req"), .SENDER("cdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_cdma_wt_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdma_wt_rd_req_valid), .ready(`DLA.cdma_wt_rd_req_ready),
    .payload({`DLA.cdma_wt_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp_rd_req"), .SENDER("sdp_rdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_sdp_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_rd_req_valid), .ready(`DLA.sdp_rd_req_ready),
    .payload({`DLA.sdp_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp_b_rd_req"), .SENDER("sdp_rdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_sdp_b_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_b_rd_req_valid), .ready(`DLA.sdp_b_rd_req_ready),
    .payload({`DLA.sdp_b_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp_n_rd_req"), .SENDER("sdp_rdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_sdp_n_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_n_rd_req_valid), .ready(`DLA.sdp_n_rd_req_ready),
    .payload({`DLA.sdp_n_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("pdp_rd_req"), .SENDER("pdp_rdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_pdp_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.pdp_rd_req_valid), .ready(`DLA.pdp_rd_req_ready),
    .payload({`DLA.pdp_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdp_rd_req"), .SENDER("cdp_rdma"), .RECEIVER("mcif_read"),
    .WIDTH(29), .READY(1), .CREDITS(0), .OWED(0)
) u_cdp_rd_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdp_rd_req_valid), .ready(`DLA.cdp_rd_req_ready),
    .payload({`DLA.cdp_rd_req_addr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dbb_ar"), .SENDER("mcif_read"), .RECEIVER("memory"),
    .WIDTH(44), .READY(1), .CREDITS(0), .OWED(0)
) u_dbb_ar (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla_core2dbb_ar_arvalid), .ready(`DLA.nvdla_core2dbb_ar_arready),
    .payload({`DLA.nvdla_core2dbb_ar_arid, `DLA.nvdla_core2dbb_ar_arlen, `DLA.nvdla_core2dbb_ar_araddr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dbb_r"), .SENDER("memory"), .RECEIVER("mcif_read"),
    .WIDTH(73), .READY(1), .CREDITS(0), .OWED(0)
) u_dbb_r (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla_core2dbb_r_rvalid), .ready(`DLA.nvdla_core2dbb_r_rready),
    .payload({`DLA.nvdla_core2dbb_r_rid, `DLA.nvdla_core2dbb_r_rlast, `DLA.nvdla_core2dbb_r_rdata}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdma_dat_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("cdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_cdma_dat_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdma_dat_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.cdma_dat_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.cdma_dat_rd_req_valid && `DLA.cdma_dat_rd_req_ready)
);

sim_stream_check #(
    .NAME("cdma_wt_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("cdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_cdma_wt_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdma_wt_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.cdma_wt_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.cdma_wt_rd_req_valid && `DLA.cdma_wt_rd_req_ready)
);

sim_stream_check #(
    .NAME("sdp_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("sdp_rdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_sdp_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.sdp_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.sdp_rd_req_valid && `DLA.sdp_rd_req_ready)
);

sim_stream_check #(
    .NAME("sdp_b_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("sdp_rdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_sdp_b_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_b_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.sdp_b_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.sdp_b_rd_req_valid && `DLA.sdp_b_rd_req_ready)
);

sim_stream_check #(
    .NAME("sdp_n_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("sdp_rdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_sdp_n_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_n_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.sdp_n_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.sdp_n_rd_req_valid && `DLA.sdp_n_rd_req_ready)
);

sim_stream_check #(
    .NAME("pdp_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("pdp_rdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_pdp_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.pdp_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.pdp_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.pdp_rd_req_valid && `DLA.pdp_rd_req_ready)
);

sim_stream_check #(
    .NAME("cdp_rd_rsp"), .SENDER("mcif_read"), .RECEIVER("cdp_rdma"),
    .WIDTH(64), .READY(0), .CREDITS(0), .OWED(1)
) u_cdp_rd_rsp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdp_rd_rsp_valid), .ready(1'b1),
    .payload({`DLA.cdp_rd_rsp_data}),
    .credit(1'b0), .limit(32'd0), .asked(`DLA.cdp_rd_req_valid && `DLA.cdp_rd_req_ready)
);

sim_stream_check #(
    .NAME("cdma2cbuf"), .SENDER("cdma"), .RECEIVER("cbuf"),
    .WIDTH(78), .READY(0), .CREDITS(0), .OWED(0)
) u_cdma2cbuf (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cbuf_wr_valid), .ready(1'b1),
    .payload({`DLA.cbuf_wr_addr, `DLA.cbuf_wr_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dat_entry"), .SENDER("cdma"), .RECEIVER("csc"),
    .WIDTH(1), .READY(0), .CREDITS(0), .OWED(0)
) u_dat_entry (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.dat_entry), .ready(1'b1),
    .payload({`DLA.dat_slice}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("wt_entry"), .SENDER("cdma"), .RECEIVER("csc"),
    .WIDTH(1), .READY(0), .CREDITS(0), .OWED(0)
) u_wt_entry (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.wt_entry), .ready(1'b1),
    .payload(1'b0),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dat_rls"), .SENDER("csc"), .RECEIVER("cdma"),
    .WIDTH(15), .READY(0), .CREDITS(0), .OWED(0)
) u_dat_rls (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.dat_rls_valid), .ready(1'b1),
    .payload({`DLA.dat_rls_entries}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("wt_rls"), .SENDER("csc"), .RECEIVER("cdma"),
    .WIDTH(15), .READY(0), .CREDITS(0), .OWED(0)
) u_wt_rls (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.wt_rls_valid), .ready(1'b1),
    .payload({`DLA.wt_rls_entries}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("csc2cmac_wt"), .SENDER("csc"), .RECEIVER("cmac"),
    .WIDTH(69), .READY(0), .CREDITS(0), .OWED(0)
) u_csc2cmac_wt (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.wt_valid), .ready(1'b1),
    .payload({`DLA.wt_sel, `DLA.wt_pair, `DLA.wt_upper, `DLA.wt_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("csc2cmac_dat"), .SENDER("csc"), .RECEIVER("cmac"),
    .WIDTH(72), .READY(0), .CREDITS(0), .OWED(0)
) u_csc2cmac_dat (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.dat_valid), .ready(1'b1),
    .payload({`DLA.dat_data, `DLA.dat_swap, `DLA.dat_index, `DLA.dat_first, `DLA.dat_last, `DLA.dat_layer_end}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cmac2cacc"), .SENDER("cmac"), .RECEIVER("cacc"),
    .WIDTH(83), .READY(0), .CREDITS(0), .OWED(0)
) u_cmac2cacc (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.mac_valid), .ready(1'b1),
    .payload({`DLA.mac_a_data, `DLA.mac_index, `DLA.mac_first, `DLA.mac_last, `DLA.mac_layer_end}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("csc2cacc"), .SENDER("csc"), .RECEIVER("cacc"),
    .WIDTH(1), .READY(0), .CREDITS(1), .OWED(0)
) u_csc2cacc (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.dat_valid && `DLA.dat_last), .ready(1'b1),
    .payload(1'b0),
    .credit(`DLA.credit), .limit(`DLA.CACC_DEPTH), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cacc2sdp"), .SENDER("cacc"), .RECEIVER("sdp"),
    .WIDTH(256), .READY(1), .CREDITS(0), .OWED(0)
) u_cacc2sdp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cacc2sdp_valid), .ready(`DLA.cacc2sdp_ready),
    .payload({`DLA.cacc2sdp_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("mrd"), .SENDER("sdp_rdma"), .RECEIVER("sdp"),
    .WIDTH(64), .READY(1), .CREDITS(0), .OWED(0)
) u_mrd (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.mrd_valid), .ready(`DLA.mrd_ready),
    .payload({`DLA.mrd_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("brd"), .SENDER("sdp_rdma"), .RECEIVER("sdp"),
    .WIDTH(1), .READY(1), .CREDITS(0), .OWED(0)
) u_brd (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.brd_valid), .ready(`DLA.brd_ready),
    .payload({`DLA.brd_per_element}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("nrd"), .SENDER("sdp_rdma"), .RECEIVER("sdp"),
    .WIDTH(1), .READY(1), .CREDITS(0), .OWED(0)
) u_nrd (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nrd_valid), .ready(`DLA.nrd_ready),
    .payload({`DLA.nrd_per_element}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp2pdp"), .SENDER("sdp"), .RECEIVER("pdp"),
    .WIDTH(64), .READY(1), .CREDITS(0), .OWED(0)
) u_sdp2pdp (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp2pdp_valid), .ready(`DLA.sdp2pdp_ready),
    .payload({`DLA.sdp2pdp_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("pdp_rd"), .SENDER("pdp_rdma"), .RECEIVER("pdp"),
    .WIDTH(64), .READY(1), .CREDITS(0), .OWED(0)
) u_pdp_rd (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.pdp_rd_valid), .ready(`DLA.pdp_rd_ready),
    .payload({`DLA.pdp_rd_data}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdp_rd"), .SENDER("cdp_rdma"), .RECEIVER("cdp"),
    .WIDTH(75), .READY(1), .CREDITS(0), .OWED(0)
) u_cdp_rd (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdp_rd_valid), .ready(`DLA.cdp_rd_ready),
    .payload({`DLA.cdp_rd_data, `DLA.cdp_rd_lanes, `DLA.cdp_rd_pixel_end, `DLA.cdp_rd_line_end, `DLA.cdp_rd_layer_end}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp_wr_req"), .SENDER("sdp"), .RECEIVER("mcif_write"),
    .WIDTH(94), .READY(1), .CREDITS(0), .OWED(0)
) u_sdp_wr_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_wr_req_valid), .ready(`DLA.sdp_wr_req_ready),
    .payload({`DLA.sdp_wr_req_addr, `DLA.sdp_wr_req_data, `DLA.sdp_wr_req_last}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("pdp_wr_req"), .SENDER("pdp"), .RECEIVER("mcif_write"),
    .WIDTH(94), .READY(1), .CREDITS(0), .OWED(0)
) u_pdp_wr_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.pdp_wr_req_valid), .ready(`DLA.pdp_wr_req_ready),
    .payload({`DLA.pdp_wr_req_addr, `DLA.pdp_wr_req_data, `DLA.pdp_wr_req_last}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdp_wr_req"), .SENDER("cdp"), .RECEIVER("mcif_write"),
    .WIDTH(94), .READY(1), .CREDITS(0), .OWED(0)
) u_cdp_wr_req (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdp_wr_req_valid), .ready(`DLA.cdp_wr_req_ready),
    .payload({`DLA.cdp_wr_req_addr, `DLA.cdp_wr_req_data, `DLA.cdp_wr_req_last}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dbb_aw"), .SENDER("mcif_write"), .RECEIVER("memory"),
    .WIDTH(44), .READY(1), .CREDITS(0), .OWED(0)
) u_dbb_aw (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla_core2dbb_aw_awvalid), .ready(`DLA.nvdla_core2dbb_aw_awready),
    .payload({`DLA.nvdla_core2dbb_aw_awid, `DLA.nvdla_core2dbb_aw_awlen, `DLA.nvdla_core2dbb_aw_awaddr}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dbb_w"), .SENDER("mcif_write"), .RECEIVER("memory"),
    .WIDTH(73), .READY(1), .CREDITS(0), .OWED(0)
) u_dbb_w (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla_core2dbb_w_wvalid), .ready(`DLA.nvdla_core2dbb_w_wready),
    .payload({`DLA.nvdla_core2dbb_w_wdata, `DLA.nvdla_core2dbb_w_wstrb, `DLA.nvdla_core2dbb_w_wlast}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("dbb_b"), .SENDER("memory"), .RECEIVER("mcif_write"),
    .WIDTH(8), .READY(1), .CREDITS(0), .OWED(0)
) u_dbb_b (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.nvdla_core2dbb_b_bvalid), .ready(`DLA.nvdla_core2dbb_b_bready),
    .payload({`DLA.nvdla_core2dbb_b_bid}),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("sdp_wr_done"), .SENDER("mcif_write"), .RECEIVER("sdp"),
    .WIDTH(1), .READY(0), .CREDITS(0), .OWED(0)
) u_sdp_wr_done (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.sdp_wr_done), .ready(1'b1),
    .payload(1'b0),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("pdp_wr_done"), .SENDER("mcif_write"), .RECEIVER("pdp"),
    .WIDTH(1), .READY(0), .CREDITS(0), .OWED(0)
) u_pdp_wr_done (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.pdp_wr_done), .ready(1'b1),
    .payload(1'b0),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

sim_stream_check #(
    .NAME("cdp_wr_done"), .SENDER("mcif_write"), .RECEIVER("cdp"),
    .WIDTH(1), .READY(0), .CREDITS(0), .OWED(0)
) u_cdp_wr_done (
    .clk(`DLA.dla_core_clk), .rst_n(up && `DLA.rst_n), .log(log), .cycle(cycle),
    .valid(`DLA.cdp_wr_done), .ready(1'b1),
    .payload(1'b0),
    .credit(1'b0), .limit(32'd0), .asked(1'b0)
);

/* verilator lint_on WIDTHTRUNC */

`undef DLA
`else
wire unused = &{1'b0, up, log, cycle};
`endif

endmodule

`default_nettype wire
