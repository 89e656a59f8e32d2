// Simulation only: the AXI shell (rtl/soc/cocodla_axi.v) behind the pins of NV_nvdla, so that all that runs the bare chip runs it, too.
//
//   CSB pins --> one AXI4-Lite access at a time --> cocodla_axi --> AXI4 bursts --> single beats --> DBB pins
//
// Both ends cost no cycle that is not AXI's own: a burst of n beats becomes one beat a cycle, the next may follow at once. Only in
// builds with SIM_AXI (make lenet SHELL=axi). Errors end the run: $error.
`default_nettype none
`ifdef SIM_AXI

module sim_axi_dut (
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
    input  wire [31:0] nvdla_pwrbus_ram_c_pd,
    input  wire [31:0] nvdla_pwrbus_ram_ma_pd,
    input  wire [31:0] nvdla_pwrbus_ram_mb_pd,
    input  wire [31:0] nvdla_pwrbus_ram_p_pd,
    input  wire [31:0] nvdla_pwrbus_ram_o_pd,
    input  wire [31:0] nvdla_pwrbus_ram_a_pd
);

// ---------------------------------------------------------------- CSB to AXI4-Lite

reg         busy, aw_waits, w_waits, ar_waits;
reg  [15:0] addr;
reg  [31:0] wdata;
wire        awready, wready, arready, bvalid, rvalid;
wire [1:0]  bresp, rresp;
wire        take = csb2nvdla_valid && csb2nvdla_ready;

assign csb2nvdla_ready       = dla_reset_rstn && !busy;
assign nvdla2csb_valid       = rvalid;
assign nvdla2csb_wr_complete = 1'b0; // the player asks for none

