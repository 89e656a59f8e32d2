// The accelerator for a system on a chip with AXI: registers on AXI4-Lite, memory on AXI4, two interrupts.
//
//   s_axi (AXI4-Lite) --> dla_axil2csb --> CSB --> NV_nvdla --> DBB --> dla_reset_guard --> dla_dbb2axi --> m_axi (AXI4)
//                               +--> dla_shell_regs --> reset of the accelerator, window, errors
//
// s_axi has s_axi_aclk, m_axi and the accelerator m_axi_aclk; TWO_CLOCKS = 0: both pins are one net. s_axi_aresetn is the
// reset of the whole, for both clocks (asynchronous, released in here in step with each); the memory is to be reset with it. The accelerator
// alone is reset through CONTROL of the shell, at any time: the guard ends what the memory has seen, and waits for what it owes.
//
// irq: the accelerator's. error_irq: an error of the bus or of an access that is not masked. Both are levels in s_axi_aclk.
// Memory map, errors, what to write: docs/soc.md.
`default_nettype none

module cocodla_axi #(
    parameter TWO_CLOCKS  = 1,   // 0: s_axi_aclk and m_axi_aclk are one net
    parameter DATA_W      = 64,  // bits of m_axi: 32, 64 or 128
    parameter MAX_BEATS   = 16,  // beats of 8 bytes in a burst: 1 (no bursts), 2, 4, 8 or 16
    parameter WAIT        = 1,   // cycles a burst waits for its next beat, 0 to 15
    parameter READ_DEPTH  = 32,  // bursts of an id under way, see dla_dbb2axi
    parameter WRITE_DEPTH = 32,
    parameter TIMEOUT     = 65536, // cycles of s_axi_aclk an access may take, 0: no limit
    parameter NPOSTED     = 0,   // 1: a write of a register ends when it has taken effect
    parameter [31:0] WINDOW_BASE  = 32'h00000000, // what the accelerator may touch after reset
    parameter [31:0] WINDOW_LIMIT = 32'hffffffff,
    parameter [2:0] PROT  = 3'b010,  // AxPROT, AxCACHE, AxQOS of all requests
    parameter [3:0] CACHE = 4'b0011,
    parameter [3:0] QOS   = 4'd0,
    parameter SDP_LANES   = 8,   // of NV_nvdla
    parameter PDP_LANES   = 8,
    parameter CDP_LANES   = 8,
    parameter MAC_DSP     = 1,
    parameter LUT_RAMS    = 0,
    parameter CLOCK_GATES = 0    // 0: no clock gates, for FPGAs
) (
    input  wire                    s_axi_aclk,
    input  wire                    s_axi_aresetn,
    input  wire                    m_axi_aclk,
    input  wire                    test_mode,     // 1: every reset follows direct_reset_ at once, no clock stops
    input  wire                    direct_reset_,
    output wire                    irq,
    output wire                    error_irq,
    input  wire                    s_axi_awvalid,
    output wire                    s_axi_awready,
    input  wire [19:0]             s_axi_awaddr,
    input  wire [2:0]              s_axi_awprot,
    input  wire                    s_axi_wvalid,
    output wire                    s_axi_wready,
    input  wire [31:0]             s_axi_wdata,
    input  wire [3:0]              s_axi_wstrb,
    output wire                    s_axi_bvalid,
    input  wire                    s_axi_bready,
    output wire [1:0]              s_axi_bresp,
    input  wire                    s_axi_arvalid,
    output wire                    s_axi_arready,
    input  wire [19:0]             s_axi_araddr,
    input  wire [2:0]              s_axi_arprot,
    output wire                    s_axi_rvalid,
    input  wire                    s_axi_rready,
    output wire [31:0]             s_axi_rdata,
    output wire [1:0]              s_axi_rresp,
    output wire                    m_axi_awvalid,
    input  wire                    m_axi_awready,
    output wire [3:0]              m_axi_awid,
    output wire [31:0]             m_axi_awaddr,
    output wire [7:0]              m_axi_awlen,
    output wire [2:0]              m_axi_awsize,
    output wire [1:0]              m_axi_awburst,
    output wire                    m_axi_awlock,
    output wire [3:0]              m_axi_awcache,
    output wire [2:0]              m_axi_awprot,
    output wire [3:0]              m_axi_awqos,
    output wire                    m_axi_wvalid,
    input  wire                    m_axi_wready,
    output wire [DATA_W-1:0]       m_axi_wdata,
    output wire [DATA_W/8-1:0]     m_axi_wstrb,
    output wire                    m_axi_wlast,
    input  wire                    m_axi_bvalid,
    output wire                    m_axi_bready,
    input  wire [3:0]              m_axi_bid,
    input  wire [1:0]              m_axi_bresp,
    output wire                    m_axi_arvalid,
    input  wire                    m_axi_arready,
    output wire [3:0]              m_axi_arid,
    output wire [31:0]             m_axi_araddr,
    output wire [7:0]              m_axi_arlen,
    output wire [2:0]              m_axi_arsize,
    output wire [1:0]              m_axi_arburst,
    output wire                    m_axi_arlock,
    output wire [3:0]              m_axi_arcache,
    output wire [2:0]              m_axi_arprot,
    output wire [3:0]              m_axi_arqos,
    input  wire                    m_axi_rvalid,
    output wire                    m_axi_rready,
    input  wire [3:0]              m_axi_rid,
    input  wire [DATA_W-1:0]       m_axi_rdata,
    input  wire [1:0]              m_axi_rresp,
    input  wire                    m_axi_rlast
);

// An illegal parameter asks for a module that does not exist: its name is the rule. The others are ruled where they are used.
generate
    if (TWO_CLOCKS != 0 && TWO_CLOCKS != 1) begin : g_two_clocks_illegal cocodla_axi_TWO_CLOCKS_is_0_or_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- resets

/* verilator lint_off SYNCASYNCNET */ // besides the flip-flops, STATUS and assertions look at the resets
wire host_rst_n, rst_n, dla_rstn;
/* verilator lint_on SYNCASYNCNET */
wire hold_reset, waiting;

dla_reset_sync u_host_reset (
    .clk (s_axi_aclk), .rst_in_n (s_axi_aresetn), .test_mode (test_mode), .test_rst_n (direct_reset_),
    .rst_n (host_rst_n)
);

generate
    if (TWO_CLOCKS != 0) begin : g_reset
        dla_reset_sync u_reset (
            .clk (m_axi_aclk), .rst_in_n (s_axi_aresetn), .test_mode (test_mode), .test_rst_n (direct_reset_),
            .rst_n (rst_n)
        );
    end else begin : g_one_reset
        assign rst_n = host_rst_n;
    end
endgenerate

// ---------------------------------------------------------------- registers

wire        csb2nvdla_valid, csb2nvdla_ready, csb2nvdla_write, csb2nvdla_nposted, nvdla2csb_valid, nvdla2csb_wr_complete;
wire [15:0] csb2nvdla_addr;
wire [31:0] csb2nvdla_wdat, nvdla2csb_data;
wire        reg_valid, reg_ready, reg_write, reg_rsp_valid;
wire [9:0]  reg_addr;
wire [31:0] reg_wdata, reg_rsp_data;
wire        access_error, bus_error, bus_error_seen;

dla_axil2csb #(.ADDR_W(20), .TIMEOUT(TIMEOUT), .NPOSTED(NPOSTED)) u_axil2csb (
    .clk (s_axi_aclk), .rst_n (host_rst_n), .dla_rstn (dla_rstn),
    .test_mode (test_mode), .test_rst_n (direct_reset_), .error (access_error),
    .s_axi_awvalid (s_axi_awvalid), .s_axi_awready (s_axi_awready), .s_axi_awaddr (s_axi_awaddr),
    .s_axi_awprot (s_axi_awprot), .s_axi_wvalid (s_axi_wvalid), .s_axi_wready (s_axi_wready),
    .s_axi_wdata (s_axi_wdata), .s_axi_wstrb (s_axi_wstrb), .s_axi_bvalid (s_axi_bvalid),
    .s_axi_bready (s_axi_bready), .s_axi_bresp (s_axi_bresp), .s_axi_arvalid (s_axi_arvalid),
    .s_axi_arready (s_axi_arready), .s_axi_araddr (s_axi_araddr), .s_axi_arprot (s_axi_arprot),
    .s_axi_rvalid (s_axi_rvalid), .s_axi_rready (s_axi_rready), .s_axi_rdata (s_axi_rdata),
    .s_axi_rresp (s_axi_rresp), .csb2nvdla_valid (csb2nvdla_valid), .csb2nvdla_ready (csb2nvdla_ready),
    .csb2nvdla_addr (csb2nvdla_addr), .csb2nvdla_wdat (csb2nvdla_wdat), .csb2nvdla_write (csb2nvdla_write),
    .csb2nvdla_nposted (csb2nvdla_nposted), .nvdla2csb_valid (nvdla2csb_valid), .nvdla2csb_data (nvdla2csb_data),
    .nvdla2csb_wr_complete (nvdla2csb_wr_complete), .reg_valid (reg_valid), .reg_ready (reg_ready),
    .reg_write (reg_write), .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rsp_valid (reg_rsp_valid),
    .reg_rsp_data (reg_rsp_data)
);

wire [31:12] base, limit;
wire [5:0]   status, clear_status;
wire [15:0]  read_errors, write_errors, refusals;
wire [2:0]   clear_counts;
wire [3:0]   error_id;
wire [31:0]  refused_addr;

dla_shell_regs #(
    .TWO_CLOCKS(TWO_CLOCKS), .DATA_W(DATA_W), .MAX_BEATS(MAX_BEATS), .WINDOW_BASE(WINDOW_BASE), .WINDOW_LIMIT(WINDOW_LIMIT)
) u_regs (
    .host_clk (s_axi_aclk), .host_rst_n (host_rst_n), .req_valid (reg_valid), .req_ready (reg_ready),
    .req_write (reg_write), .req_addr (reg_addr), .req_wdata (reg_wdata), .rsp_valid (reg_rsp_valid), .rsp_data (reg_rsp_data),
    .clk (m_axi_aclk), .rst_n (rst_n), .hold_reset (hold_reset), .dla_up (dla_rstn), .waiting (waiting),
    .base (base), .limit (limit), .status (status), .clear_status (clear_status),
    .read_errors (read_errors), .write_errors (write_errors), .refusals (refusals), .clear_counts (clear_counts),
    .error_id (error_id), .refused_addr (refused_addr), .error (bus_error)
);

dla_sync u_bus_error (.clk (s_axi_aclk), .rst_n (host_rst_n), .d (bus_error), .q (bus_error_seen));

assign error_irq = access_error || bus_error_seen;

// ---------------------------------------------------------------- accelerator

// a_: at NV_nvdla, g_: behind the guard
wire a_awvalid, a_awready, a_wvalid, a_wready, a_wlast, a_bvalid, a_bready, a_arvalid, a_arready, a_rvalid, a_rready,
     a_rlast;
wire [7:0]  a_awid, a_wstrb, a_bid, a_arid, a_rid;
wire [3:0]  a_awlen, a_arlen;
wire [31:0] a_awaddr, a_araddr;
wire [63:0] a_wdata, a_rdata;
wire g_awvalid, g_awready, g_wvalid, g_wready, g_wlast, g_bvalid, g_bready, g_arvalid, g_arready, g_rvalid, g_rready,
     g_rlast;
wire [7:0]  g_awid, g_wstrb, g_bid, g_arid, g_rid;
wire [3:0]  g_awlen, g_arlen;
wire [31:0] g_awaddr, g_araddr;
wire [63:0] g_wdata, g_rdata;

NV_nvdla #(
    .SDP_LANES(SDP_LANES), .PDP_LANES(PDP_LANES), .CDP_LANES(CDP_LANES),
    .MAC_DSP(MAC_DSP), .LUT_RAMS(LUT_RAMS), .CLOCK_GATES(CLOCK_GATES)
) u_dla (
    .dla_core_clk (m_axi_aclk), .dla_csb_clk (s_axi_aclk), .global_clk_ovr_on (1'b0), .tmc2slcg_disable_clock_gating (1'b0),
    .dla_reset_rstn (dla_rstn), .direct_reset_ (direct_reset_), .test_mode (test_mode),
    .csb2nvdla_valid (csb2nvdla_valid), .csb2nvdla_ready (csb2nvdla_ready), .csb2nvdla_addr (csb2nvdla_addr),
    .csb2nvdla_wdat (csb2nvdla_wdat), .csb2nvdla_write (csb2nvdla_write), .csb2nvdla_nposted (csb2nvdla_nposted),
    .nvdla2csb_valid (nvdla2csb_valid), .nvdla2csb_data (nvdla2csb_data),
    .nvdla2csb_wr_complete (nvdla2csb_wr_complete),
    .nvdla_core2dbb_aw_awvalid (a_awvalid), .nvdla_core2dbb_aw_awready (a_awready), .nvdla_core2dbb_aw_awid (a_awid),
    .nvdla_core2dbb_aw_awlen (a_awlen), .nvdla_core2dbb_aw_awaddr (a_awaddr), .nvdla_core2dbb_w_wvalid (a_wvalid),
    .nvdla_core2dbb_w_wready (a_wready), .nvdla_core2dbb_w_wdata (a_wdata), .nvdla_core2dbb_w_wstrb (a_wstrb),
    .nvdla_core2dbb_w_wlast (a_wlast), .nvdla_core2dbb_b_bvalid (a_bvalid), .nvdla_core2dbb_b_bready (a_bready),
    .nvdla_core2dbb_b_bid (a_bid), .nvdla_core2dbb_ar_arvalid (a_arvalid), .nvdla_core2dbb_ar_arready (a_arready),
    .nvdla_core2dbb_ar_arid (a_arid), .nvdla_core2dbb_ar_arlen (a_arlen), .nvdla_core2dbb_ar_araddr (a_araddr),
    .nvdla_core2dbb_r_rvalid (a_rvalid), .nvdla_core2dbb_r_rready (a_rready), .nvdla_core2dbb_r_rid (a_rid),
    .nvdla_core2dbb_r_rlast (a_rlast), .nvdla_core2dbb_r_rdata (a_rdata),
    .dla_intr (irq),
    .nvdla_pwrbus_ram_c_pd (32'd0), .nvdla_pwrbus_ram_ma_pd (32'd0), .nvdla_pwrbus_ram_mb_pd (32'd0),
    .nvdla_pwrbus_ram_p_pd (32'd0), .nvdla_pwrbus_ram_o_pd (32'd0), .nvdla_pwrbus_ram_a_pd (32'd0)
);

dla_reset_guard u_guard (
    .clk (m_axi_aclk), .por_rst_n (rst_n), .reset_req_n (!hold_reset), .dla_reset_rstn (dla_rstn), .waiting (waiting),
    .dla_awvalid (a_awvalid), .dla_awready (a_awready), .dla_awid (a_awid), .dla_awlen (a_awlen),
    .dla_awaddr (a_awaddr), .dla_wvalid (a_wvalid), .dla_wready (a_wready), .dla_wdata (a_wdata),
    .dla_wstrb (a_wstrb), .dla_wlast (a_wlast), .dla_bvalid (a_bvalid), .dla_bready (a_bready), .dla_bid (a_bid),
    .dla_arvalid (a_arvalid), .dla_arready (a_arready), .dla_arid (a_arid), .dla_arlen (a_arlen),
    .dla_araddr (a_araddr), .dla_rvalid (a_rvalid), .dla_rready (a_rready), .dla_rid (a_rid), .dla_rlast (a_rlast),
    .dla_rdata (a_rdata), .mem_awvalid (g_awvalid), .mem_awready (g_awready), .mem_awid (g_awid),
    .mem_awlen (g_awlen), .mem_awaddr (g_awaddr), .mem_wvalid (g_wvalid), .mem_wready (g_wready),
    .mem_wdata (g_wdata), .mem_wstrb (g_wstrb), .mem_wlast (g_wlast), .mem_bvalid (g_bvalid), .mem_bready (g_bready),
    .mem_bid (g_bid), .mem_arvalid (g_arvalid), .mem_arready (g_arready), .mem_arid (g_arid), .mem_arlen (g_arlen),
    .mem_araddr (g_araddr), .mem_rvalid (g_rvalid), .mem_rready (g_rready), .mem_rid (g_rid), .mem_rlast (g_rlast),
    .mem_rdata (g_rdata)
);

dla_dbb2axi #(
    .DATA_W(DATA_W), .MAX_BEATS(MAX_BEATS), .WAIT(WAIT), .READ_DEPTH(READ_DEPTH), .WRITE_DEPTH(WRITE_DEPTH),
    .PROT(PROT), .CACHE(CACHE), .QOS(QOS)
) u_dbb2axi (
    .clk (m_axi_aclk), .rst_n (rst_n), .base (base), .limit (limit), .status (status), .clear_status (clear_status),
    .read_errors (read_errors), .write_errors (write_errors), .refusals (refusals), .clear_counts (clear_counts),
    .error_id (error_id), .refused_addr (refused_addr),
    .dbb_awvalid (g_awvalid), .dbb_awready (g_awready), .dbb_awid (g_awid), .dbb_awlen (g_awlen),
    .dbb_awaddr (g_awaddr), .dbb_wvalid (g_wvalid), .dbb_wready (g_wready), .dbb_wdata (g_wdata),
    .dbb_wstrb (g_wstrb), .dbb_wlast (g_wlast), .dbb_bvalid (g_bvalid), .dbb_bready (g_bready), .dbb_bid (g_bid),
    .dbb_arvalid (g_arvalid), .dbb_arready (g_arready), .dbb_arid (g_arid), .dbb_arlen (g_arlen),
    .dbb_araddr (g_araddr), .dbb_rvalid (g_rvalid), .dbb_rready (g_rready), .dbb_rid (g_rid), .dbb_rlast (g_rlast),
    .dbb_rdata (g_rdata), .m_axi_awvalid (m_axi_awvalid), .m_axi_awready (m_axi_awready), .m_axi_awid (m_axi_awid),
    .m_axi_awaddr (m_axi_awaddr), .m_axi_awlen (m_axi_awlen), .m_axi_awsize (m_axi_awsize),
    .m_axi_awburst (m_axi_awburst), .m_axi_awlock (m_axi_awlock), .m_axi_awcache (m_axi_awcache),
    .m_axi_awprot (m_axi_awprot), .m_axi_awqos (m_axi_awqos), .m_axi_wvalid (m_axi_wvalid),
    .m_axi_wready (m_axi_wready), .m_axi_wdata (m_axi_wdata), .m_axi_wstrb (m_axi_wstrb), .m_axi_wlast (m_axi_wlast),
    .m_axi_bvalid (m_axi_bvalid), .m_axi_bready (m_axi_bready), .m_axi_bid (m_axi_bid), .m_axi_bresp (m_axi_bresp),
    .m_axi_arvalid (m_axi_arvalid), .m_axi_arready (m_axi_arready), .m_axi_arid (m_axi_arid),
    .m_axi_araddr (m_axi_araddr), .m_axi_arlen (m_axi_arlen), .m_axi_arsize (m_axi_arsize),
    .m_axi_arburst (m_axi_arburst), .m_axi_arlock (m_axi_arlock), .m_axi_arcache (m_axi_arcache),
    .m_axi_arprot (m_axi_arprot), .m_axi_arqos (m_axi_arqos), .m_axi_rvalid (m_axi_rvalid),
    .m_axi_rready (m_axi_rready), .m_axi_rid (m_axi_rid), .m_axi_rdata (m_axi_rdata), .m_axi_rresp (m_axi_rresp),
    .m_axi_rlast (m_axi_rlast)
);

endmodule

`default_nettype wire
