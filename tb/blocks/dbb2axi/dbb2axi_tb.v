// dla_dbb2axi with its DBB side as streams ar, r, aw, w, b.
`default_nettype none

module dbb2axi_tb #(
    parameter DATA_W      = 64,
    parameter MAX_BEATS   = 16,
    parameter WAIT        = 1,
    parameter READ_DEPTH  = 8,
    parameter WRITE_DEPTH = 4
) (
    input  wire                clk,
    input  wire                rst_n,
    output wire [7:0]          max_beats, // MAX_BEATS, for the test
    input  wire [31:12]        base,
    input  wire [31:12]        limit,
    output wire [5:0]          status,
    input  wire [5:0]          clear_status,
    output wire [15:0]         read_errors,
    output wire [15:0]         write_errors,
    output wire [15:0]         refusals,
    input  wire [2:0]          clear_counts,
    output wire [3:0]          error_id,
    output wire [31:0]         refused_addr,
    input  wire                ar_valid,
    output wire                ar_ready,
    input  wire [7:0]          ar_id,
    input  wire [31:0]         ar_addr,
    output wire                r_valid,
    input  wire                r_ready,
    output wire [7:0]          r_id,
    output wire [63:0]         r_data,
    input  wire                aw_valid,
    output wire                aw_ready,
    input  wire [7:0]          aw_id,
    input  wire [31:0]         aw_addr,
    input  wire                w_valid,
    output wire                w_ready,
    input  wire [63:0]         w_data,
    output wire                b_valid,
    input  wire                b_ready,
    output wire [7:0]          b_id,
    output wire                m_axi_awvalid,
    input  wire                m_axi_awready,
    output wire [3:0]          m_axi_awid,
    output wire [31:0]         m_axi_awaddr,
    output wire [7:0]          m_axi_awlen,
    output wire [2:0]          m_axi_awsize,
    output wire [1:0]          m_axi_awburst,
    output wire                m_axi_awlock,
    output wire [3:0]          m_axi_awcache,
    output wire [2:0]          m_axi_awprot,
    output wire [3:0]          m_axi_awqos,
    output wire                m_axi_wvalid,
    input  wire                m_axi_wready,
    output wire [DATA_W-1:0]   m_axi_wdata,
    output wire [DATA_W/8-1:0] m_axi_wstrb,
    output wire                m_axi_wlast,
    input  wire                m_axi_bvalid,
    output wire                m_axi_bready,
    input  wire [3:0]          m_axi_bid,
    input  wire [1:0]          m_axi_bresp,
    output wire                m_axi_arvalid,
    input  wire                m_axi_arready,
    output wire [3:0]          m_axi_arid,
    output wire [31:0]         m_axi_araddr,
    output wire [7:0]          m_axi_arlen,
    output wire [2:0]          m_axi_arsize,
    output wire [1:0]          m_axi_arburst,
    output wire                m_axi_arlock,
    output wire [3:0]          m_axi_arcache,
    output wire [2:0]          m_axi_arprot,
    output wire [3:0]          m_axi_arqos,
    input  wire                m_axi_rvalid,
    output wire                m_axi_rready,
    input  wire [3:0]          m_axi_rid,
    input  wire [DATA_W-1:0]   m_axi_rdata,
    input  wire [1:0]          m_axi_rresp,
    input  wire                m_axi_rlast
);

wire rlast;

localparam [31:0] MAX = MAX_BEATS;
assign max_beats = MAX[7:0];

dla_dbb2axi #(
    .DATA_W(DATA_W), .MAX_BEATS(MAX_BEATS), .WAIT(WAIT), .READ_DEPTH(READ_DEPTH), .WRITE_DEPTH(WRITE_DEPTH),
    .PROT(3'b011), .CACHE(4'b1111), .QOS(4'd5)
) u_bridge (
    .clk(clk), .rst_n(rst_n), .base(base), .limit(limit), .status(status), .clear_status(clear_status),
    .read_errors(read_errors), .write_errors(write_errors), .refusals(refusals), .clear_counts(clear_counts),
    .error_id(error_id), .refused_addr(refused_addr),
    .dbb_awvalid(aw_valid), .dbb_awready(aw_ready), .dbb_awid(aw_id), .dbb_awlen(4'd0), .dbb_awaddr(aw_addr),
    .dbb_wvalid(w_valid), .dbb_wready(w_ready), .dbb_wdata(w_data), .dbb_wstrb(8'hff), .dbb_wlast(1'b1),
    .dbb_bvalid(b_valid), .dbb_bready(b_ready), .dbb_bid(b_id),
    .dbb_arvalid(ar_valid), .dbb_arready(ar_ready), .dbb_arid(ar_id), .dbb_arlen(4'd0), .dbb_araddr(ar_addr),
    .dbb_rvalid(r_valid), .dbb_rready(r_ready), .dbb_rid(r_id), .dbb_rlast(rlast), .dbb_rdata(r_data),
    .m_axi_awvalid(m_axi_awvalid), .m_axi_awready(m_axi_awready), .m_axi_awid(m_axi_awid), .m_axi_awaddr(m_axi_awaddr),
    .m_axi_awlen(m_axi_awlen), .m_axi_awsize(m_axi_awsize), .m_axi_awburst(m_axi_awburst), .m_axi_awlock(m_axi_awlock),
    .m_axi_awcache(m_axi_awcache), .m_axi_awprot(m_axi_awprot), .m_axi_awqos(m_axi_awqos),
    .m_axi_wvalid(m_axi_wvalid), .m_axi_wready(m_axi_wready), .m_axi_wdata(m_axi_wdata), .m_axi_wstrb(m_axi_wstrb),
    .m_axi_wlast(m_axi_wlast), .m_axi_bvalid(m_axi_bvalid), .m_axi_bready(m_axi_bready), .m_axi_bid(m_axi_bid),
    .m_axi_bresp(m_axi_bresp), .m_axi_arvalid(m_axi_arvalid), .m_axi_arready(m_axi_arready), .m_axi_arid(m_axi_arid),
    .m_axi_araddr(m_axi_araddr), .m_axi_arlen(m_axi_arlen), .m_axi_arsize(m_axi_arsize), .m_axi_arburst(m_axi_arburst),
    .m_axi_arlock(m_axi_arlock), .m_axi_arcache(m_axi_arcache), .m_axi_arprot(m_axi_arprot), .m_axi_arqos(m_axi_arqos),
    .m_axi_rvalid(m_axi_rvalid), .m_axi_rready(m_axi_rready), .m_axi_rid(m_axi_rid), .m_axi_rdata(m_axi_rdata),
    .m_axi_rresp(m_axi_rresp), .m_axi_rlast(m_axi_rlast)
);

wire unused = rlast;

endmodule

`default_nettype wire
