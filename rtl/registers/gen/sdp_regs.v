// Register file of SDP, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module sdp_regs (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        op_en,
    output wire        consumer,
    input  wire        done,
    output wire        settling,
    output wire [12:0] cfg_data_cube_width_width,
    output wire [12:0] cfg_data_cube_height_height,
    output wire [12:0] cfg_data_cube_channel_channel,
    output wire [31:0] cfg_dst_base_addr_low,
    output wire [31:0] cfg_dst_line_stride,
    output wire [31:0] cfg_dst_surface_stride,
    output wire        cfg_dp_bs_cfg_bs_bypass,
    output wire        cfg_dp_bs_cfg_bs_alu_bypass,
    output wire [1:0]  cfg_dp_bs_cfg_bs_alu_algo,
    output wire        cfg_dp_bs_cfg_bs_mul_bypass,
    output wire        cfg_dp_bs_cfg_bs_mul_prelu,
    output wire        cfg_dp_bs_cfg_bs_relu_bypass,
    output wire        cfg_dp_bs_alu_cfg_bs_alu_src,
    output wire [5:0]  cfg_dp_bs_alu_cfg_bs_alu_shift_value,
    output wire [15:0] cfg_dp_bs_alu_src_value_bs_alu_operand,
    output wire        cfg_dp_bs_mul_cfg_bs_mul_src,
    output wire [7:0]  cfg_dp_bs_mul_cfg_bs_mul_shift_value,
    output wire [15:0] cfg_dp_bs_mul_src_value_bs_mul_operand,
    output wire        cfg_dp_bn_cfg_bn_bypass,
    output wire        cfg_dp_bn_cfg_bn_alu_bypass,
    output wire [1:0]  cfg_dp_bn_cfg_bn_alu_algo,
    output wire        cfg_dp_bn_cfg_bn_mul_bypass,
    output wire        cfg_dp_bn_cfg_bn_mul_prelu,
    output wire        cfg_dp_bn_cfg_bn_relu_bypass,
    output wire        cfg_dp_bn_alu_cfg_bn_alu_src,
    output wire [5:0]  cfg_dp_bn_alu_cfg_bn_alu_shift_value,
    output wire [15:0] cfg_dp_bn_alu_src_value_bn_alu_operand,
    output wire        cfg_dp_bn_mul_cfg_bn_mul_src,
    output wire [7:0]  cfg_dp_bn_mul_cfg_bn_mul_shift_value,
    output wire [15:0] cfg_dp_bn_mul_src_value_bn_mul_operand,
    output wire        cfg_feature_mode_cfg_flying_mode,
    output wire        cfg_feature_mode_cfg_output_dst,
    output wire        cfg_dst_dma_cfg_dst_ram_type,
    output wire [31:0] cfg_cvt_offset,
    output wire [15:0] cfg_cvt_scale,
    output wire [5:0]  cfg_cvt_shift,
    output wire        cfg_perf_enable_perf_dma_en,
    output wire        cfg_perf_enable_perf_sat_en,
    input  wire        sts_status_unequal,
    input  wire [31:0] sts_perf_wdma_write_stall_wdma_stall,
    input  wire [31:0] sts_perf_out_saturation_out_saturation
);

wire [5:0] word;
wire producer;
wire [1:0] dual_write, started;

reg [31:0] mask;
always @* begin
    case (word)
        6'd2: mask = 32'h000303ff;
        6'd4: mask = 32'h00000071;
        6'd5: mask = 32'h00ffffff;
        6'd6, 6'd7, 6'd8, 6'd9, 6'd10, 6'd12, 6'd18, 6'd19, 6'd20, 6'd21, 6'd34, 6'd35,
        6'd39, 6'd40, 6'd46, 6'd48: mask = 32'hffffffff;
        6'd11, 6'd13, 6'd43: mask = 32'h000003ff;
        6'd15, 6'd16, 6'd17: mask = 32'h00001fff;
        6'd22, 6'd27, 6'd32: mask = 32'h0000007f;
        6'd23, 6'd28: mask = 32'h00003f01;
        6'd24, 6'd26, 6'd29, 6'd31, 6'd36, 6'd41, 6'd49: mask = 32'h0000ffff;
        6'd25, 6'd30: mask = 32'h0000ff01;
        6'd33, 6'd38: mask = 32'h00000003;
        6'd37, 6'd42, 6'd50: mask = 32'h0000003f;
        6'd44: mask = 32'h00001f0f;
        6'd45: mask = 32'h00000001;
        6'd47, 6'd55: mask = 32'h0000000f;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        6'd22: reset = 32'h00000073;
        6'd27, 6'd32: reset = 32'h00000053;
        6'd33, 6'd38: reset = 32'h00000002;
        default: reset = 32'd0;
    endcase
