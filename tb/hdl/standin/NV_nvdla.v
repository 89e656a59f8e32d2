// Stand-in for the accelerator: the smallest "other DUT" with the ports of NV_nvdla, for the self-test of
// the chip-level environment. Not an accelerator.
//
// SDP_RDMA + SDP as a copy engine: writing SDP.D_OP_ENABLE copies D_DATA_CUBE_WIDTH + 1 atoms from
// SDP_RDMA.D_SRC_BASE_ADDR_LOW to SDP.D_DST_BASE_ADDR_LOW and raises GLB bit 0 after the last write
// response. As in the real machine nothing moves while SDP_RDMA.SRC_RAM_TYPE is 0. Both clocks must be the
// same net. Reads of registers answer after two cycles, one request at a time.
`default_nettype none
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off DECLFILENAME */

module NV_nvdla (
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
    output reg         nvdla2csb_valid,
    output reg  [31:0] nvdla2csb_data,
    output reg         nvdla2csb_wr_complete,
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
    output reg         dla_intr,
    input  wire [31:0] nvdla_pwrbus_ram_c_pd,
    input  wire [31:0] nvdla_pwrbus_ram_ma_pd,
    input  wire [31:0] nvdla_pwrbus_ram_mb_pd,
    input  wire [31:0] nvdla_pwrbus_ram_p_pd,
    input  wire [31:0] nvdla_pwrbus_ram_o_pd,
    input  wire [31:0] nvdla_pwrbus_ram_a_pd
);

wire clk = dla_core_clk;
wire rst_n = dla_reset_rstn;

// ---- registers ----
reg        op_en, intr_status, read_pending;
reg [31:0] intr_mask, width, src, dst, read_data;
reg        ram_type;
reg [13:0] ar_left, aw_left, w_left, b_left;
reg [28:0] ar_addr, aw_addr;

wire [17:0] address = {csb2nvdla_addr, 2'b00};
wire        fire  = csb2nvdla_valid && csb2nvdla_ready;
wire        write = fire && csb2nvdla_write;
wire        start = write && address == 18'h09038 && csb2nvdla_wdat[0] && !op_en;
wire        last_b = nvdla_core2dbb_b_bvalid && b_left == 1;

assign csb2nvdla_ready = !read_pending;

reg [31:0] value;
always @* begin
    case (address)
        18'h01004: value = intr_mask;
        18'h0100c: value = {31'd0, intr_status};
        18'h08018: value = src;
        18'h0801c: value = 32'd0;
        18'h09000: value = {31'd0, op_en};  // S_STATUS: group 0 running
        18'h09038: value = {31'd0, op_en};
        18'h0903c: value = width;
        18'h09048: value = dst;
        default:   value = 32'd0;
    endcase
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {op_en, intr_status, read_pending, ram_type, dla_intr} <= 0;
        {nvdla2csb_valid, nvdla2csb_wr_complete} <= 0;
        intr_mask <= 0;
        {ar_left, aw_left, w_left, b_left} <= 0;
    end else begin
        read_pending <= fire && !csb2nvdla_write;
        nvdla2csb_valid <= read_pending;
        nvdla2csb_wr_complete <= write && csb2nvdla_nposted;
        dla_intr <= intr_status && !intr_mask[0];
        if (write && address == 18'h01004) intr_mask <= csb2nvdla_wdat;
        if (write && address == 18'h0100c && csb2nvdla_wdat[0]) intr_status <= 0;
        if (write && address == 18'h08074 && !op_en) ram_type <= csb2nvdla_wdat[0];
        if (start) begin
            op_en <= 1;
            {ar_left, aw_left, w_left, b_left} <= {4{width[13:0] + 14'd1}};
        end else begin
            if (nvdla_core2dbb_ar_arvalid && nvdla_core2dbb_ar_arready) ar_left <= ar_left - 1'b1;
            if (nvdla_core2dbb_aw_awvalid && nvdla_core2dbb_aw_awready) aw_left <= aw_left - 1'b1;
            if (nvdla_core2dbb_w_wvalid && nvdla_core2dbb_w_wready) w_left <= w_left - 1'b1;
            if (nvdla_core2dbb_b_bvalid) b_left <= b_left - 1'b1;
        end
        if (last_b) begin
            op_en <= 0;
            intr_status <= 1;
        end
    end
end

always @(posedge clk) begin
    if (write && address == 18'h0903c && !op_en) width <= csb2nvdla_wdat;
    if (write && address == 18'h09048 && !op_en) dst <= csb2nvdla_wdat;
    if (write && address == 18'h08018 && !op_en) src <= csb2nvdla_wdat;
    read_data <= value;
    if (read_pending) nvdla2csb_data <= read_data;
    if (start) begin
        ar_addr <= src[31:3];
        aw_addr <= dst[31:3];
    end else begin
        if (nvdla_core2dbb_ar_arvalid && nvdla_core2dbb_ar_arready) ar_addr <= ar_addr + 1'b1;
        if (nvdla_core2dbb_aw_awvalid && nvdla_core2dbb_aw_awready) aw_addr <= aw_addr + 1'b1;
    end
end

// ---- memory ----
assign nvdla_core2dbb_ar_arvalid = ar_left != 0 && ram_type;
assign nvdla_core2dbb_ar_araddr  = {ar_addr, 3'b000};
assign nvdla_core2dbb_ar_arid    = 8'd1;
assign nvdla_core2dbb_ar_arlen   = 4'd0;
assign nvdla_core2dbb_aw_awvalid = aw_left != 0 && ram_type;
assign nvdla_core2dbb_aw_awaddr  = {aw_addr, 3'b000};
assign nvdla_core2dbb_aw_awid    = 8'd1;
assign nvdla_core2dbb_aw_awlen   = 4'd0;
assign nvdla_core2dbb_w_wstrb    = 8'hff;
assign nvdla_core2dbb_w_wlast    = 1'b1;
assign nvdla_core2dbb_b_bready   = 1'b1;

dla_fifo #(.WIDTH(64), .DEPTH(64)) u_data (
    .clk(clk), .rst_n(rst_n),
    .in_valid(nvdla_core2dbb_r_rvalid), .in_ready(nvdla_core2dbb_r_rready), .in_data(nvdla_core2dbb_r_rdata),
    .out_valid(nvdla_core2dbb_w_wvalid), .out_ready(nvdla_core2dbb_w_wready), .out_data(nvdla_core2dbb_w_wdata)
);

endmodule

`default_nettype wire
