// dla_axil2csb before a stand-in for CSB and the registers of the shell, which Python plays.
`default_nettype none

module axil2csb_tb #(
    parameter TIMEOUT = 200,
    parameter NPOSTED = 1
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        dla_rstn,
    output wire        csb_rst_n, // as the accelerator's CSB is reset by it, however short
    output wire        error,
    output wire        nposted, // NPOSTED, for the test
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [19:0] s_axi_awaddr,
    input  wire [2:0]  s_axi_awprot,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    input  wire [31:0] s_axi_wdata,
    input  wire [3:0]  s_axi_wstrb,
    output wire        s_axi_bvalid,
    input  wire        s_axi_bready,
    output wire [1:0]  s_axi_bresp,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    input  wire [19:0] s_axi_araddr,
    input  wire [2:0]  s_axi_arprot,
    output wire        s_axi_rvalid,
    input  wire        s_axi_rready,
    output wire [31:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,
    output wire        csb2nvdla_valid,
    input  wire        csb2nvdla_ready,
    output wire [15:0] csb2nvdla_addr,
    output wire [31:0] csb2nvdla_wdat,
    output wire        csb2nvdla_write,
    output wire        csb2nvdla_nposted,
    input  wire        nvdla2csb_valid,
    input  wire [31:0] nvdla2csb_data,
    input  wire        nvdla2csb_wr_complete,
    output wire        reg_valid,
    input  wire        reg_ready,
    output wire        reg_write,
    output wire [9:0]  reg_addr,
    output wire [31:0] reg_wdata,
    input  wire        reg_rsp_valid,
    input  wire [31:0] reg_rsp_data
);

dla_reset_sync #(.STAGES(3)) u_csb_reset (
    .clk(clk), .rst_in_n(dla_rstn), .test_mode(1'b0), .test_rst_n(1'b0), .rst_n(csb_rst_n)
);

assign nposted = NPOSTED != 0;

dla_axil2csb #(.TIMEOUT(TIMEOUT), .NPOSTED(NPOSTED)) u_bridge (
    .clk(clk), .rst_n(rst_n), .dla_rstn(dla_rstn), .test_mode(1'b0), .test_rst_n(1'b1), .error(error),
    .s_axi_awvalid(s_axi_awvalid), .s_axi_awready(s_axi_awready), .s_axi_awaddr(s_axi_awaddr), .s_axi_awprot(s_axi_awprot),
    .s_axi_wvalid(s_axi_wvalid), .s_axi_wready(s_axi_wready), .s_axi_wdata(s_axi_wdata), .s_axi_wstrb(s_axi_wstrb),
    .s_axi_bvalid(s_axi_bvalid), .s_axi_bready(s_axi_bready), .s_axi_bresp(s_axi_bresp),
    .s_axi_arvalid(s_axi_arvalid), .s_axi_arready(s_axi_arready), .s_axi_araddr(s_axi_araddr), .s_axi_arprot(s_axi_arprot),
    .s_axi_rvalid(s_axi_rvalid), .s_axi_rready(s_axi_rready), .s_axi_rdata(s_axi_rdata), .s_axi_rresp(s_axi_rresp),
    .csb2nvdla_valid(csb2nvdla_valid), .csb2nvdla_ready(csb2nvdla_ready), .csb2nvdla_addr(csb2nvdla_addr),
    .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
    .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data), .nvdla2csb_wr_complete(nvdla2csb_wr_complete),
    .reg_valid(reg_valid), .reg_ready(reg_ready), .reg_write(reg_write), .reg_addr(reg_addr), .reg_wdata(reg_wdata),
    .reg_rsp_valid(reg_rsp_valid), .reg_rsp_data(reg_rsp_data)
);

endmodule

`default_nettype wire
