// AXI4 register slice, one register a channel and direction: a small design of another house for waveform analysis.
// With DROP 1 the slice takes its valid back once while the memory lets it wait: a fault against the rules of AXI.
`default_nettype none

module axi_slice #(
    parameter DROP = 0
) (
    input  wire        aclk,
    input  wire        aresetn,
    input  wire [3:0]  s_axi_awid,
    input  wire [15:0] s_axi_awaddr,
    input  wire [7:0]  s_axi_awlen,
    input  wire [2:0]  s_axi_awsize,
    input  wire [1:0]  s_axi_awburst,
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [31:0] s_axi_wdata,
    input  wire [3:0]  s_axi_wstrb,
    input  wire        s_axi_wlast,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    output wire [3:0]  s_axi_bid,
    output wire [1:0]  s_axi_bresp,
    output wire        s_axi_bvalid,
    input  wire        s_axi_bready,
    input  wire [3:0]  s_axi_arid,
    input  wire [15:0] s_axi_araddr,
    input  wire [7:0]  s_axi_arlen,
    input  wire [2:0]  s_axi_arsize,
    input  wire [1:0]  s_axi_arburst,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    output wire [3:0]  s_axi_rid,
    output wire [31:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,
    output wire        s_axi_rlast,
    output wire        s_axi_rvalid,
    input  wire        s_axi_rready,
    output wire [3:0]  m_axi_awid,
    output wire [15:0] m_axi_awaddr,
    output wire [7:0]  m_axi_awlen,
    output wire [2:0]  m_axi_awsize,
    output wire [1:0]  m_axi_awburst,
    output wire        m_axi_awvalid,
    input  wire        m_axi_awready,
    output wire [31:0] m_axi_wdata,
    output wire [3:0]  m_axi_wstrb,
    output wire        m_axi_wlast,
    output wire        m_axi_wvalid,
    input  wire        m_axi_wready,
    input  wire [3:0]  m_axi_bid,
    input  wire [1:0]  m_axi_bresp,
    input  wire        m_axi_bvalid,
    output wire        m_axi_bready,
    output wire [3:0]  m_axi_arid,
    output wire [15:0] m_axi_araddr,
    output wire [7:0]  m_axi_arlen,
    output wire [2:0]  m_axi_arsize,
    output wire [1:0]  m_axi_arburst,
    output wire        m_axi_arvalid,
    input  wire        m_axi_arready,
    input  wire [3:0]  m_axi_rid,
    input  wire [31:0] m_axi_rdata,
    input  wire [1:0]  m_axi_rresp,
    input  wire        m_axi_rlast,
    input  wire        m_axi_rvalid,
    output wire        m_axi_rready
);

wire w_valid;
reg  waited;
reg  dropped;
assign m_axi_wvalid = w_valid && !(DROP != 0 && waited && !dropped);

always @(posedge aclk) begin
    waited  <= aresetn && w_valid && !m_axi_wready;
    dropped <= aresetn && (dropped || waited);
end

axi_slice_channel #(33) u_aw (
    aclk, aresetn, s_axi_awvalid, s_axi_awready, {s_axi_awid, s_axi_awaddr, s_axi_awlen, s_axi_awsize, s_axi_awburst},
    m_axi_awvalid, m_axi_awready, {m_axi_awid, m_axi_awaddr, m_axi_awlen, m_axi_awsize, m_axi_awburst});
axi_slice_channel #(37) u_w (
    aclk, aresetn, s_axi_wvalid, s_axi_wready, {s_axi_wdata, s_axi_wstrb, s_axi_wlast},
    w_valid, m_axi_wready && m_axi_wvalid, {m_axi_wdata, m_axi_wstrb, m_axi_wlast});
axi_slice_channel #(6) u_b (
    aclk, aresetn, m_axi_bvalid, m_axi_bready, {m_axi_bid, m_axi_bresp},
    s_axi_bvalid, s_axi_bready, {s_axi_bid, s_axi_bresp});
axi_slice_channel #(33) u_ar (
    aclk, aresetn, s_axi_arvalid, s_axi_arready, {s_axi_arid, s_axi_araddr, s_axi_arlen, s_axi_arsize, s_axi_arburst},
    m_axi_arvalid, m_axi_arready, {m_axi_arid, m_axi_araddr, m_axi_arlen, m_axi_arsize, m_axi_arburst});
axi_slice_channel #(39) u_r (
    aclk, aresetn, m_axi_rvalid, m_axi_rready, {m_axi_rid, m_axi_rdata, m_axi_rresp, m_axi_rlast},
    s_axi_rvalid, s_axi_rready, {s_axi_rid, s_axi_rdata, s_axi_rresp, s_axi_rlast});

endmodule

// One register: takes a word when it is empty or being emptied.
module axi_slice_channel #(
    parameter WIDTH = 1
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,
    output reg              out_valid,
    input  wire             out_ready,
    output reg  [WIDTH-1:0] out_data
);

assign in_ready = rst_n && (!out_valid || out_ready);

always @(posedge clk) begin
    out_valid <= rst_n && (in_valid && in_ready || out_valid && !out_ready);
    if (in_valid && in_ready) out_data <= in_data;
end

endmodule

`default_nettype wire
