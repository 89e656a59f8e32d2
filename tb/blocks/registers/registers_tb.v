// NV_nvdla between two hosts: its CSB pins, or APB through the bridge (use_apb = 1). The memory pins go outside.
`default_nettype none

module registers_tb (
    input  wire        csb_clk,
    input  wire        core_clk,
    input  wire        rst_n,
    input  wire        direct_rst_n,
    input  wire        test_mode,
    input  wire        clk_ovr_on,
    input  wire        disable_gating,
    input  wire        use_apb,
    // host on the CSB
    input  wire        csb2nvdla_valid,
    output wire        csb2nvdla_ready,
    input  wire [15:0] csb2nvdla_addr,
    input  wire [31:0] csb2nvdla_wdat,
    input  wire        csb2nvdla_write,
    input  wire        csb2nvdla_nposted,
    output wire        nvdla2csb_valid,
    output wire [31:0] nvdla2csb_data,
    output wire        nvdla2csb_wr_complete,
    // host on APB
    input  wire        psel,
    input  wire        penable,
    input  wire        pwrite,
    input  wire [31:0] paddr,
    input  wire [31:0] pwdata,
    output wire [31:0] prdata,
    output wire        pready,
    // the request at the pins of NV_nvdla, from either host
    output wire        pin_valid,
    output wire        pin_ready,
    output wire [15:0] pin_addr,
    output wire [31:0] pin_wdat,
    output wire        pin_write,
    output wire        pin_nposted,
    output wire        dla_intr,
    // memory
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
    input  wire [63:0] nvdla_core2dbb_r_rdata
);

wire        apb_valid, apb_write, apb_nposted;
wire [15:0] apb_addr;
wire [31:0] apb_wdat;

NV_NVDLA_apb2csb u_bridge (
    .pclk(csb_clk), .prstn(rst_n), .psel(psel), .penable(penable), .pwrite(pwrite), .paddr(paddr), .pwdata(pwdata),
    .prdata(prdata), .pready(pready),
    .csb2nvdla_valid(apb_valid), .csb2nvdla_ready(pin_ready && use_apb), .csb2nvdla_addr(apb_addr),
    .csb2nvdla_wdat(apb_wdat), .csb2nvdla_write(apb_write), .csb2nvdla_nposted(apb_nposted),
    .nvdla2csb_valid(nvdla2csb_valid && use_apb), .nvdla2csb_data(nvdla2csb_data)
);

assign pin_valid       = use_apb ? apb_valid : csb2nvdla_valid;
assign pin_addr        = use_apb ? apb_addr : csb2nvdla_addr;
assign pin_wdat        = use_apb ? apb_wdat : csb2nvdla_wdat;
assign pin_write       = use_apb ? apb_write : csb2nvdla_write;
assign pin_nposted     = use_apb ? apb_nposted : csb2nvdla_nposted;
assign csb2nvdla_ready = pin_ready && !use_apb;

NV_nvdla u_dla (
    .dla_core_clk(core_clk), .dla_csb_clk(csb_clk), .global_clk_ovr_on(clk_ovr_on),
    .tmc2slcg_disable_clock_gating(disable_gating),
    .dla_reset_rstn(rst_n), .direct_reset_(direct_rst_n), .test_mode(test_mode),
    .csb2nvdla_valid(pin_valid), .csb2nvdla_ready(pin_ready), .csb2nvdla_addr(pin_addr), .csb2nvdla_wdat(pin_wdat),
    .csb2nvdla_write(pin_write), .csb2nvdla_nposted(pin_nposted), .nvdla2csb_valid(nvdla2csb_valid),
    .nvdla2csb_data(nvdla2csb_data), .nvdla2csb_wr_complete(nvdla2csb_wr_complete),
    .nvdla_core2dbb_aw_awvalid(nvdla_core2dbb_aw_awvalid),
    .nvdla_core2dbb_aw_awready(nvdla_core2dbb_aw_awready),
    .nvdla_core2dbb_aw_awid(nvdla_core2dbb_aw_awid),
    .nvdla_core2dbb_aw_awlen(nvdla_core2dbb_aw_awlen),
    .nvdla_core2dbb_aw_awaddr(nvdla_core2dbb_aw_awaddr),
    .nvdla_core2dbb_w_wvalid(nvdla_core2dbb_w_wvalid),
    .nvdla_core2dbb_w_wready(nvdla_core2dbb_w_wready),
    .nvdla_core2dbb_w_wdata(nvdla_core2dbb_w_wdata),
    .nvdla_core2dbb_w_wstrb(nvdla_core2dbb_w_wstrb),
    .nvdla_core2dbb_w_wlast(nvdla_core2dbb_w_wlast),
    .nvdla_core2dbb_b_bvalid(nvdla_core2dbb_b_bvalid),
    .nvdla_core2dbb_b_bready(nvdla_core2dbb_b_bready),
    .nvdla_core2dbb_b_bid(nvdla_core2dbb_b_bid),
    .nvdla_core2dbb_ar_arvalid(nvdla_core2dbb_ar_arvalid),
    .nvdla_core2dbb_ar_arready(nvdla_core2dbb_ar_arready),
    .nvdla_core2dbb_ar_arid(nvdla_core2dbb_ar_arid),
    .nvdla_core2dbb_ar_arlen(nvdla_core2dbb_ar_arlen),
    .nvdla_core2dbb_ar_araddr(nvdla_core2dbb_ar_araddr),
    .nvdla_core2dbb_r_rvalid(nvdla_core2dbb_r_rvalid),
    .nvdla_core2dbb_r_rready(nvdla_core2dbb_r_rready),
    .nvdla_core2dbb_r_rid(nvdla_core2dbb_r_rid),
    .nvdla_core2dbb_r_rlast(nvdla_core2dbb_r_rlast),
    .nvdla_core2dbb_r_rdata(nvdla_core2dbb_r_rdata),
    .dla_intr(dla_intr),
    .nvdla_pwrbus_ram_c_pd(32'd0), .nvdla_pwrbus_ram_ma_pd(32'd0), .nvdla_pwrbus_ram_mb_pd(32'd0),
    .nvdla_pwrbus_ram_p_pd(32'd0), .nvdla_pwrbus_ram_o_pd(32'd0), .nvdla_pwrbus_ram_a_pd(32'd0)
);

endmodule

`default_nettype wire
