// Register file of MCIF, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// One copy of all. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module mcif_regs (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire [7:0]  cfg_cfg_rd_weight_0_rd_weight_sdp,
    output wire [7:0]  cfg_cfg_rd_weight_0_rd_weight_pdp,
    output wire [7:0]  cfg_cfg_rd_weight_0_rd_weight_cdp,
    output wire [7:0]  cfg_cfg_rd_weight_1_rd_weight_sdp_b,
    output wire [7:0]  cfg_cfg_rd_weight_1_rd_weight_sdp_n,
    output wire [7:0]  cfg_cfg_rd_weight_1_rd_weight_cdma_dat,
    output wire [7:0]  cfg_cfg_rd_weight_2_rd_weight_cdma_wt,
    output wire [7:0]  cfg_cfg_wr_weight_0_wr_weight_sdp,
    output wire [7:0]  cfg_cfg_wr_weight_0_wr_weight_pdp,
    output wire [7:0]  cfg_cfg_wr_weight_0_wr_weight_cdp,
    output wire [7:0]  cfg_cfg_outstanding_cnt_rd_os_cnt,
    output wire [7:0]  cfg_cfg_outstanding_cnt_wr_os_cnt
);

wire [2:0] word;
wire single_write;

reg [31:0] mask;
always @* begin
    case (word)
        3'd0, 3'd1, 3'd2, 3'd3, 3'd4: mask = 32'hffffffff;
        3'd5: mask = 32'h0000ffff;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        3'd0, 3'd1, 3'd2, 3'd3, 3'd4: reset = 32'h01010101;
        3'd5: reset = 32'h0000ffff;
        3'd6: reset = 32'h00000100;
        default: reset = 32'd0;
    endcase
end

reg [23:0] cfg_rd_weight_0_word, cfg_rd_weight_1_word, cfg_wr_weight_0_word;
reg [7:0] cfg_rd_weight_2_word;
reg [15:0] cfg_outstanding_cnt_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        cfg_rd_weight_0_word <= 24'h10101;
        cfg_rd_weight_1_word <= 24'h10101;
        cfg_rd_weight_2_word <= 8'h1;
        cfg_wr_weight_0_word <= 24'h10101;
        cfg_outstanding_cnt_word <= 16'hffff;
    end else if (single_write) begin
        case (word)
            3'd0: cfg_rd_weight_0_word <= reg_wdata[31:8];
            3'd1: cfg_rd_weight_1_word <= {reg_wdata[31:24], reg_wdata[15:0]};
            3'd2: cfg_rd_weight_2_word <= reg_wdata[7:0];
            3'd3: cfg_wr_weight_0_word <= reg_wdata[31:8];
            3'd5: cfg_outstanding_cnt_word <= reg_wdata[15:0];
            default: ;
        endcase
    end
end
assign {cfg_cfg_rd_weight_0_rd_weight_cdp, cfg_cfg_rd_weight_0_rd_weight_pdp, cfg_cfg_rd_weight_0_rd_weight_sdp} =
    cfg_rd_weight_0_word;
assign {cfg_cfg_rd_weight_1_rd_weight_cdma_dat, cfg_cfg_rd_weight_1_rd_weight_sdp_n, cfg_cfg_rd_weight_1_rd_weight_sdp_b} =
    cfg_rd_weight_1_word;
assign cfg_cfg_rd_weight_2_rd_weight_cdma_wt = cfg_rd_weight_2_word;
assign {cfg_cfg_wr_weight_0_wr_weight_cdp, cfg_cfg_wr_weight_0_wr_weight_pdp, cfg_cfg_wr_weight_0_wr_weight_sdp} =
    cfg_wr_weight_0_word;
assign {cfg_cfg_outstanding_cnt_wr_os_cnt, cfg_cfg_outstanding_cnt_rd_os_cnt} = cfg_outstanding_cnt_word;

wire [31:0] value = 32'd0;

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(3), .GROUPED(0), .FIRST_DUAL(0),
           .STORED(8'h3f)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(single_write), .dual_write(), .producer(), .started(), .op_en(), .consumer(), .done(1'b0),
    .settling()
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
