// Simulation only: stands in for the accelerator behind the AXI shell, so that its bench need not build the chip.
//
//   CSB --> csb_master --> registers of a copier: reads and writes a row of words at full rate
//
// Registers, unit 3 (0x3000): 0x10 COUNT (a write starts), 0x14 FROM, 0x18 TO, 0x1C done (a write clears dla_intr), 0x20 reads
// answered, 0x24 writes answered, 0x28 and 0x2C xor of the words read, lower and upper half. It writes {~address, address} and is
// done when all is answered. Like the chip, it forgets all in a reset, and its ready pins are 1 in it.
`default_nettype none

module NV_nvdla #(
    parameter SDP_LANES   = 8,
    parameter PDP_LANES   = 8,
    parameter CDP_LANES   = 8,
    parameter MAC_DSP     = 1,
    parameter LUT_RAMS    = 0,
    parameter CLOCK_GATES = 1
) (
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

wire        clk = dla_core_clk;
wire        rst_n, csb_rst_n, reg_write;
wire [13:0] reg_valid;
wire [9:0]  reg_addr;
wire [31:0] reg_wdata;
reg  [31:0] reg_rdata;

dla_reset_sync #(.STAGES(4)) u_core_reset (
    .clk(clk), .rst_in_n(dla_reset_rstn), .test_mode(test_mode), .test_rst_n(direct_reset_), .rst_n(rst_n)
);
dla_reset_sync u_csb_reset (
    .clk(dla_csb_clk), .rst_in_n(rst_n), .test_mode(test_mode), .test_rst_n(direct_reset_), .rst_n(csb_rst_n)
);

csb_master u_csb_master (
    .csb_clk(dla_csb_clk), .csb_rst_n(csb_rst_n),
    .csb2nvdla_valid(csb2nvdla_valid), .csb2nvdla_ready(csb2nvdla_ready), .csb2nvdla_addr(csb2nvdla_addr),
    .csb2nvdla_wdat(csb2nvdla_wdat), .csb2nvdla_write(csb2nvdla_write), .csb2nvdla_nposted(csb2nvdla_nposted),
    .nvdla2csb_valid(nvdla2csb_valid), .nvdla2csb_data(nvdla2csb_data), .nvdla2csb_wr_complete(nvdla2csb_wr_complete),
    .clk(clk), .rst_n(rst_n), .ungated(1'b1), .reg_clk(), .settling(1'b0), .hold(1'b0),
    .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr), .reg_wdata(reg_wdata), .reg_rdata(reg_rdata)
);

wire        mine  = reg_valid[3];
wire        write = mine && reg_write;
reg  [31:0] count, from, to, reads, writes, asked, sent, data_sent;
reg  [63:0] sum;
reg         done;
wire        ar = nvdla_core2dbb_ar_arvalid && nvdla_core2dbb_ar_arready;
wire        aw = nvdla_core2dbb_aw_awvalid && nvdla_core2dbb_aw_awready;
wire        w  = nvdla_core2dbb_w_wvalid && nvdla_core2dbb_w_wready;
wire        r  = nvdla_core2dbb_r_rvalid;
wire        b  = nvdla_core2dbb_b_bvalid;

// Address and data of a write are shown in the same cycle, as the chip does (system.md W1): neither runs ahead by more than one.
assign nvdla_core2dbb_ar_arvalid = asked != count;
assign nvdla_core2dbb_ar_araddr  = from + {asked[28:0], 3'd0};
assign nvdla_core2dbb_aw_awvalid = sent != count && sent <= data_sent;
assign nvdla_core2dbb_aw_awaddr  = to + {sent[28:0], 3'd0};
assign nvdla_core2dbb_w_wvalid   = data_sent != count && data_sent <= sent;
wire [31:0] data_addr            = to + {data_sent[28:0], 3'd0};
assign nvdla_core2dbb_w_wdata    = {~data_addr, data_addr};
assign {nvdla_core2dbb_ar_arid, nvdla_core2dbb_aw_awid, nvdla_core2dbb_w_wstrb} = {8'd8, 8'd1, 8'hff};
assign {nvdla_core2dbb_ar_arlen, nvdla_core2dbb_aw_awlen, nvdla_core2dbb_w_wlast} = {8'd0, 1'b1};
assign {nvdla_core2dbb_r_rready, nvdla_core2dbb_b_bready} = 2'b11;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {count, from, to, reads, writes, asked, sent, data_sent, sum} <= 0;
        {done, reg_rdata} <= 0;
    end else begin
        asked     <= asked + {31'd0, ar};
        sent      <= sent + {31'd0, aw};
        data_sent <= data_sent + {31'd0, w};
        reads     <= reads + {31'd0, r};
        writes    <= writes + {31'd0, b};
        if (r) sum <= sum ^ nvdla_core2dbb_r_rdata;
        if (count != 0 && reads == count && writes == count) begin
            done  <= 1'b1;
            count <= 0;
            {asked, sent, data_sent} <= 0;
        end
        if (write && reg_addr == 10'd4) begin
            count <= reg_wdata;
            {reads, writes, asked, sent, data_sent, sum} <= 0;
        end
        if (write && reg_addr == 10'd5) from <= reg_wdata;
        if (write && reg_addr == 10'd6) to <= reg_wdata;
        if (write && reg_addr == 10'd7) done <= 1'b0;
        reg_rdata <= !(mine && !reg_write) ? 32'd0
            : (reg_addr == 10'd5) ? from : (reg_addr == 10'd6) ? to : (reg_addr == 10'd7) ? {31'd0, done}
            : (reg_addr == 10'd8) ? reads : (reg_addr == 10'd9) ? writes
            : (reg_addr == 10'd10) ? sum[31:0] : (reg_addr == 10'd11) ? sum[63:32] : 32'd0;
    end
end

dla_sync u_interrupt (.clk(dla_csb_clk), .rst_n(csb_rst_n), .d(done), .q(dla_intr));

endmodule

`default_nettype wire
