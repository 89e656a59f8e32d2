// AXI4-Lite subordinate to CSB, and to a second space of registers behind it. One access at a time.
//
//   AXI4-Lite --> take one of AR, AW + W --> CSB (dla_csb_link) | own registers | shell registers | refuse --> R or B
//
//   0x00000-0x3FFFF  CSB: the registers of the accelerator, 18 bits of byte address
//   0x40000-0x40FFF  registers of this bridge (below)
//   0x41000-0x41FFF  `reg` port: registers of the shell, in any clock
//   above            nothing: DECERR
//
// Registers are words: a write without all four strobes, or an address that is no multiple of 4, ends with SLVERR and does
// nothing; a write without any strobe does nothing and ends with OKAY. An access that is lost in a reset of the accelerator, or has no answer
// after TIMEOUT cycles, ends with SLVERR. Each of these is counted; reads that end so return 0. Reads and writes that
// wait at the same time take turns. Writes end when they have taken effect (NPOSTED = 1).
//
// Registers of the bridge, 32 bits: 0x00 ERROR (sticky, a 1 clears): 0 part of a word, 1 unaligned, 2 no register there, 3 lost or timed
// out. 0x04 MASK: a 1 keeps that bit from `error`. 0x08, 0x0C, 0x10, 0x14: how often bits 0 to 3, up to 65,535, a write clears. Others read 0.
`default_nettype none

module dla_axil2csb #(
    parameter ADDR_W  = 20,    // bits of a byte address, 19 to 32
    parameter TIMEOUT = 65536, // cycles of clk without an answer, 0: for ever
    parameter NPOSTED = 1      // writes wait until they are complete
) (
    input  wire              clk,
    input  wire              rst_n,
    input  wire              dla_rstn, // dla_reset_rstn of the accelerator, any clock
    input  wire              test_mode, // resets follow test_rst_n at once
    input  wire              test_rst_n,
    output wire              error,    // level: a bit of ERROR that is not masked
    // AXI4-Lite
    input  wire              s_axi_awvalid,
    output wire              s_axi_awready,
    input  wire [ADDR_W-1:0] s_axi_awaddr,
    input  wire [2:0]        s_axi_awprot,
    input  wire              s_axi_wvalid,
    output wire              s_axi_wready,
    input  wire [31:0]       s_axi_wdata,
    input  wire [3:0]        s_axi_wstrb,
    output wire              s_axi_bvalid,
    input  wire              s_axi_bready,
    output wire [1:0]        s_axi_bresp,
    input  wire              s_axi_arvalid,
    output wire              s_axi_arready,
    input  wire [ADDR_W-1:0] s_axi_araddr,
    input  wire [2:0]        s_axi_arprot,
    output wire              s_axi_rvalid,
    input  wire              s_axi_rready,
    output wire [31:0]       s_axi_rdata,
    output wire [1:0]        s_axi_rresp,
    // CSB
    output wire              csb2nvdla_valid,
    input  wire              csb2nvdla_ready,
    output wire [15:0]       csb2nvdla_addr,
    output wire [31:0]       csb2nvdla_wdat,
    output wire              csb2nvdla_write,
    output wire              csb2nvdla_nposted,
    input  wire              nvdla2csb_valid,
    input  wire [31:0]       nvdla2csb_data,
    input  wire              nvdla2csb_wr_complete,
    // registers of the shell: requests are taken and answered once each, in order
    output wire              reg_valid,
    input  wire              reg_ready,
    output wire              reg_write,
    output wire [9:0]        reg_addr, // words
    output wire [31:0]       reg_wdata,
    input  wire              reg_rsp_valid,
    input  wire [31:0]       reg_rsp_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (ADDR_W < 19 || ADDR_W > 32) begin : g_addr_w_illegal dla_axil2csb_ADDR_W_is_19_to_32 u_illegal (); end
    if (TIMEOUT < 0) begin : g_timeout_illegal dla_axil2csb_TIMEOUT_is_not_negative u_illegal (); end
    if (NPOSTED != 0 && NPOSTED != 1) begin : g_nposted_illegal dla_axil2csb_NPOSTED_is_0_or_1 u_illegal (); end
endgenerate

localparam [1:0] OKAY = 2'd0, SLVERR = 2'd2, DECERR = 2'd3;
localparam [2:0] IDLE = 3'd0, CHOOSE = 3'd1, CSB = 3'd2, SHELL = 3'd3, RESPOND = 3'd4;

reg [2:0]        state;
reg              write, wrote; // the access, the one before it
reg [ADDR_W-1:0] addr;
reg [31:0]       data;         // to write, then what was read
reg [3:0]        strobes;
reg [1:0]        resp;

// ---------------------------------------------------------------- one access

wire write_waits = s_axi_awvalid && s_axi_wvalid;
wire take_write  = state == IDLE && write_waits && !(s_axi_arvalid && wrote);
wire take_read   = state == IDLE && s_axi_arvalid && !take_write;

assign s_axi_awready = take_write;
assign s_axi_wready  = take_write;
assign s_axi_arready = take_read;

wire [20:0] page = {{(33-ADDR_W){1'b0}}, addr[ADDR_W-1:12]};
wire in_csb    = page[20:6] == 15'd0;
wire in_own    = page == 21'h40;
wire in_shell  = page == 21'h41;
wire nowhere   = !in_csb && !in_own && !in_shell;
wire unaligned = addr[1:0] != 2'd0;
wire partial   = write && strobes != 4'hf && strobes != 4'h0;
wire nothing   = write && strobes == 4'h0;
wire choose    = state == CHOOSE;
wire refused   = nowhere || unaligned || partial || nothing;

wire ans_valid, ans_error;
wire [31:0] ans_rdata;
wire shell_done, shell_lost;
reg  [31:0] own_rdata;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        state <= IDLE;
        write <= 1'b0;
        wrote <= 1'b0;
    end else begin
        case (state)
            IDLE: if (take_write || take_read) begin
                state <= CHOOSE;
                write <= take_write;
            end
            CHOOSE: state <= (refused || in_own) ? RESPOND : in_csb ? CSB : SHELL;
            CSB:    if (ans_valid) state <= RESPOND;
            SHELL:  if (shell_done) state <= RESPOND;
            default: if (write ? s_axi_bready : s_axi_rready) begin
                state <= IDLE;
                wrote <= write;
            end
        endcase
    end
end

always @(posedge clk) begin
    if (take_write)      {addr, data, strobes} <= {s_axi_awaddr, s_axi_wdata, s_axi_wstrb};
    else if (take_read)  addr <= s_axi_araddr;
    if (choose) begin
        resp <= nowhere ? DECERR : (unaligned || partial) ? SLVERR : OKAY;
        if (!write) data <= (in_own && !refused) ? own_rdata : 32'd0;
    end
    if (state == CSB && ans_valid) begin
        resp <= ans_error ? SLVERR : OKAY;
        data <= ans_rdata;
    end
    if (state == SHELL && shell_done) begin
        resp <= shell_lost ? SLVERR : OKAY;
        data <= shell_lost ? 32'd0 : reg_rsp_data;
    end
end

assign s_axi_bvalid = state == RESPOND && write;
assign s_axi_rvalid = state == RESPOND && !write;
assign s_axi_bresp  = resp;
assign s_axi_rresp  = resp;
assign s_axi_rdata  = data;

dla_csb_link #(.TIMEOUT(TIMEOUT), .NPOSTED(NPOSTED)) u_link (
    .clk (clk), .rst_n (rst_n), .host_rstn (1'b1), .dla_rstn (dla_rstn),
    .test_mode (test_mode), .test_rst_n (test_rst_n),
    .req_valid (state == CSB), .req_write (write), .req_addr (addr[17:2]), .req_wdata (data),
    .ans_valid (ans_valid), .ans_error (ans_error), .ans_rdata (ans_rdata),
    .csb2nvdla_valid (csb2nvdla_valid), .csb2nvdla_ready (csb2nvdla_ready), .csb2nvdla_addr (csb2nvdla_addr),
    .csb2nvdla_wdat (csb2nvdla_wdat), .csb2nvdla_write (csb2nvdla_write), .csb2nvdla_nposted (csb2nvdla_nposted),
    .nvdla2csb_valid (nvdla2csb_valid), .nvdla2csb_data (nvdla2csb_data), .nvdla2csb_wr_complete (nvdla2csb_wr_complete)
);

// ---------------------------------------------------------------- registers of the shell

localparam COUNT_W = $clog2(TIMEOUT + 2);
localparam [31:0] LAST = TIMEOUT;

reg               asked, owed; // the request was taken; so was one whose access has timed out, and its answer is to come
reg [COUNT_W-1:0] waited;

assign reg_valid = state == SHELL && !asked && !owed;
assign reg_write = write;
assign reg_addr  = addr[11:2];
assign reg_wdata = data;

wire shell_answer  = asked && reg_rsp_valid && !owed;
wire shell_expired = TIMEOUT != 0 && waited == LAST[COUNT_W-1:0];
assign shell_lost  = !shell_answer;
assign shell_done  = shell_answer || shell_expired;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        asked  <= 1'b0;
        owed   <= 1'b0;
        waited <= 0;
    end else begin
        asked  <= state == SHELL && !shell_done && (asked || reg_valid && reg_ready);
        waited <= (state == SHELL && TIMEOUT != 0) ? waited + 1'b1 : {COUNT_W{1'b0}};
        if (owed)  owed <= !reg_rsp_valid;
        else       owed <= state == SHELL && shell_expired && !shell_answer && (asked || reg_valid && reg_ready);
    end
end

// ---------------------------------------------------------------- registers of the bridge

wire [3:0] news = {state == CSB && ans_valid && ans_error || state == SHELL && shell_done && shell_lost,
                   choose && nowhere, choose && !nowhere && unaligned, choose && !nowhere && !unaligned && partial};
wire       own_write = choose && in_own && write && !refused;
reg [3:0]  errors, mask;
reg [63:0] counts;
integer    i;

assign error = |(errors & ~mask);

always @* begin
    case (addr[11:2])
        10'd0:   own_rdata = {28'd0, errors};
        10'd1:   own_rdata = {28'd0, mask};
        10'd2:   own_rdata = {16'd0, counts[15:0]};
        10'd3:   own_rdata = {16'd0, counts[31:16]};
        10'd4:   own_rdata = {16'd0, counts[47:32]};
        10'd5:   own_rdata = {16'd0, counts[63:48]};
        default: own_rdata = 32'd0;
    endcase
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        errors <= 4'd0;
        mask   <= 4'd0;
        counts <= 64'd0;
    end else begin
        errors <= errors & ~((own_write && addr[11:2] == 10'd0) ? data[3:0] : 4'd0) | news;
        if (own_write && addr[11:2] == 10'd1) mask <= data[3:0];
        for (i = 0; i < 4; i = i + 1) begin
            if (own_write && addr[11:2] == 10'd2 + i[9:0])           counts[16*i +: 16] <= 16'd0;
            else if (news[i] && counts[16*i +: 16] != 16'hffff)      counts[16*i +: 16] <= counts[16*i +: 16] + 16'd1;
        end
    end
end

wire unused = |{s_axi_awprot, s_axi_arprot};

`ifdef FORMAL_DLA_AXIL2CSB
`include "dla_axil2csb.vh"
`endif

endmodule

`default_nettype wire
