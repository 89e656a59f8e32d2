// Memory bus of NV_nvdla (DBB) to an AXI4 manager port of 32, 64 or 128 bits, and what goes wrong there.
//
//   DBB (64 bits, single beats) --> dla_axi_read, dla_axi_write --> AXI4 (INCR bursts, never across 4 KiB)
//                                        | events
//                                        v
//                                   sticky bits and counters
//
// DBB has no word for an error: an answer with SLVERR or DECERR is passed on, and its layer ends with wrong bytes; `status`
// says so (sticky, for an interrupt) and the counters how often. Addresses outside of base..limit (pages of 4 KiB, both
// inclusive) are kept from the memory, see dla_axi_read and dla_axi_write. The window may change at any time: each request
// is judged by what holds in the cycle it is taken in. Counters stop at 65,535.
//
// Ids are those of DBB, 4 bits. AXI3 has no bursts above 16 beats: with 32 bits and MAX = 16 there are some of 32.
// Latency: of a read 0 cycles with MAX_BEATS = 1, else 2 to WAIT + 3; of a write 1 to WAIT + 3. One beat of 8 bytes a cycle in each direction.
`default_nettype none

module dla_dbb2axi #(
    parameter DATA_W      = 64,     // bits of the AXI data bus: 32, 64 or 128
    parameter MAX_BEATS   = 16,     // beats of 8 bytes in a burst: 1 (no bursts), 2, 4, 8 or 16
    parameter WAIT        = 1,      // cycles a burst waits for its next beat, 0 to 15
    parameter READ_DEPTH  = 32,     // read bursts of an id under way with 128 bits, a power of two from 2
    parameter WRITE_DEPTH = 32,     // write bursts of an id under way with MAX_BEATS above 1, from 2
    parameter [2:0] PROT  = 3'b010, // AxPROT of all requests: data, non-secure, unprivileged
    parameter [3:0] CACHE = 4'b0011, // AxCACHE: normal, non-cacheable, bufferable
    parameter [3:0] QOS   = 4'd0    // AxQOS
) (
    input  wire                clk,
    input  wire                rst_n,
    // window
    input  wire [31:12]        base,
    input  wire [31:12]        limit,
    // errors: 0 read SLVERR, 1 read DECERR, 2 write SLVERR, 3 write DECERR, 4 read outside, 5 write outside of the window
    output reg  [5:0]          status,       // sticky
    input  wire [5:0]          clear_status, // pulses; a new error in the same cycle wins
    output reg  [15:0]         read_errors,  // AXI beats
    output reg  [15:0]         write_errors, // AXI responses
    output reg  [15:0]         refusals,     // DBB requests outside of the window
    input  wire [2:0]          clear_counts, // pulses: read_errors, write_errors, refusals
    output reg  [3:0]          error_id,     // of the first error since bits 0 to 3 of status were all 0
    output reg  [31:0]         refused_addr, // of the first refusal since bits 4 and 5 were 0
    // DBB
    input  wire                dbb_awvalid,
    output wire                dbb_awready,
    input  wire [7:0]          dbb_awid,
    input  wire [3:0]          dbb_awlen,
    input  wire [31:0]         dbb_awaddr,
    input  wire                dbb_wvalid,
    output wire                dbb_wready,
    input  wire [63:0]         dbb_wdata,
    input  wire [7:0]          dbb_wstrb,
    input  wire                dbb_wlast,
    output wire                dbb_bvalid,
    input  wire                dbb_bready,
    output wire [7:0]          dbb_bid,
    input  wire                dbb_arvalid,
    output wire                dbb_arready,
    input  wire [7:0]          dbb_arid,
    input  wire [3:0]          dbb_arlen,
    input  wire [31:0]         dbb_araddr,
    output wire                dbb_rvalid,
    input  wire                dbb_rready,
    output wire [7:0]          dbb_rid,
    output wire                dbb_rlast,
    output wire [63:0]         dbb_rdata,
    // AXI4
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

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DATA_W != 32 && DATA_W != 64 && DATA_W != 128)
        begin : g_data_w_illegal dla_dbb2axi_DATA_W_is_32_64_or_128 u_illegal (); end
    if (MAX_BEATS != 1 && MAX_BEATS != 2 && MAX_BEATS != 4 && MAX_BEATS != 8 && MAX_BEATS != 16)
        begin : g_max_beats_illegal dla_dbb2axi_MAX_BEATS_is_1_2_4_8_or_16 u_illegal (); end
    if (WAIT < 0 || WAIT > 15) begin : g_wait_illegal dla_dbb2axi_WAIT_is_0_to_15 u_illegal (); end
    if (READ_DEPTH < 2 || (READ_DEPTH & (READ_DEPTH - 1)) != 0)
        begin : g_read_depth_illegal dla_dbb2axi_READ_DEPTH_is_a_power_of_two_from_2 u_illegal (); end
    if (WRITE_DEPTH < 2) begin : g_write_depth_illegal dla_dbb2axi_WRITE_DEPTH_is_at_least_2 u_illegal (); end
endgenerate

wire        read_refused, read_error, read_decode, write_refused, write_error, write_decode;
wire [31:0] read_refused_addr, write_refused_addr;
wire [3:0]  read_error_id, write_error_id;

dla_axi_read #(.DATA_W(DATA_W), .MAX(MAX_BEATS), .WAIT(WAIT), .DEPTH(READ_DEPTH)) u_read (
    .clk (clk), .rst_n (rst_n), .base (base), .limit (limit),
    .refused (read_refused), .refused_addr (read_refused_addr),
    .error (read_error), .error_decode (read_decode), .error_id (read_error_id),
    .dbb_arvalid (dbb_arvalid), .dbb_arready (dbb_arready), .dbb_arid (dbb_arid[3:0]), .dbb_araddr (dbb_araddr[31:3]),
    .dbb_rvalid (dbb_rvalid), .dbb_rready (dbb_rready), .dbb_rid (dbb_rid[3:0]), .dbb_rdata (dbb_rdata),
    .arvalid (m_axi_arvalid), .arready (m_axi_arready), .arid (m_axi_arid), .araddr (m_axi_araddr), .arlen (m_axi_arlen),
    .rvalid (m_axi_rvalid), .rready (m_axi_rready), .rid (m_axi_rid), .rdata (m_axi_rdata), .rresp (m_axi_rresp),
    .rlast (m_axi_rlast)
);

dla_axi_write #(.DATA_W(DATA_W), .MAX(MAX_BEATS), .WAIT(WAIT), .DEPTH(WRITE_DEPTH)) u_write (
    .clk (clk), .rst_n (rst_n), .base (base), .limit (limit),
    .refused (write_refused), .refused_addr (write_refused_addr),
    .error (write_error), .error_decode (write_decode), .error_id (write_error_id),
    .dbb_awvalid (dbb_awvalid), .dbb_awready (dbb_awready), .dbb_awid (dbb_awid[3:0]), .dbb_awaddr (dbb_awaddr[31:3]),
    .dbb_wvalid (dbb_wvalid), .dbb_wready (dbb_wready), .dbb_wdata (dbb_wdata), .dbb_wstrb (dbb_wstrb),
    .dbb_bvalid (dbb_bvalid), .dbb_bready (dbb_bready), .dbb_bid (dbb_bid[3:0]),
    .awvalid (m_axi_awvalid), .awready (m_axi_awready), .awid (m_axi_awid), .awaddr (m_axi_awaddr), .awlen (m_axi_awlen),
    .wvalid (m_axi_wvalid), .wready (m_axi_wready), .wdata (m_axi_wdata), .wstrb (m_axi_wstrb), .wlast (m_axi_wlast),
    .bvalid (m_axi_bvalid), .bready (m_axi_bready), .bid (m_axi_bid), .bresp (m_axi_bresp)
);

assign dbb_rid[7:4]  = 4'd0;
assign dbb_bid[7:4]  = 4'd0;
assign dbb_rlast     = 1'b1;
assign m_axi_awsize  = (DATA_W == 32) ? 3'd2 : (DATA_W == 64) ? 3'd3 : 3'd4;
assign m_axi_arsize  = m_axi_awsize;
assign m_axi_awburst = 2'b01; // INCR
assign m_axi_arburst = 2'b01;
assign m_axi_awlock  = 1'b0;
assign m_axi_arlock  = 1'b0;
assign {m_axi_awcache, m_axi_awprot, m_axi_awqos} = {CACHE, PROT, QOS};
assign {m_axi_arcache, m_axi_arprot, m_axi_arqos} = {CACHE, PROT, QOS};

// ---------------------------------------------------------------- errors

function [15:0] counted(input [15:0] count, input clear, input [1:0] more);
    reg [16:0] sum;
    begin
        sum     = {1'b0, clear ? 16'd0 : count} + {15'd0, more};
        counted = sum[16] ? 16'hffff : sum[15:0];
    end
endfunction

wire [5:0] news = {write_refused, read_refused, write_error && write_decode, write_error && !write_decode,
                   read_error && read_decode, read_error && !read_decode};
wire [5:0] still = status & ~clear_status;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        status       <= 6'd0;
        read_errors  <= 16'd0;
        write_errors <= 16'd0;
        refusals     <= 16'd0;
        error_id     <= 4'd0;
        refused_addr <= 32'd0;
    end else begin
        status       <= still | news;
        read_errors  <= counted(read_errors, clear_counts[0], {1'b0, read_error});
        write_errors <= counted(write_errors, clear_counts[1], {1'b0, write_error});
        refusals     <= counted(refusals, clear_counts[2], {1'b0, read_refused} + {1'b0, write_refused});
        if (still[3:0] == 4'd0 && (read_error || write_error)) error_id <= read_error ? read_error_id : write_error_id;
        if (still[5:4] == 2'd0 && (read_refused || write_refused))
            refused_addr <= read_refused ? read_refused_addr : write_refused_addr;
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && dbb_arvalid && (dbb_arlen != 4'd0 || dbb_araddr[2:0] != 3'd0)) $error("dla_dbb2axi: a read that is not one beat");
    if (rst_n && dbb_awvalid && (dbb_awlen != 4'd0 || dbb_awaddr[2:0] != 3'd0)) $error("dla_dbb2axi: a write that is not one beat");
    if (rst_n && dbb_wvalid && !dbb_wlast) $error("dla_dbb2axi: data without wlast");
end
`endif

wire unused = |{dbb_arid[7:4], dbb_awid[7:4], dbb_arlen, dbb_awlen, dbb_araddr[2:0], dbb_awaddr[2:0], dbb_wlast};

endmodule

`default_nettype wire