end

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [12:0] data_cube_width_word, data_cube_height_word, data_cube_channel_word;
    reg [31:0] dst_base_addr_low_word, dst_line_stride_word, dst_surface_stride_word, cvt_offset_word;
    reg [6:0] dp_bs_cfg_word, dp_bs_alu_cfg_word, dp_bn_cfg_word, dp_bn_alu_cfg_word;
    reg [15:0] dp_bs_alu_src_value_word, dp_bs_mul_src_value_word, dp_bn_alu_src_value_word,
        dp_bn_mul_src_value_word, cvt_scale_word;
    reg [8:0] dp_bs_mul_cfg_word, dp_bn_mul_cfg_word;
    reg [1:0] feature_mode_cfg_word, perf_enable_word;
    reg dst_dma_cfg_word;
    reg [5:0] cvt_shift_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                data_cube_width_word, data_cube_height_word, data_cube_channel_word, dst_base_addr_low_word,
                dst_line_stride_word, dst_surface_stride_word, dp_bs_alu_cfg_word, dp_bs_alu_src_value_word,
                dp_bs_mul_cfg_word, dp_bs_mul_src_value_word, dp_bn_alu_cfg_word, dp_bn_alu_src_value_word,
                dp_bn_mul_cfg_word, dp_bn_mul_src_value_word, feature_mode_cfg_word, dst_dma_cfg_word,
                cvt_offset_word, cvt_scale_word, cvt_shift_word, perf_enable_word
            } <= 0;
            dp_bs_cfg_word <= 7'h73;
            dp_bn_cfg_word <= 7'h53;
        end else if (dual_write[g]) begin
            case (word)
                6'd15: data_cube_width_word <= reg_wdata[12:0];
                6'd16: data_cube_height_word <= reg_wdata[12:0];
                6'd17: data_cube_channel_word <= reg_wdata[12:0];
                6'd18: dst_base_addr_low_word <= reg_wdata[31:0];
                6'd20: dst_line_stride_word <= reg_wdata[31:0];
                6'd21: dst_surface_stride_word <= reg_wdata[31:0];
                6'd22: dp_bs_cfg_word <= reg_wdata[6:0];
                6'd23: dp_bs_alu_cfg_word <= {reg_wdata[13:8], reg_wdata[0]};
                6'd24: dp_bs_alu_src_value_word <= reg_wdata[15:0];
                6'd25: dp_bs_mul_cfg_word <= {reg_wdata[15:8], reg_wdata[0]};
                6'd26: dp_bs_mul_src_value_word <= reg_wdata[15:0];
                6'd27: dp_bn_cfg_word <= reg_wdata[6:0];
                6'd28: dp_bn_alu_cfg_word <= {reg_wdata[13:8], reg_wdata[0]};
                6'd29: dp_bn_alu_src_value_word <= reg_wdata[15:0];
                6'd30: dp_bn_mul_cfg_word <= {reg_wdata[15:8], reg_wdata[0]};
                6'd31: dp_bn_mul_src_value_word <= reg_wdata[15:0];
                6'd44: feature_mode_cfg_word <= reg_wdata[1:0];
                6'd45: dst_dma_cfg_word <= reg_wdata[0];
                6'd48: cvt_offset_word <= reg_wdata[31:0];
                6'd49: cvt_scale_word <= reg_wdata[15:0];
                6'd50: cvt_shift_word <= reg_wdata[5:0];
                6'd55: perf_enable_word <= {reg_wdata[2], reg_wdata[0]};
                default: ;
            endcase
        end
    end
    reg copy_status_unequal;
    reg [31:0] copy_perf_wdma_write_stall_wdma_stall;
    reg [31:0] copy_perf_out_saturation_out_saturation;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {copy_status_unequal, copy_perf_wdma_write_stall_wdma_stall, copy_perf_out_saturation_out_saturation} <= 0;
        end else if (finished[g]) begin
            copy_status_unequal <= sts_status_unequal;
            copy_perf_wdma_write_stall_wdma_stall <= sts_perf_wdma_write_stall_wdma_stall;
            copy_perf_out_saturation_out_saturation <= sts_perf_out_saturation_out_saturation;
        end else if (started[g]) begin
            {copy_status_unequal, copy_perf_wdma_write_stall_wdma_stall, copy_perf_out_saturation_out_saturation} <= 0;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [12:0] running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word;
