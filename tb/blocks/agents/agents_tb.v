// Small design for the self-test of the cocotb agents: one loopback for each kind of interface.
//
//  * s -> m: a two-entry stream buffer (dla_fifo).
//  * e_*: a stream and DBB channels that Python drives by hand to break rules, with nothing behind them.
//  * csb2nvdla: 16 words of registers behind a CSB; reads and non-posted writes answer 3 cycles later.
//  * reg: the same kind of storage behind a register bus.
//  * copy engine: on `start`, copies `count` atoms from read client rd to write client wr.
//  * nvdla_core2dbb: `start` also copies `count` atoms over DBB with ids 8 (read) and 1 (write).
`default_nettype none

module agents_tb (
    input  wire        clk,
    input  wire        rst_n,
    // stream through
    input  wire        s_valid,
    output wire        s_ready,
    input  wire [15:0] s_data,
    output wire        m_valid,
    input  wire        m_ready,
    output wire [15:0] m_data,
    // stream driven by hand
    input  wire        e_valid,
    input  wire        e_ready,
    input  wire [15:0] e_data,
    // CSB
    input  wire        csb2nvdla_valid,
    output wire        csb2nvdla_ready,
    input  wire [15:0] csb2nvdla_addr,
    input  wire [31:0] csb2nvdla_wdat,
    input  wire        csb2nvdla_write,
    input  wire        csb2nvdla_nposted,
    output reg         nvdla2csb_valid,
    output reg  [31:0] nvdla2csb_data,
    output reg         nvdla2csb_wr_complete,
    input  wire        csb_fault,       // 1: one answer too many
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output reg  [31:0] reg_rdata,
    input  wire        reg_fault,       // 1: rdata not 0 when idle
    // copy engine control
    input  wire        start,
    input  wire [15:0] count,           // atoms
    input  wire [28:0] src,             // atom addresses
    input  wire [28:0] dst,
    output wire        busy,
    output reg         irq,
    // internal DMA client ports
    output wire        rd_req_valid,
    input  wire        rd_req_ready,
    output wire [31:3] rd_req_addr,
    input  wire        rd_rsp_valid,
    input  wire [63:0] rd_rsp_data,
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done,
    // DBB, with one fault switch for each rule
    input  wire [7:0]  dbb_fault,       // 0 arlen, 1 araddr, 2 arid, 3 wstrb, 4 wlast, 5 data without address
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
    output reg  [15:0] dbb_acks
);

dla_fifo #(.WIDTH(16), .DEPTH(2)) u_stream (
    .clk(clk), .rst_n(rst_n),
    .in_valid(s_valid), .in_ready(s_ready), .in_data(s_data),
    .out_valid(m_valid), .out_ready(m_ready), .out_data(m_data)
);

// ---- CSB: three-cycle answers, ready drops every fourth cycle ----
reg [31:0] csb_mem [0:15];
reg [1:0]  csb_beat;
reg [2:0]  csb_read, csb_ack;
reg [31:0] csb_data [0:2];

assign csb2nvdla_ready = (csb_beat != 0);
wire csb_fire = csb2nvdla_valid && csb2nvdla_ready;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        csb_beat <= 1;
        csb_read <= 0;
        csb_ack  <= 0;
        nvdla2csb_valid <= 0;
        nvdla2csb_wr_complete <= 0;
    end else begin
        csb_beat <= csb_beat + 1'b1;
        csb_read <= {csb_read[1:0], csb_fire && !csb2nvdla_write};
        csb_ack  <= {csb_ack[1:0], csb_fire && csb2nvdla_write && csb2nvdla_nposted};
        nvdla2csb_valid <= csb_read[2] || csb_fault;
        nvdla2csb_wr_complete <= csb_ack[2];
    end
end

always @(posedge clk) begin
    if (csb_fire && csb2nvdla_write) csb_mem[csb2nvdla_addr[3:0]] <= csb2nvdla_wdat;
    csb_data[0] <= csb_mem[csb2nvdla_addr[3:0]];
    csb_data[1] <= csb_data[0];
    csb_data[2] <= csb_data[1];
    nvdla2csb_data <= csb_data[2];
end

// ---- register bus ----
reg [31:0] reg_mem [0:15];

always @(posedge clk) begin
    if (reg_valid && reg_write) reg_mem[reg_addr[3:0]] <= reg_wdata;
    reg_rdata <= (reg_valid && !reg_write) ? reg_mem[reg_addr[3:0]] : {31'd0, reg_fault};
end

// ---- copy engine on the client ports ----
reg [15:0] rd_left, wr_left;
reg [28:0] rd_addr, wr_addr;
reg [5:0]  space;        // free words of the buffer behind the reads

assign rd_req_valid = (rd_left != 0) && (space != 0);
assign rd_req_addr  = rd_addr;
assign wr_req_addr  = wr_addr;
assign wr_req_last  = (wr_left == 1);
wire rd_fire = rd_req_valid && rd_req_ready;
wire wr_fire = wr_req_valid && wr_req_ready;

/* verilator lint_off PINCONNECTEMPTY */
dla_fifo #(.WIDTH(64), .DEPTH(32)) u_copy (
    .clk(clk), .rst_n(rst_n),
    .in_valid(rd_rsp_valid), .in_ready(), .in_data(rd_rsp_data),
    .out_valid(wr_req_valid), .out_ready(wr_req_ready), .out_data(wr_req_data)
);
/* verilator lint_on PINCONNECTEMPTY */

// ---- copy engine on DBB: address and data channels leave separately ----
reg [15:0] ar_left, aw_left, w_left;
reg [28:0] ar_addr, aw_addr;
wire ar_fire = nvdla_core2dbb_ar_arvalid && nvdla_core2dbb_ar_arready;
wire aw_fire = nvdla_core2dbb_aw_awvalid && nvdla_core2dbb_aw_awready;
wire w_fire  = nvdla_core2dbb_w_wvalid && nvdla_core2dbb_w_wready;
wire w_fifo_valid;

assign nvdla_core2dbb_ar_arvalid = (ar_left != 0);
assign nvdla_core2dbb_ar_araddr  = {ar_addr, 2'b00, dbb_fault[1]};
assign nvdla_core2dbb_ar_arid    = {4'd0, !dbb_fault[2], dbb_fault[2], 1'b0, ar_left[0]};  // ids 8 and 9 (faulty: 4 and 5) in turn
assign nvdla_core2dbb_ar_arlen   = {3'd0, dbb_fault[0]};
assign nvdla_core2dbb_aw_awvalid = (aw_left != 0) && !dbb_fault[5];
assign nvdla_core2dbb_aw_awaddr  = {aw_addr, 3'b000};
assign nvdla_core2dbb_aw_awid    = 8'd1;
assign nvdla_core2dbb_aw_awlen   = 4'd0;
assign nvdla_core2dbb_w_wvalid   = w_fifo_valid;
assign nvdla_core2dbb_w_wstrb    = {7'h7f, ~dbb_fault[3]};
assign nvdla_core2dbb_w_wlast    = !dbb_fault[4];
assign nvdla_core2dbb_b_bready   = 1'b1;

// Odd and even words come back under different ids, in any order between them. Each id's buffer holds all its words
// of a 500-atom copy: smaller ones could deadlock, as one id waits for the other behind a blocked R channel.
wire [1:0] r_ready, r_valid;
wire [63:0] r_data [0:1];
reg r_turn;              // id bit 0 of the next word
assign nvdla_core2dbb_r_rready = nvdla_core2dbb_r_rid[0] ? r_ready[1] : r_ready[0];
assign w_fifo_valid = r_valid[r_turn];
assign nvdla_core2dbb_w_wdata = r_data[r_turn];

genvar g;
generate
    for (g = 0; g < 2; g = g + 1) begin : g_id
        dla_fifo #(.WIDTH(64), .DEPTH(256)) u_fifo (
            .clk(clk), .rst_n(rst_n),
            .in_valid(nvdla_core2dbb_r_rvalid && nvdla_core2dbb_r_rid[0] == g[0]), .in_ready(r_ready[g]),
            .in_data(nvdla_core2dbb_r_rdata),
            .out_valid(r_valid[g]), .out_ready(nvdla_core2dbb_w_wready && r_turn == g[0]), .out_data(r_data[g])
        );
    end
endgenerate

assign busy = (wr_left != 0) || (aw_left != 0) || (w_left != 0);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {rd_left, wr_left, ar_left, aw_left, w_left} <= 0;
        space    <= 6'd32;
        irq      <= 0;
        dbb_acks <= 0;
        r_turn   <= 0;
    end else begin
        if (start) begin
            {rd_left, wr_left} <= {2{count}};
            {ar_left, aw_left, w_left} <= {3{count}};
            r_turn <= count[0];
        end else begin
            if (rd_fire) rd_left <= rd_left - 1'b1;
            if (wr_fire) wr_left <= wr_left - 1'b1;
            if (ar_fire) ar_left <= ar_left - 1'b1;
            if (aw_fire) aw_left <= aw_left - 1'b1;
            if (w_fire)  w_left  <= w_left - 1'b1;
            if (w_fire)  r_turn  <= !r_turn;
        end
        if (rd_fire && !wr_fire) space <= space - 1'b1;
        if (wr_fire && !rd_fire) space <= space + 1'b1;
        if (wr_done) irq <= 1;
        if (start) irq <= 0;
        if (nvdla_core2dbb_b_bvalid) dbb_acks <= dbb_acks + 1'b1;
    end
end

always @(posedge clk) begin
    if (start) begin
        {rd_addr, ar_addr} <= {2{src}};
        {wr_addr, aw_addr} <= {2{dst}};
    end else begin
        if (rd_fire) rd_addr <= rd_addr + 1'b1;
        if (wr_fire) wr_addr <= wr_addr + 1'b1;
        if (ar_fire) ar_addr <= ar_addr + 1'b1;
        if (aw_fire) aw_addr <= aw_addr + 1'b1;
    end
end

endmodule

`default_nettype wire
