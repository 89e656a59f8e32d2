// The AXI shell around a stand-in for the accelerator (tb/blocks/axi_shell/standin.v). TWO_CLOCKS = 0: m_axi has s_axi_aclk.
`default_nettype none

module axi_shell_tb #(
    parameter TWO_CLOCKS = 1,
    parameter DATA_W     = 64,
    parameter MAX_BEATS  = 16,
    parameter NPOSTED    = 0,
    parameter TIMEOUT    = 3000
) (
    input  wire                      other_clk, // of m_axi with TWO_CLOCKS = 1
    output wire                      m_axi_aclk,
    input  wire                      s_axi_aclk,
    input  wire                      s_axi_aresetn,
    input  wire                      test_mode,
    input  wire                      direct_reset_,
    output wire                      irq,
    output wire                      error_irq,
    input  wire                      s_axi_awvalid,
    output wire                      s_axi_awready,
    input  wire [19:0]               s_axi_awaddr,
    input  wire [2:0]                s_axi_awprot,
    input  wire                      s_axi_wvalid,
    output wire                      s_axi_wready,
    input  wire [31:0]               s_axi_wdata,
    input  wire [3:0]                s_axi_wstrb,
    output wire                      s_axi_bvalid,
    input  wire                      s_axi_bready,
    output wire [1:0]                s_axi_bresp,
    input  wire                      s_axi_arvalid,
    output wire                      s_axi_arready,
    input  wire [19:0]               s_axi_araddr,
    input  wire [2:0]                s_axi_arprot,
    output wire                      s_axi_rvalid,
    input  wire                      s_axi_rready,
    output wire [31:0]               s_axi_rdata,
    output wire [1:0]                s_axi_rresp,
    output wire                      m_axi_awvalid,
    input  wire                      m_axi_awready,
    output wire [3:0]                m_axi_awid,
    output wire [31:0]               m_axi_awaddr,
    output wire [7:0]                m_axi_awlen,
    output wire [2:0]                m_axi_awsize,
    output wire [1:0]                m_axi_awburst,
    output wire                      m_axi_awlock,
    output wire [3:0]                m_axi_awcache,
    output wire [2:0]                m_axi_awprot,
    output wire [3:0]                m_axi_awqos,
    output wire                      m_axi_wvalid,
    input  wire                      m_axi_wready,
    output wire [DATA_W-1:0]         m_axi_wdata,
    output wire [DATA_W/8-1:0]       m_axi_wstrb,
    output wire                      m_axi_wlast,
    input  wire                      m_axi_bvalid,
    output wire                      m_axi_bready,
    input  wire [3:0]                m_axi_bid,
    input  wire [1:0]                m_axi_bresp,
    output wire                      m_axi_arvalid,
    input  wire                      m_axi_arready,
    output wire [3:0]                m_axi_arid,
    output wire [31:0]               m_axi_araddr,
    output wire [7:0]                m_axi_arlen,
    output wire [2:0]                m_axi_arsize,
    output wire [1:0]                m_axi_arburst,
    output wire                      m_axi_arlock,
    output wire [3:0]                m_axi_arcache,
    output wire [2:0]                m_axi_arprot,
    output wire [3:0]                m_axi_arqos,
    input  wire                      m_axi_rvalid,
    output wire                      m_axi_rready,
    input  wire [3:0]                m_axi_rid,
    input  wire [DATA_W-1:0]         m_axi_rdata,
    input  wire [1:0]                m_axi_rresp,
    input  wire                      m_axi_rlast
);

// At power-on an asynchronous reset works without a clock or an edge: in a simulator that begins with random bits the chain of
// resets would be anything until the first edge, and assertions look at that.
initial begin
    u_shell.u_host_reset.u_sync.chain      = 0;
    u_shell.u_guard.dla_reset_rstn         = 0;
    u_shell.u_dla.u_core_reset.u_sync.chain = 0;
    u_shell.u_dla.u_csb_reset.u_sync.chain = 0;
end
generate
    if (TWO_CLOCKS != 0) begin : g_power_on
        initial u_shell.g_reset.u_reset.u_sync.chain = 0;
    end
endgenerate

assign m_axi_aclk = (TWO_CLOCKS != 0) ? other_clk : s_axi_aclk;

cocodla_axi #(
    .TWO_CLOCKS(TWO_CLOCKS), .DATA_W(DATA_W), .MAX_BEATS(MAX_BEATS), .NPOSTED(NPOSTED), .TIMEOUT(TIMEOUT)
) u_shell (
    .m_axi_aclk(m_axi_aclk), .test_mode(test_mode), .direct_reset_(direct_reset_),
    .s_axi_aclk(s_axi_aclk), .s_axi_aresetn(s_axi_aresetn), .irq(irq), .error_irq(error_irq),
    .s_axi_awvalid(s_axi_awvalid), .s_axi_awready(s_axi_awready), .s_axi_awaddr(s_axi_awaddr),
    .s_axi_awprot(s_axi_awprot), .s_axi_wvalid(s_axi_wvalid), .s_axi_wready(s_axi_wready),
    .s_axi_wdata(s_axi_wdata), .s_axi_wstrb(s_axi_wstrb), .s_axi_bvalid(s_axi_bvalid), .s_axi_bready(s_axi_bready),
    .s_axi_bresp(s_axi_bresp), .s_axi_arvalid(s_axi_arvalid), .s_axi_arready(s_axi_arready),
    .s_axi_araddr(s_axi_araddr), .s_axi_arprot(s_axi_arprot), .s_axi_rvalid(s_axi_rvalid),
    .s_axi_rready(s_axi_rready), .s_axi_rdata(s_axi_rdata), .s_axi_rresp(s_axi_rresp),
    .m_axi_awvalid(m_axi_awvalid), .m_axi_awready(m_axi_awready), .m_axi_awid(m_axi_awid),
    .m_axi_awaddr(m_axi_awaddr), .m_axi_awlen(m_axi_awlen), .m_axi_awsize(m_axi_awsize),
    .m_axi_awburst(m_axi_awburst), .m_axi_awlock(m_axi_awlock), .m_axi_awcache(m_axi_awcache),
    .m_axi_awprot(m_axi_awprot), .m_axi_awqos(m_axi_awqos), .m_axi_wvalid(m_axi_wvalid),
    .m_axi_wready(m_axi_wready), .m_axi_wdata(m_axi_wdata), .m_axi_wstrb(m_axi_wstrb), .m_axi_wlast(m_axi_wlast),
    .m_axi_bvalid(m_axi_bvalid), .m_axi_bready(m_axi_bready), .m_axi_bid(m_axi_bid), .m_axi_bresp(m_axi_bresp),
    .m_axi_arvalid(m_axi_arvalid), .m_axi_arready(m_axi_arready), .m_axi_arid(m_axi_arid),
    .m_axi_araddr(m_axi_araddr), .m_axi_arlen(m_axi_arlen), .m_axi_arsize(m_axi_arsize),
    .m_axi_arburst(m_axi_arburst), .m_axi_arlock(m_axi_arlock), .m_axi_arcache(m_axi_arcache),
    .m_axi_arprot(m_axi_arprot), .m_axi_arqos(m_axi_arqos), .m_axi_rvalid(m_axi_rvalid),
    .m_axi_rready(m_axi_rready), .m_axi_rid(m_axi_rid), .m_axi_rdata(m_axi_rdata), .m_axi_rresp(m_axi_rresp),
    .m_axi_rlast(m_axi_rlast)
);

endmodule

`default_nettype wire