reg [31:0] running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
    running_cvt_offset_word;
reg [6:0] running_dp_bs_cfg_word, running_dp_bs_alu_cfg_word, running_dp_bn_cfg_word, running_dp_bn_alu_cfg_word;
reg [15:0] running_dp_bs_alu_src_value_word, running_dp_bs_mul_src_value_word, running_dp_bn_alu_src_value_word,
    running_dp_bn_mul_src_value_word, running_cvt_scale_word;
reg [8:0] running_dp_bs_mul_cfg_word, running_dp_bn_mul_cfg_word;
reg [1:0] running_feature_mode_cfg_word, running_perf_enable_word;
reg running_dst_dma_cfg_word;
reg [5:0] running_cvt_shift_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word,
            running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
            running_dp_bs_alu_cfg_word, running_dp_bs_alu_src_value_word, running_dp_bs_mul_cfg_word,
            running_dp_bs_mul_src_value_word, running_dp_bn_alu_cfg_word, running_dp_bn_alu_src_value_word,
            running_dp_bn_mul_cfg_word, running_dp_bn_mul_src_value_word, running_feature_mode_cfg_word,
            running_dst_dma_cfg_word, running_cvt_offset_word, running_cvt_scale_word, running_cvt_shift_word,
            running_perf_enable_word
        } <= 0;
        running_dp_bs_cfg_word <= 7'h73;
        running_dp_bn_cfg_word <= 7'h53;
    end else if (consumer) begin
        running_data_cube_width_word <= g_group[1].data_cube_width_word;
        running_data_cube_height_word <= g_group[1].data_cube_height_word;
        running_data_cube_channel_word <= g_group[1].data_cube_channel_word;
        running_dst_base_addr_low_word <= g_group[1].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[1].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[1].dst_surface_stride_word;
        running_dp_bs_cfg_word <= g_group[1].dp_bs_cfg_word;
        running_dp_bs_alu_cfg_word <= g_group[1].dp_bs_alu_cfg_word;
        running_dp_bs_alu_src_value_word <= g_group[1].dp_bs_alu_src_value_word;
        running_dp_bs_mul_cfg_word <= g_group[1].dp_bs_mul_cfg_word;
        running_dp_bs_mul_src_value_word <= g_group[1].dp_bs_mul_src_value_word;
        running_dp_bn_cfg_word <= g_group[1].dp_bn_cfg_word;
        running_dp_bn_alu_cfg_word <= g_group[1].dp_bn_alu_cfg_word;
        running_dp_bn_alu_src_value_word <= g_group[1].dp_bn_alu_src_value_word;
        running_dp_bn_mul_cfg_word <= g_group[1].dp_bn_mul_cfg_word;
        running_dp_bn_mul_src_value_word <= g_group[1].dp_bn_mul_src_value_word;
        running_feature_mode_cfg_word <= g_group[1].feature_mode_cfg_word;
        running_dst_dma_cfg_word <= g_group[1].dst_dma_cfg_word;
        running_cvt_offset_word <= g_group[1].cvt_offset_word;
        running_cvt_scale_word <= g_group[1].cvt_scale_word;
        running_cvt_shift_word <= g_group[1].cvt_shift_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_data_cube_width_word <= g_group[0].data_cube_width_word;
        running_data_cube_height_word <= g_group[0].data_cube_height_word;
        running_data_cube_channel_word <= g_group[0].data_cube_channel_word;
        running_dst_base_addr_low_word <= g_group[0].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[0].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[0].dst_surface_stride_word;
        running_dp_bs_cfg_word <= g_group[0].dp_bs_cfg_word;
        running_dp_bs_alu_cfg_word <= g_group[0].dp_bs_alu_cfg_word;
        running_dp_bs_alu_src_value_word <= g_group[0].dp_bs_alu_src_value_word;
        running_dp_bs_mul_cfg_word <= g_group[0].dp_bs_mul_cfg_word;
        running_dp_bs_mul_src_value_word <= g_group[0].dp_bs_mul_src_value_word;
        running_dp_bn_cfg_word <= g_group[0].dp_bn_cfg_word;
        running_dp_bn_alu_cfg_word <= g_group[0].dp_bn_alu_cfg_word;
        running_dp_bn_alu_src_value_word <= g_group[0].dp_bn_alu_src_value_word;
        running_dp_bn_mul_cfg_word <= g_group[0].dp_bn_mul_cfg_word;
        running_dp_bn_mul_src_value_word <= g_group[0].dp_bn_mul_src_value_word;
        running_feature_mode_cfg_word <= g_group[0].feature_mode_cfg_word;
        running_dst_dma_cfg_word <= g_group[0].dst_dma_cfg_word;
        running_cvt_offset_word <= g_group[0].cvt_offset_word;
        running_cvt_scale_word <= g_group[0].cvt_scale_word;
        running_cvt_shift_word <= g_group[0].cvt_shift_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].data_cube_width_word, g_group[1].data_cube_height_word, g_group[1].data_cube_channel_word,
    g_group[1].dst_base_addr_low_word, g_group[1].dst_line_stride_word, g_group[1].dst_surface_stride_word,
    g_group[1].dp_bs_cfg_word, g_group[1].dp_bs_alu_cfg_word, g_group[1].dp_bs_alu_src_value_word,
    g_group[1].dp_bs_mul_cfg_word, g_group[1].dp_bs_mul_src_value_word, g_group[1].dp_bn_cfg_word,
    g_group[1].dp_bn_alu_cfg_word, g_group[1].dp_bn_alu_src_value_word, g_group[1].dp_bn_mul_cfg_word,
    g_group[1].dp_bn_mul_src_value_word, g_group[1].feature_mode_cfg_word, g_group[1].dst_dma_cfg_word,
    g_group[1].cvt_offset_word, g_group[1].cvt_scale_word, g_group[1].cvt_shift_word, g_group[1].perf_enable_word
} : {
    g_group[0].data_cube_width_word, g_group[0].data_cube_height_word, g_group[0].data_cube_channel_word,
    g_group[0].dst_base_addr_low_word, g_group[0].dst_line_stride_word, g_group[0].dst_surface_stride_word,
    g_group[0].dp_bs_cfg_word, g_group[0].dp_bs_alu_cfg_word, g_group[0].dp_bs_alu_src_value_word,
    g_group[0].dp_bs_mul_cfg_word, g_group[0].dp_bs_mul_src_value_word, g_group[0].dp_bn_cfg_word,
    g_group[0].dp_bn_alu_cfg_word, g_group[0].dp_bn_alu_src_value_word, g_group[0].dp_bn_mul_cfg_word,
    g_group[0].dp_bn_mul_src_value_word, g_group[0].feature_mode_cfg_word, g_group[0].dst_dma_cfg_word,
    g_group[0].cvt_offset_word, g_group[0].cvt_scale_word, g_group[0].cvt_shift_word, g_group[0].perf_enable_word
}) == {
    running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word,
    running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
    running_dp_bs_cfg_word, running_dp_bs_alu_cfg_word, running_dp_bs_alu_src_value_word,
    running_dp_bs_mul_cfg_word, running_dp_bs_mul_src_value_word, running_dp_bn_cfg_word,
    running_dp_bn_alu_cfg_word, running_dp_bn_alu_src_value_word, running_dp_bn_mul_cfg_word,
    running_dp_bn_mul_src_value_word, running_feature_mode_cfg_word, running_dst_dma_cfg_word,
    running_cvt_offset_word, running_cvt_scale_word, running_cvt_shift_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign cfg_data_cube_width_width = running_data_cube_width_word;
assign cfg_data_cube_height_height = running_data_cube_height_word;
assign cfg_data_cube_channel_channel = running_data_cube_channel_word;
assign cfg_dst_base_addr_low = running_dst_base_addr_low_word;
assign cfg_dst_line_stride = running_dst_line_stride_word;
assign cfg_dst_surface_stride = running_dst_surface_stride_word;
assign {cfg_dp_bs_cfg_bs_relu_bypass, cfg_dp_bs_cfg_bs_mul_prelu, cfg_dp_bs_cfg_bs_mul_bypass, cfg_dp_bs_cfg_bs_alu_algo, cfg_dp_bs_cfg_bs_alu_bypass, cfg_dp_bs_cfg_bs_bypass} =
    running_dp_bs_cfg_word;
assign {cfg_dp_bs_alu_cfg_bs_alu_shift_value, cfg_dp_bs_alu_cfg_bs_alu_src} = running_dp_bs_alu_cfg_word;
assign cfg_dp_bs_alu_src_value_bs_alu_operand = running_dp_bs_alu_src_value_word;
assign {cfg_dp_bs_mul_cfg_bs_mul_shift_value, cfg_dp_bs_mul_cfg_bs_mul_src} = running_dp_bs_mul_cfg_word;
assign cfg_dp_bs_mul_src_value_bs_mul_operand = running_dp_bs_mul_src_value_word;
assign {cfg_dp_bn_cfg_bn_relu_bypass, cfg_dp_bn_cfg_bn_mul_prelu, cfg_dp_bn_cfg_bn_mul_bypass, cfg_dp_bn_cfg_bn_alu_algo, cfg_dp_bn_cfg_bn_alu_bypass, cfg_dp_bn_cfg_bn_bypass} =
    running_dp_bn_cfg_word;
assign {cfg_dp_bn_alu_cfg_bn_alu_shift_value, cfg_dp_bn_alu_cfg_bn_alu_src} = running_dp_bn_alu_cfg_word;
assign cfg_dp_bn_alu_src_value_bn_alu_operand = running_dp_bn_alu_src_value_word;
assign {cfg_dp_bn_mul_cfg_bn_mul_shift_value, cfg_dp_bn_mul_cfg_bn_mul_src} = running_dp_bn_mul_cfg_word;
assign cfg_dp_bn_mul_src_value_bn_mul_operand = running_dp_bn_mul_src_value_word;
assign {cfg_feature_mode_cfg_output_dst, cfg_feature_mode_cfg_flying_mode} = running_feature_mode_cfg_word;
assign cfg_dst_dma_cfg_dst_ram_type = running_dst_dma_cfg_word;
assign cfg_cvt_offset = running_cvt_offset_word;
assign cfg_cvt_scale = running_cvt_scale_word;
assign cfg_cvt_shift = running_cvt_shift_word;
assign {cfg_perf_enable_perf_sat_en, cfg_perf_enable_perf_dma_en} = running_perf_enable_word;

reg [31:0] value;
always @* begin
    case (word)
        6'd51: value = {31'd0, (producer ? g_group[1].copy_status_unequal : g_group[0].copy_status_unequal)};
        6'd56: value = (producer ? g_group[1].copy_perf_wdma_write_stall_wdma_stall : g_group[0].copy_perf_wdma_write_stall_wdma_stall);
        6'd59: value = (producer ? g_group[1].copy_perf_out_saturation_out_saturation : g_group[0].copy_perf_out_saturation_out_saturation);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(6), .GROUPED(1), .FIRST_DUAL(14),
           .STORED(128'h87ffffffff80000087ffffffffbff4)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(started), .op_en(op_en),
    .consumer(consumer), .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
