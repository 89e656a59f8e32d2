// Two read and two write clients -> mcif -> dla_reset_guard -> memory. With GUARD = 0 the guard is left out: reset_req_n
// resets mcif at once, as it does NV_nvdla. mcif has no quiet time of its own here. It takes answers in every cycle; r_open
// and b_open at 0 make it an accelerator that does not, in reset, too.
`default_nettype none

module reset_guard_tb #(
    parameter GUARD = 1
) (
    input  wire        clk,
    input  wire        por_rst_n,
    input  wire        reset_req_n,
    output wire        dla_rst_n,
    output wire        waiting,
    input  wire        r_open,
    input  wire        b_open,
    input  wire        cdma_dat_rd_req_valid,
    output wire        cdma_dat_rd_req_ready,
    input  wire [31:3] cdma_dat_rd_req_addr,
    output wire        cdma_dat_rd_rsp_valid,
    output wire [63:0] cdma_dat_rd_rsp_data,
    input  wire        sdp_rd_req_valid,
    output wire        sdp_rd_req_ready,
    input  wire [31:3] sdp_rd_req_addr,
    output wire        sdp_rd_rsp_valid,
    output wire [63:0] sdp_rd_rsp_data,
    input  wire        sdp_wr_req_valid,
    output wire        sdp_wr_req_ready,
    input  wire [31:3] sdp_wr_req_addr,
    input  wire [63:0] sdp_wr_req_data,
    input  wire        sdp_wr_req_last,
    output wire        sdp_wr_done,
    input  wire        pdp_wr_req_valid,
    output wire        pdp_wr_req_ready,
    input  wire [31:3] pdp_wr_req_addr,
    input  wire [63:0] pdp_wr_req_data,
    input  wire        pdp_wr_req_last,
    output wire        pdp_wr_done,
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

wire        m_bready, m_rready; // of mcif
wire        d_awvalid, d_awready, d_wvalid, d_wready, d_wlast, d_bvalid, d_bready, d_arvalid, d_arready, d_rvalid,
            d_rready, d_rlast;
wire [3:0]  d_awlen, d_arlen;
wire [7:0]  d_awid, d_wstrb, d_bid, d_arid, d_rid;
wire [31:0] d_awaddr, d_araddr;
wire [63:0] d_wdata, d_rdata;

generate
    if (GUARD != 0) begin : g_guard
        dla_reset_guard #(.HOLD(4), .COUNT_W(9)) u_guard (
            .clk(clk), .por_rst_n(por_rst_n), .reset_req_n(reset_req_n), .dla_reset_rstn(dla_rst_n), .waiting(waiting),
            .dla_awvalid(d_awvalid), .dla_awready(d_awready), .dla_awid(d_awid), .dla_awlen(d_awlen),
            .dla_awaddr(d_awaddr),
            .mem_awvalid(nvdla_core2dbb_aw_awvalid), .mem_awready(nvdla_core2dbb_aw_awready),
            .mem_awid(nvdla_core2dbb_aw_awid),
            .mem_awlen(nvdla_core2dbb_aw_awlen), .mem_awaddr(nvdla_core2dbb_aw_awaddr),
            .dla_wvalid(d_wvalid), .dla_wready(d_wready), .dla_wdata(d_wdata), .dla_wstrb(d_wstrb), .dla_wlast(d_wlast),
            .mem_wvalid(nvdla_core2dbb_w_wvalid), .mem_wready(nvdla_core2dbb_w_wready),
            .mem_wdata(nvdla_core2dbb_w_wdata),
            .mem_wstrb(nvdla_core2dbb_w_wstrb), .mem_wlast(nvdla_core2dbb_w_wlast),
            .dla_bvalid(d_bvalid), .dla_bready(d_bready), .dla_bid(d_bid),
            .mem_bvalid(nvdla_core2dbb_b_bvalid), .mem_bready(nvdla_core2dbb_b_bready), .mem_bid(nvdla_core2dbb_b_bid),
            .dla_arvalid(d_arvalid), .dla_arready(d_arready), .dla_arid(d_arid), .dla_arlen(d_arlen),
            .dla_araddr(d_araddr),
            .mem_arvalid(nvdla_core2dbb_ar_arvalid), .mem_arready(nvdla_core2dbb_ar_arready),
            .mem_arid(nvdla_core2dbb_ar_arid),
            .mem_arlen(nvdla_core2dbb_ar_arlen), .mem_araddr(nvdla_core2dbb_ar_araddr),
            .dla_rvalid(d_rvalid), .dla_rready(d_rready), .dla_rid(d_rid), .dla_rlast(d_rlast), .dla_rdata(d_rdata),
            .mem_rvalid(nvdla_core2dbb_r_rvalid), .mem_rready(nvdla_core2dbb_r_rready), .mem_rid(nvdla_core2dbb_r_rid),
            .mem_rlast(nvdla_core2dbb_r_rlast), .mem_rdata(nvdla_core2dbb_r_rdata)
        );
    end else begin : g_bare
        assign dla_rst_n = reset_req_n && por_rst_n;
        assign waiting   = 1'b0;
        assign {nvdla_core2dbb_aw_awvalid, nvdla_core2dbb_aw_awid, nvdla_core2dbb_aw_awlen, nvdla_core2dbb_aw_awaddr}
            = {d_awvalid, d_awid, d_awlen, d_awaddr};
        assign d_awready
            = nvdla_core2dbb_aw_awready;
        assign {nvdla_core2dbb_w_wvalid, nvdla_core2dbb_w_wdata, nvdla_core2dbb_w_wstrb, nvdla_core2dbb_w_wlast}
            = {d_wvalid, d_wdata, d_wstrb, d_wlast};
        assign d_wready
            = nvdla_core2dbb_w_wready;
        assign nvdla_core2dbb_b_bready
            = d_bready;
        assign {d_bvalid, d_bid}
            = {nvdla_core2dbb_b_bvalid, nvdla_core2dbb_b_bid};
        assign {nvdla_core2dbb_ar_arvalid, nvdla_core2dbb_ar_arid, nvdla_core2dbb_ar_arlen, nvdla_core2dbb_ar_araddr}
            = {d_arvalid, d_arid, d_arlen, d_araddr};
        assign d_arready
            = nvdla_core2dbb_ar_arready;
        assign nvdla_core2dbb_r_rready
            = d_rready;
        assign {d_rvalid, d_rid, d_rlast, d_rdata}
            = {nvdla_core2dbb_r_rvalid, nvdla_core2dbb_r_rid, nvdla_core2dbb_r_rlast, nvdla_core2dbb_r_rdata};
    end
endgenerate

assign d_rready = m_rready && r_open;
assign d_bready = m_bready && b_open;

/* verilator lint_off PINMISSING */ // the answers to clients that ask for nothing
mcif u_mcif (
    .clk(clk), .rst_n(dla_rst_n), .ram_pd(32'd0), .reg_valid(1'b0), .reg_write(1'b0), .reg_addr(10'd0), .reg_wdata(32'd0),
    .cdma_dat_rd_req_valid(cdma_dat_rd_req_valid), .cdma_dat_rd_req_ready(cdma_dat_rd_req_ready),
            .cdma_dat_rd_req_addr(cdma_dat_rd_req_addr),
    .cdma_dat_rd_rsp_valid(cdma_dat_rd_rsp_valid), .cdma_dat_rd_rsp_data(cdma_dat_rd_rsp_data),
    .sdp_rd_req_valid(sdp_rd_req_valid), .sdp_rd_req_ready(sdp_rd_req_ready), .sdp_rd_req_addr(sdp_rd_req_addr),
    .sdp_rd_rsp_valid(sdp_rd_rsp_valid), .sdp_rd_rsp_data(sdp_rd_rsp_data),
    .cdma_wt_rd_req_valid(1'b0), .cdma_wt_rd_req_addr(29'd0),
    .sdp_b_rd_req_valid(1'b0), .sdp_b_rd_req_addr(29'd0),
    .sdp_n_rd_req_valid(1'b0), .sdp_n_rd_req_addr(29'd0),
    .pdp_rd_req_valid(1'b0), .pdp_rd_req_addr(29'd0),
    .cdp_rd_req_valid(1'b0), .cdp_rd_req_addr(29'd0),
    .sdp_wr_req_valid(sdp_wr_req_valid), .sdp_wr_req_ready(sdp_wr_req_ready), .sdp_wr_req_addr(sdp_wr_req_addr),
    .sdp_wr_req_data(sdp_wr_req_data), .sdp_wr_req_last(sdp_wr_req_last), .sdp_wr_done(sdp_wr_done),
    .pdp_wr_req_valid(pdp_wr_req_valid), .pdp_wr_req_ready(pdp_wr_req_ready), .pdp_wr_req_addr(pdp_wr_req_addr),
    .pdp_wr_req_data(pdp_wr_req_data), .pdp_wr_req_last(pdp_wr_req_last), .pdp_wr_done(pdp_wr_done),
    .cdp_wr_req_valid(1'b0), .cdp_wr_req_addr(29'd0), .cdp_wr_req_data(64'd0), .cdp_wr_req_last(1'b0),
    .dbb_awvalid(d_awvalid), .dbb_awready(d_awready), .dbb_awid(d_awid), .dbb_awlen(d_awlen), .dbb_awaddr(d_awaddr),
    .dbb_wvalid(d_wvalid), .dbb_wready(d_wready), .dbb_wdata(d_wdata), .dbb_wstrb(d_wstrb), .dbb_wlast(d_wlast),
    .dbb_bvalid(d_bvalid && b_open), .dbb_bready(m_bready), .dbb_bid(d_bid),
    .dbb_arvalid(d_arvalid), .dbb_arready(d_arready), .dbb_arid(d_arid), .dbb_arlen(d_arlen), .dbb_araddr(d_araddr),
    .dbb_rvalid(d_rvalid && r_open), .dbb_rready(m_rready), .dbb_rid(d_rid), .dbb_rlast(d_rlast), .dbb_rdata(d_rdata)
);
/* verilator lint_on PINMISSING */

endmodule

`default_nettype wire