always @(posedge dla_csb_clk or negedge dla_reset_rstn) begin
    if (!dla_reset_rstn) {busy, aw_waits, w_waits, ar_waits} <= 4'd0;
    else begin
        if (take) {busy, aw_waits, w_waits, ar_waits} <= {1'b1, csb2nvdla_write, csb2nvdla_write, !csb2nvdla_write};
        if (aw_waits && awready) aw_waits <= 1'b0;
        if (w_waits && wready)   w_waits <= 1'b0;
        if (ar_waits && arready) ar_waits <= 1'b0;
        if (bvalid || rvalid)    busy <= 1'b0;
        if (bvalid && bresp != 2'd0 || rvalid && rresp != 2'd0) $error("an access of %h ends with an error", {addr, 2'd0});
    end
end

always @(posedge dla_csb_clk) begin
    if (take) {addr, wdata} <= {csb2nvdla_addr, csb2nvdla_wdat};
end

// ---------------------------------------------------------------- AXI4 to DBB

wire        m_awvalid, m_awready, m_wvalid, m_wready, m_bvalid, m_bready, m_arvalid, m_arready, m_rlast, error_irq;
wire [3:0]  m_awid, m_arid;
wire [31:0] m_awaddr, m_araddr;
wire [7:0]  m_awlen, m_arlen;
reg  [7:0]  ar_beat, aw_beat;
reg  [7:0]  lengths [0:16*256-1];      // of the bursts of each id, a ring
reg  [7:0]  asked [0:15], answered [0:15];
reg  [7:0]  given [0:15];              // responses of the oldest burst of each id
integer     i;

assign nvdla_core2dbb_ar_arvalid = m_arvalid;
assign nvdla_core2dbb_ar_arid    = {4'd0, m_arid};
assign nvdla_core2dbb_ar_arlen   = 4'd0;
assign nvdla_core2dbb_ar_araddr  = m_araddr + {21'd0, ar_beat, 3'd0};
assign m_arready                 = nvdla_core2dbb_ar_arready && ar_beat == m_arlen;
assign nvdla_core2dbb_aw_awvalid = m_awvalid;
assign nvdla_core2dbb_aw_awid    = {4'd0, m_awid};
assign nvdla_core2dbb_aw_awlen   = 4'd0;
assign nvdla_core2dbb_aw_awaddr  = m_awaddr + {21'd0, aw_beat, 3'd0};
assign m_awready                 = nvdla_core2dbb_aw_awready && aw_beat == m_awlen;
assign nvdla_core2dbb_w_wvalid   = m_wvalid;
assign nvdla_core2dbb_w_wlast    = 1'b1;
assign m_wready                  = nvdla_core2dbb_w_wready;

wire [3:0] b = nvdla_core2dbb_b_bid[3:0];
wire       b_last = given[b] == lengths[{b, answered[b]}];
wire       b_take = nvdla_core2dbb_b_bvalid && nvdla_core2dbb_b_bready;
assign m_bvalid = nvdla_core2dbb_b_bvalid && b_last;
assign nvdla_core2dbb_b_bready = !b_last || m_bready;

always @(posedge dla_core_clk or negedge dla_reset_rstn) begin
    if (!dla_reset_rstn) begin
        ar_beat <= 8'd0;
        aw_beat <= 8'd0;
        for (i = 0; i < 16; i = i + 1) begin
            asked[i]    <= 8'd0;
            answered[i] <= 8'd0;
            given[i]    <= 8'd0;
        end
    end else begin
        if (m_arvalid && nvdla_core2dbb_ar_arready) ar_beat <= m_arready ? 8'd0 : ar_beat + 8'd1;
        if (m_awvalid && nvdla_core2dbb_aw_awready) begin
            aw_beat <= m_awready ? 8'd0 : aw_beat + 8'd1;
            if (aw_beat == 8'd0) begin
                lengths[{m_awid, asked[m_awid]}] <= m_awlen;
                asked[m_awid] <= asked[m_awid] + 8'd1;
            end
        end
        if (b_take) begin
            given[b] <= b_last ? 8'd0 : given[b] + 8'd1;
            if (b_last) answered[b] <= answered[b] + 8'd1;
        end
        if (error_irq) $error("the shell tells of an error");
    end
end

/* verilator lint_off PINCONNECTEMPTY */ // single beats of a memory that answers with OKAY
cocodla_axi `SIM_AXI u_shell (
    .s_axi_aclk(dla_csb_clk), .s_axi_aresetn(dla_reset_rstn), .m_axi_aclk(dla_core_clk),
    .test_mode(1'b0), .direct_reset_(1'b1), .irq(dla_intr), .error_irq(error_irq),
    .s_axi_awvalid(aw_waits), .s_axi_awready(awready), .s_axi_awaddr({2'd0, addr, 2'd0}), .s_axi_awprot(3'd0),
    .s_axi_wvalid(w_waits), .s_axi_wready(wready), .s_axi_wdata(wdata), .s_axi_wstrb(4'hf),
    .s_axi_bvalid(bvalid), .s_axi_bready(1'b1), .s_axi_bresp(bresp),
    .s_axi_arvalid(ar_waits), .s_axi_arready(arready), .s_axi_araddr({2'd0, addr, 2'd0}), .s_axi_arprot(3'd0),
    .s_axi_rvalid(rvalid), .s_axi_rready(1'b1), .s_axi_rdata(nvdla2csb_data), .s_axi_rresp(rresp),
    .m_axi_awvalid(m_awvalid), .m_axi_awready(m_awready), .m_axi_awid(m_awid), .m_axi_awaddr(m_awaddr), .m_axi_awlen(m_awlen),
    .m_axi_awsize(), .m_axi_awburst(), .m_axi_awlock(), .m_axi_awcache(), .m_axi_awprot(), .m_axi_awqos(),
    .m_axi_wvalid(m_wvalid), .m_axi_wready(m_wready), .m_axi_wdata(nvdla_core2dbb_w_wdata),
    .m_axi_wstrb(nvdla_core2dbb_w_wstrb), .m_axi_wlast(),
    .m_axi_bvalid(m_bvalid), .m_axi_bready(m_bready), .m_axi_bid(b), .m_axi_bresp(2'd0),
    .m_axi_arvalid(m_arvalid), .m_axi_arready(m_arready), .m_axi_arid(m_arid), .m_axi_araddr(m_araddr), .m_axi_arlen(m_arlen),
    .m_axi_arsize(), .m_axi_arburst(), .m_axi_arlock(), .m_axi_arcache(), .m_axi_arprot(), .m_axi_arqos(),
    .m_axi_rvalid(nvdla_core2dbb_r_rvalid), .m_axi_rready(nvdla_core2dbb_r_rready), .m_axi_rid(nvdla_core2dbb_r_rid[3:0]),
    .m_axi_rdata(nvdla_core2dbb_r_rdata), .m_axi_rresp(2'd0), .m_axi_rlast(1'b1) // of no matter with 64 bits
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`endif
`default_nettype wire
