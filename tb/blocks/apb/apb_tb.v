// APB bridge -> csb_master -> GLB and MCIF registers. `csb_busy` keeps the bridge from being served.
//
// APART = 0: NV_NVDLA_apb2csb, everything has prstn. APART = 1: dla_apb2csb, the chip has chip_rstn, prstn is of APB alone.
`default_nettype none

module apb_tb #(
    parameter APART   = 0,
    parameter TIMEOUT = 400
) (
    input  wire        pclk,
    input  wire        clk,
    input  wire        prstn,
    input  wire        psel,
    input  wire        penable,
    input  wire        pwrite,
    input  wire [31:0] paddr,
    input  wire [31:0] pwdata,
    output wire [31:0] prdata,
    output wire        pready,
    output wire        pslverr,
    input  wire [3:0]  pstrb,
    input  wire        por_rst_n,
    input  wire        chip_rstn,
    input  wire        csb_busy,
    // the CSB between bridge and master, for checks
    output wire        csb2nvdla_valid,
    output wire        csb2nvdla_ready,
    output wire [15:0] csb2nvdla_addr,
    output wire [31:0] csb2nvdla_wdat,
    output wire        csb2nvdla_write,
    output wire        csb2nvdla_nposted,
    output wire        nvdla2csb_valid,
    output wire [31:0] nvdla2csb_data,
    output wire        nvdla2csb_wr_complete
);

wire rst_n, csb_rst_n, ready;

dla_reset_sync #(.STAGES(4)) u_core_reset (
    .clk(clk), .rst_in_n(APART != 0 ? chip_rstn : prstn), .test_mode(1'b0), .test_rst_n(1'b0), .rst_n(rst_n)
);

dla_reset_sync u_csb_reset (
    .clk(pclk), .rst_in_n(rst_n), .test_mode(1'b0), .test_rst_n(1'b0), .rst_n(csb_rst_n)
);

assign csb2nvdla_ready = ready && !csb_busy;

generate
    if (APART != 0) begin : g_apart
        dla_apb2csb #(.TIMEOUT(TIMEOUT)) u_bridge (
            .pclk(pclk), .por_rst_n(por_rst_n), .prstn(prstn), .dla_rstn(chip_rstn),
            .test_mode(1'b0), .test_rst_n(1'b1),
            .psel(psel), .penable(penable), .pwrite(pwrite), .paddr(paddr[17:0]), .pwdata(pwdata), .pstrb(pstrb),
            .prdata(prdata), .pready(pready), .pslverr(pslverr),
            .csb2nvdla_valid(csb2nvdla_valid), .csb2nvdla_ready(csb2nvdla_ready), .csb2nvdla_addr(csb2nvdla_addr),
            .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
            .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data),
            .nvdla2csb_wr_complete(nvdla2csb_wr_complete)
        );
    end else begin : g_together
        NV_NVDLA_apb2csb u_bridge (
            .pclk(pclk), .prstn(prstn), .psel(psel), .penable(penable), .pwrite(pwrite), .paddr(paddr), .pwdata(pwdata),
            .prdata(prdata), .pready(pready),
            .csb2nvdla_valid(csb2nvdla_valid), .csb2nvdla_ready(csb2nvdla_ready), .csb2nvdla_addr(csb2nvdla_addr),
            .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
            .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data)
        );
        assign pslverr = 1'b0;
    end
endgenerate

wire [13:0] reg_valid;
wire        reg_write;
wire [9:0]  reg_addr;
wire [31:0] reg_wdata, glb_rdata, mcif_rdata;

csb_master u_csb_master (
    .csb_clk(pclk), .csb_rst_n(csb_rst_n),
    .csb2nvdla_valid(csb2nvdla_valid && !csb_busy), .csb2nvdla_ready(ready), .csb2nvdla_addr(csb2nvdla_addr),
    .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
    .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data),
    .nvdla2csb_wr_complete(nvdla2csb_wr_complete),
    .clk(clk), .rst_n(rst_n), .ungated(1'b0), .reg_clk(), .settling(1'b0), .hold(1'b0),
    .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(glb_rdata | mcif_rdata)
);

/* verilator lint_off PINCONNECTEMPTY */ // only the registers matter here
glb u_glb (
    .clk(clk), .rst_n(rst_n), .reg_valid(reg_valid[1]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(glb_rdata), .sdp_intr(2'd0), .cdp_intr(2'd0), .pdp_intr(2'd0),
    .cdma_dat_intr(2'd0), .cdma_wt_intr(2'd0), .cacc_intr(2'd0), .csb_clk(pclk), .csb_rst_n(csb_rst_n), .dla_intr()
);
/* verilator lint_on PINCONNECTEMPTY */

/* verilator lint_off PINMISSING */ // only the registers matter here
mcif_regs u_mcif_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(32'd0), .reg_valid(reg_valid[2]), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .reg_rdata(mcif_rdata)
);
/* verilator lint_on PINMISSING */

wire unused = |{reg_valid[13:3], reg_valid[0]};

endmodule

`default_nettype wire
