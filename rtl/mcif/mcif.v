// Memory interface: seven read clients and three write clients share the 64-bit memory bus (DBBIF).
//
// Every request is one beat of 8 bytes; arbitration is beat by beat, weighted round robin, separate for
// reads and writes. Latency: one cycle from a request to the bus, one from R to the response, one from the
// B of the last beat to `wr_done`. Throughput: one read and one write beat a cycle. Answers to requests from before
// a reset are dropped (mcif_quiet).
// Spec: system.md sections 7 and 8; client ports: docs/architecture.md.
`default_nettype none

module mcif #(
    parameter RESET_QUIET = 0 // cycles without an answer after a reset before the first request
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    // read clients
    input  wire        cdma_dat_rd_req_valid,
    output wire        cdma_dat_rd_req_ready,
    input  wire [31:3] cdma_dat_rd_req_addr,
    output wire        cdma_dat_rd_rsp_valid,
    output wire [63:0] cdma_dat_rd_rsp_data,
    input  wire        cdma_wt_rd_req_valid,
    output wire        cdma_wt_rd_req_ready,
    input  wire [31:3] cdma_wt_rd_req_addr,
    output wire        cdma_wt_rd_rsp_valid,
    output wire [63:0] cdma_wt_rd_rsp_data,
    input  wire        sdp_rd_req_valid,
    output wire        sdp_rd_req_ready,
    input  wire [31:3] sdp_rd_req_addr,
    output wire        sdp_rd_rsp_valid,
    output wire [63:0] sdp_rd_rsp_data,
    input  wire        sdp_b_rd_req_valid,
    output wire        sdp_b_rd_req_ready,
    input  wire [31:3] sdp_b_rd_req_addr,
    output wire        sdp_b_rd_rsp_valid,
    output wire [63:0] sdp_b_rd_rsp_data,
    input  wire        sdp_n_rd_req_valid,
    output wire        sdp_n_rd_req_ready,
    input  wire [31:3] sdp_n_rd_req_addr,
    output wire        sdp_n_rd_rsp_valid,
    output wire [63:0] sdp_n_rd_rsp_data,
    input  wire        pdp_rd_req_valid,
    output wire        pdp_rd_req_ready,
    input  wire [31:3] pdp_rd_req_addr,
    output wire        pdp_rd_rsp_valid,
    output wire [63:0] pdp_rd_rsp_data,
    input  wire        cdp_rd_req_valid,
    output wire        cdp_rd_req_ready,
    input  wire [31:3] cdp_rd_req_addr,
    output wire        cdp_rd_rsp_valid,
    output wire [63:0] cdp_rd_rsp_data,
    // write clients
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
    input  wire        cdp_wr_req_valid,
    output wire        cdp_wr_req_ready,
    input  wire [31:3] cdp_wr_req_addr,
    input  wire [63:0] cdp_wr_req_data,
    input  wire        cdp_wr_req_last,
    output wire        cdp_wr_done,
    // memory bus
    output wire        dbb_awvalid,
    input  wire        dbb_awready,
    output wire [7:0]  dbb_awid,
    output wire [3:0]  dbb_awlen,
    output wire [31:0] dbb_awaddr,
    output wire        dbb_wvalid,
    input  wire        dbb_wready,
    output wire [63:0] dbb_wdata,
    output wire [7:0]  dbb_wstrb,
    output wire        dbb_wlast,
    input  wire        dbb_bvalid,
    output wire        dbb_bready,
    input  wire [7:0]  dbb_bid,
    output wire        dbb_arvalid,
    input  wire        dbb_arready,
    output wire [7:0]  dbb_arid,
    output wire [3:0]  dbb_arlen,
    output wire [31:0] dbb_araddr,
    input  wire        dbb_rvalid,
    output wire        dbb_rready,
    input  wire [7:0]  dbb_rid,
    input  wire        dbb_rlast,
    input  wire [63:0] dbb_rdata
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (RESET_QUIET < 0 || RESET_QUIET > 65536) begin : g_reset_quiet_illegal mcif_RESET_QUIET_is_0_to_65536 u_illegal (); end
endgenerate

// Bus ids, the same for reads and writes of a unit.
localparam [3:0] ID_SDP = 4'd1, ID_PDP = 4'd2, ID_CDP = 4'd3, ID_SDP_B = 4'd5, ID_SDP_N = 4'd6;
localparam [3:0] ID_CDMA_DAT = 4'd8, ID_CDMA_WT = 4'd9;

wire [7:0] rd_os_cnt, wr_os_cnt;
wire [7:0] rw_cdma_dat, rw_cdma_wt, rw_sdp, rw_sdp_b, rw_sdp_n, rw_pdp, rw_cdp; // read weights
wire [7:0] ww_sdp, ww_pdp, ww_cdp;                                              // write weights

mcif_regs u_regs (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .reg_valid (reg_valid),
    .reg_write (reg_write),
    .reg_addr  (reg_addr),
    .reg_wdata (reg_wdata),
    .reg_rdata (reg_rdata),
    .cfg_cfg_rd_weight_0_rd_weight_sdp      (rw_sdp),
    .cfg_cfg_rd_weight_0_rd_weight_pdp      (rw_pdp),
    .cfg_cfg_rd_weight_0_rd_weight_cdp      (rw_cdp),
    .cfg_cfg_rd_weight_1_rd_weight_sdp_b    (rw_sdp_b),
    .cfg_cfg_rd_weight_1_rd_weight_sdp_n    (rw_sdp_n),
    .cfg_cfg_rd_weight_1_rd_weight_cdma_dat (rw_cdma_dat),
    .cfg_cfg_rd_weight_2_rd_weight_cdma_wt  (rw_cdma_wt),
    .cfg_cfg_wr_weight_0_wr_weight_sdp      (ww_sdp),
    .cfg_cfg_wr_weight_0_wr_weight_pdp      (ww_pdp),
    .cfg_cfg_wr_weight_0_wr_weight_cdp      (ww_cdp),
    .cfg_cfg_outstanding_cnt_rd_os_cnt      (rd_os_cnt),
    .cfg_cfg_outstanding_cnt_wr_os_cnt      (wr_os_cnt)
);

wire open, rd_stray, wr_stray;

mcif_quiet #(.QUIET(RESET_QUIET)) u_quiet (
    .clk      (clk),
    .rst_n    (rst_n),
    .rd_stray (rd_stray),
    .wr_stray (wr_stray),
    .open     (open)
);

wire [63:0] rsp_data;
assign cdma_dat_rd_rsp_data = rsp_data;
assign cdma_wt_rd_rsp_data  = rsp_data;
assign sdp_rd_rsp_data      = rsp_data;
assign sdp_b_rd_rsp_data    = rsp_data;
assign sdp_n_rd_rsp_data    = rsp_data;
assign pdp_rd_rsp_data      = rsp_data;
assign cdp_rd_rsp_data      = rsp_data;

// The circular order of section 7, client 0 rightmost.
mcif_read #(.N(7)) u_read (
    .clk       (clk),
    .rst_n     (rst_n),
    .open      (open),
    .stray     (rd_stray),
    .weight    ({rw_cdp, rw_pdp, rw_sdp_n, rw_sdp_b, rw_sdp, rw_cdma_wt, rw_cdma_dat}),
    .limit     (rd_os_cnt),
    .id        ({ID_CDP, ID_PDP, ID_SDP_N, ID_SDP_B, ID_SDP, ID_CDMA_WT, ID_CDMA_DAT}),
    .req_valid ({cdp_rd_req_valid, pdp_rd_req_valid, sdp_n_rd_req_valid, sdp_b_rd_req_valid,
                 sdp_rd_req_valid, cdma_wt_rd_req_valid, cdma_dat_rd_req_valid}),
    .req_ready ({cdp_rd_req_ready, pdp_rd_req_ready, sdp_n_rd_req_ready, sdp_b_rd_req_ready,
                 sdp_rd_req_ready, cdma_wt_rd_req_ready, cdma_dat_rd_req_ready}),
    .req_addr  ({cdp_rd_req_addr, pdp_rd_req_addr, sdp_n_rd_req_addr, sdp_b_rd_req_addr,
                 sdp_rd_req_addr, cdma_wt_rd_req_addr, cdma_dat_rd_req_addr}),
    .rsp_valid ({cdp_rd_rsp_valid, pdp_rd_rsp_valid, sdp_n_rd_rsp_valid, sdp_b_rd_rsp_valid,
                 sdp_rd_rsp_valid, cdma_wt_rd_rsp_valid, cdma_dat_rd_rsp_valid}),
    .rsp_data  (rsp_data),
    .arvalid   (dbb_arvalid),
    .arready   (dbb_arready),
    .arid      (dbb_arid[3:0]),
    .araddr    (dbb_araddr[31:3]),
    .rvalid    (dbb_rvalid),
    .rid       (dbb_rid[3:0]),
    .rdata     (dbb_rdata)
);

mcif_write #(.N(3)) u_write (
    .clk       (clk),
    .rst_n     (rst_n),
    .open      (open),
    .stray     (wr_stray),
    .weight    ({ww_cdp, ww_pdp, ww_sdp}),
    .limit     (wr_os_cnt),
    .id        ({ID_CDP[2:0], ID_PDP[2:0], ID_SDP[2:0]}),
    .req_valid ({cdp_wr_req_valid, pdp_wr_req_valid, sdp_wr_req_valid}),
    .req_ready ({cdp_wr_req_ready, pdp_wr_req_ready, sdp_wr_req_ready}),
    .req_addr  ({cdp_wr_req_addr, pdp_wr_req_addr, sdp_wr_req_addr}),
    .req_data  ({cdp_wr_req_data, pdp_wr_req_data, sdp_wr_req_data}),
    .req_last  ({cdp_wr_req_last, pdp_wr_req_last, sdp_wr_req_last}),
    .done      ({cdp_wr_done, pdp_wr_done, sdp_wr_done}),
    .awvalid   (dbb_awvalid),
    .awready   (dbb_awready),
    .awid      (dbb_awid[2:0]),
    .awaddr    (dbb_awaddr[31:3]),
    .wvalid    (dbb_wvalid),
    .wready    (dbb_wready),
    .wdata     (dbb_wdata),
    .bvalid    (dbb_bvalid),
    .bid       (dbb_bid[2:0])
);

assign dbb_arid[7:4]   = 4'd0;
assign dbb_arlen       = 4'd0;
assign dbb_araddr[2:0] = 3'd0;
assign dbb_rready      = 1'b1;
assign dbb_awid[7:3]   = 5'd0;
assign dbb_awlen       = 4'd0;
assign dbb_awaddr[2:0] = 3'd0;
assign dbb_wstrb       = 8'hff;
assign dbb_wlast       = 1'b1;
assign dbb_bready      = 1'b1;

/* verilator lint_off UNUSEDSIGNAL */ // bits of the bus the specification says are not looked at
wire unused = &{1'b0, dbb_rid[7:4], dbb_rlast, dbb_bid[7:3]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
