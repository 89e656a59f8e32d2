// Register file of CDMA, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module cdma_regs (
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
    output wire        cfg_misc_cfg_conv_mode,
    output wire        cfg_misc_cfg_data_reuse,
    output wire        cfg_misc_cfg_weight_reuse,
    output wire        cfg_misc_cfg_skip_data_rls,
    output wire        cfg_misc_cfg_skip_weight_rls,
    output wire        cfg_datain_format,
    output wire [5:0]  cfg_datain_format_pixel_format,
    output wire        cfg_datain_format_pixel_sign_override,
    output wire [12:0] cfg_datain_size_0_datain_width,
    output wire [12:0] cfg_datain_size_0_datain_height,
    output wire [12:0] cfg_datain_size_1_datain_channel,
    output wire [4:0]  cfg_pixel_offset_pixel_x_offset,
    output wire        cfg_dain_ram_type_datain_ram_type,
    output wire [31:0] cfg_dain_addr_low_0_datain_addr_low_0,
    output wire [31:0] cfg_dain_addr_low_1_datain_addr_low_1,
    output wire [31:0] cfg_line_stride,
    output wire [31:0] cfg_line_uv_stride_uv_line_stride,
    output wire [31:0] cfg_surf_stride,
    output wire        cfg_dain_map_surf_packed,
    output wire [13:0] cfg_entry_per_slice_entries,
    output wire        cfg_weight_ram_type,
    output wire [31:0] cfg_weight_addr_low,
    output wire [31:0] cfg_weight_bytes,
    output wire        cfg_mean_format,
    output wire [15:0] cfg_mean_global_0_mean_ry,
    output wire [15:0] cfg_mean_global_0_mean_gu,
    output wire [15:0] cfg_mean_global_1_mean_bv,
    output wire [15:0] cfg_mean_global_1_mean_ax,
    output wire        cfg_cvt_cfg_cvt_en,
    output wire [5:0]  cfg_cvt_cfg_cvt_truncate,
    output wire [15:0] cfg_cvt_offset,
    output wire [15:0] cfg_cvt_scale,
    output wire [4:0]  cfg_zero_padding_pad_left,
    output wire [15:0] cfg_zero_padding_value_pad_value,
    output wire [4:0]  cfg_bank_data_bank,
    output wire [4:0]  cfg_bank_weight_bank,
    output wire        cfg_perf_enable_dma_en,
    input  wire        sts_cbuf_flush_status_flush_done,
    input  wire [31:0] sts_perf_dat_read_stall_dat_rd_stall,
    input  wire [31:0] sts_perf_wt_read_stall_wt_rd_stall,
    input  wire [31:0] sts_perf_dat_read_latency_dat_rd_latency
);

wire [5:0] word;
wire producer;
wire [1:0] dual_write, started;

reg [31:0] mask;
always @* begin
    case (word)
        6'd2: mask = 32'h000f000f;
        6'd5: mask = 32'h11113301;
        6'd6: mask = 32'h00113f01;
        6'd7, 6'd9: mask = 32'h1fff1fff;
        6'd8, 6'd28: mask = 32'h00001fff;
        6'd10: mask = 32'h0007001f;
        6'd11, 6'd26, 6'd29, 6'd38, 6'd48, 6'd53: mask = 32'h00000001;
        6'd12, 6'd13, 6'd14, 6'd15, 6'd16, 6'd17, 6'd18, 6'd23, 6'd30, 6'd31, 6'd32, 6'd33,
        6'd34, 6'd35, 6'd36, 6'd39, 6'd40, 6'd58: mask = 32'hffffffff;
        6'd19: mask = 32'h00010001;
        6'd20: mask = 32'h03ff03ff;
        6'd21: mask = 32'h001f0007;
        6'd22: mask = 32'h0000001f;
        6'd24: mask = 32'h00003fff;
        6'd25: mask = 32'h00000fff;
        6'd27: mask = 32'h0003ffff;
        6'd37: mask = 32'h0fffffff;
        6'd41: mask = 32'h000003f1;
        6'd42, 6'd43, 6'd46: mask = 32'h0000ffff;
        6'd44: mask = 32'h00070007;
        6'd45: mask = 32'h3f1f3f1f;
        6'd47: mask = 32'h001f001f;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        6'd2: reset = 32'h0003000f;
        6'd5: reset = 32'h00001100;
        6'd6: reset = 32'h00000c00;
        default: reset = 32'd0;
    endcase
end

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [4:0] misc_cfg_word, pixel_offset_word, zero_padding_word;
    reg [7:0] datain_format_word;
    reg [25:0] datain_size_0_word;
    reg [12:0] datain_size_1_word;
    reg dain_ram_type_word, dain_map_word, weight_ram_type_word, mean_format_word, perf_enable_word;
    reg [31:0] dain_addr_low_0_word, dain_addr_low_1_word, line_stride_word, line_uv_stride_word, surf_stride_word,
        weight_addr_low_word, weight_bytes_word, mean_global_0_word, mean_global_1_word;
    reg [13:0] entry_per_slice_word;
    reg [6:0] cvt_cfg_word;
    reg [15:0] cvt_offset_word, cvt_scale_word, zero_padding_value_word;
    reg [9:0] bank_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                misc_cfg_word, datain_size_0_word, datain_size_1_word, pixel_offset_word, dain_ram_type_word,
                dain_addr_low_0_word, dain_addr_low_1_word, line_stride_word, line_uv_stride_word, surf_stride_word,
                dain_map_word, entry_per_slice_word, weight_ram_type_word, weight_addr_low_word, weight_bytes_word,
                mean_format_word, mean_global_0_word, mean_global_1_word, cvt_cfg_word, cvt_offset_word,
                cvt_scale_word, zero_padding_word, zero_padding_value_word, bank_word, perf_enable_word
            } <= 0;
            datain_format_word <= 8'h18;
        end else if (dual_write[g]) begin
            case (word)
                6'd5: misc_cfg_word <= {reg_wdata[28], reg_wdata[24], reg_wdata[20], reg_wdata[16], reg_wdata[0]};
                6'd6: datain_format_word <= {reg_wdata[20], reg_wdata[13:8], reg_wdata[0]};
                6'd7: datain_size_0_word <= {reg_wdata[28:16], reg_wdata[12:0]};
                6'd8: datain_size_1_word <= reg_wdata[12:0];
                6'd10: pixel_offset_word <= reg_wdata[4:0];
                6'd11: dain_ram_type_word <= reg_wdata[0];
                6'd13: dain_addr_low_0_word <= reg_wdata[31:0];
                6'd15: dain_addr_low_1_word <= reg_wdata[31:0];
                6'd16: line_stride_word <= reg_wdata[31:0];
                6'd17: line_uv_stride_word <= reg_wdata[31:0];
                6'd18: surf_stride_word <= reg_wdata[31:0];
                6'd19: dain_map_word <= reg_wdata[16];
                6'd24: entry_per_slice_word <= reg_wdata[13:0];
                6'd29: weight_ram_type_word <= reg_wdata[0];
                6'd31: weight_addr_low_word <= reg_wdata[31:0];
                6'd32: weight_bytes_word <= reg_wdata[31:0];
                6'd38: mean_format_word <= reg_wdata[0];
                6'd39: mean_global_0_word <= reg_wdata[31:0];
                6'd40: mean_global_1_word <= reg_wdata[31:0];
                6'd41: cvt_cfg_word <= {reg_wdata[9:4], reg_wdata[0]};
                6'd42: cvt_offset_word <= reg_wdata[15:0];
                6'd43: cvt_scale_word <= reg_wdata[15:0];
                6'd45: zero_padding_word <= reg_wdata[4:0];
                6'd46: zero_padding_value_word <= reg_wdata[15:0];
                6'd47: bank_word <= {reg_wdata[20:16], reg_wdata[4:0]};
                6'd53: perf_enable_word <= reg_wdata[0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_perf_dat_read_stall_dat_rd_stall;
    reg [31:0] copy_perf_wt_read_stall_wt_rd_stall;
    reg [31:0] copy_perf_dat_read_latency_dat_rd_latency;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                copy_perf_dat_read_stall_dat_rd_stall, copy_perf_wt_read_stall_wt_rd_stall,
                copy_perf_dat_read_latency_dat_rd_latency
            } <= 0;
        end else if (finished[g]) begin
            copy_perf_dat_read_stall_dat_rd_stall <= sts_perf_dat_read_stall_dat_rd_stall;
            copy_perf_wt_read_stall_wt_rd_stall <= sts_perf_wt_read_stall_wt_rd_stall;
            copy_perf_dat_read_latency_dat_rd_latency <= sts_perf_dat_read_latency_dat_rd_latency;
        end else if (started[g]) begin
            {
                copy_perf_dat_read_stall_dat_rd_stall, copy_perf_wt_read_stall_wt_rd_stall,
                copy_perf_dat_read_latency_dat_rd_latency
            } <= 0;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [4:0] running_misc_cfg_word, running_pixel_offset_word, running_zero_padding_word;
reg [7:0] running_datain_format_word;
reg [25:0] running_datain_size_0_word;
reg [12:0] running_datain_size_1_word;
reg running_dain_ram_type_word, running_dain_map_word, running_weight_ram_type_word, running_mean_format_word,
    running_perf_enable_word;
reg [31:0] running_dain_addr_low_0_word, running_dain_addr_low_1_word, running_line_stride_word,
    running_line_uv_stride_word, running_surf_stride_word, running_weight_addr_low_word, running_weight_bytes_word,
    running_mean_global_0_word, running_mean_global_1_word;
reg [13:0] running_entry_per_slice_word;
reg [6:0] running_cvt_cfg_word;
reg [15:0] running_cvt_offset_word, running_cvt_scale_word, running_zero_padding_value_word;
reg [9:0] running_bank_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_misc_cfg_word, running_datain_size_0_word, running_datain_size_1_word,
            running_pixel_offset_word, running_dain_ram_type_word, running_dain_addr_low_0_word,
            running_dain_addr_low_1_word, running_line_stride_word, running_line_uv_stride_word,
            running_surf_stride_word, running_dain_map_word, running_entry_per_slice_word,
            running_weight_ram_type_word, running_weight_addr_low_word, running_weight_bytes_word,
            running_mean_format_word, running_mean_global_0_word, running_mean_global_1_word, running_cvt_cfg_word,
            running_cvt_offset_word, running_cvt_scale_word, running_zero_padding_word,
            running_zero_padding_value_word, running_bank_word, running_perf_enable_word
        } <= 0;
        running_datain_format_word <= 8'h18;
    end else if (consumer) begin
        running_misc_cfg_word <= g_group[1].misc_cfg_word;
        running_datain_format_word <= g_group[1].datain_format_word;
        running_datain_size_0_word <= g_group[1].datain_size_0_word;
        running_datain_size_1_word <= g_group[1].datain_size_1_word;
        running_pixel_offset_word <= g_group[1].pixel_offset_word;
        running_dain_ram_type_word <= g_group[1].dain_ram_type_word;
        running_dain_addr_low_0_word <= g_group[1].dain_addr_low_0_word;
        running_dain_addr_low_1_word <= g_group[1].dain_addr_low_1_word;
        running_line_stride_word <= g_group[1].line_stride_word;
        running_line_uv_stride_word <= g_group[1].line_uv_stride_word;
        running_surf_stride_word <= g_group[1].surf_stride_word;
        running_dain_map_word <= g_group[1].dain_map_word;
        running_entry_per_slice_word <= g_group[1].entry_per_slice_word;
        running_weight_ram_type_word <= g_group[1].weight_ram_type_word;
        running_weight_addr_low_word <= g_group[1].weight_addr_low_word;
        running_weight_bytes_word <= g_group[1].weight_bytes_word;
        running_mean_format_word <= g_group[1].mean_format_word;
        running_mean_global_0_word <= g_group[1].mean_global_0_word;
        running_mean_global_1_word <= g_group[1].mean_global_1_word;
        running_cvt_cfg_word <= g_group[1].cvt_cfg_word;
        running_cvt_offset_word <= g_group[1].cvt_offset_word;
        running_cvt_scale_word <= g_group[1].cvt_scale_word;
        running_zero_padding_word <= g_group[1].zero_padding_word;
        running_zero_padding_value_word <= g_group[1].zero_padding_value_word;
        running_bank_word <= g_group[1].bank_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_misc_cfg_word <= g_group[0].misc_cfg_word;
        running_datain_format_word <= g_group[0].datain_format_word;
        running_datain_size_0_word <= g_group[0].datain_size_0_word;
        running_datain_size_1_word <= g_group[0].datain_size_1_word;
        running_pixel_offset_word <= g_group[0].pixel_offset_word;
        running_dain_ram_type_word <= g_group[0].dain_ram_type_word;
        running_dain_addr_low_0_word <= g_group[0].dain_addr_low_0_word;
        running_dain_addr_low_1_word <= g_group[0].dain_addr_low_1_word;
        running_line_stride_word <= g_group[0].line_stride_word;
        running_line_uv_stride_word <= g_group[0].line_uv_stride_word;
        running_surf_stride_word <= g_group[0].surf_stride_word;
        running_dain_map_word <= g_group[0].dain_map_word;
        running_entry_per_slice_word <= g_group[0].entry_per_slice_word;
        running_weight_ram_type_word <= g_group[0].weight_ram_type_word;
        running_weight_addr_low_word <= g_group[0].weight_addr_low_word;
        running_weight_bytes_word <= g_group[0].weight_bytes_word;
        running_mean_format_word <= g_group[0].mean_format_word;
        running_mean_global_0_word <= g_group[0].mean_global_0_word;
        running_mean_global_1_word <= g_group[0].mean_global_1_word;
        running_cvt_cfg_word <= g_group[0].cvt_cfg_word;
        running_cvt_offset_word <= g_group[0].cvt_offset_word;
        running_cvt_scale_word <= g_group[0].cvt_scale_word;
        running_zero_padding_word <= g_group[0].zero_padding_word;
        running_zero_padding_value_word <= g_group[0].zero_padding_value_word;
        running_bank_word <= g_group[0].bank_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].misc_cfg_word, g_group[1].datain_format_word, g_group[1].datain_size_0_word,
    g_group[1].datain_size_1_word, g_group[1].pixel_offset_word, g_group[1].dain_ram_type_word,
    g_group[1].dain_addr_low_0_word, g_group[1].dain_addr_low_1_word, g_group[1].line_stride_word,
    g_group[1].line_uv_stride_word, g_group[1].surf_stride_word, g_group[1].dain_map_word,
    g_group[1].entry_per_slice_word, g_group[1].weight_ram_type_word, g_group[1].weight_addr_low_word,
    g_group[1].weight_bytes_word, g_group[1].mean_format_word, g_group[1].mean_global_0_word,
    g_group[1].mean_global_1_word, g_group[1].cvt_cfg_word, g_group[1].cvt_offset_word, g_group[1].cvt_scale_word,
    g_group[1].zero_padding_word, g_group[1].zero_padding_value_word, g_group[1].bank_word,
    g_group[1].perf_enable_word
} : {
    g_group[0].misc_cfg_word, g_group[0].datain_format_word, g_group[0].datain_size_0_word,
    g_group[0].datain_size_1_word, g_group[0].pixel_offset_word, g_group[0].dain_ram_type_word,
    g_group[0].dain_addr_low_0_word, g_group[0].dain_addr_low_1_word, g_group[0].line_stride_word,
    g_group[0].line_uv_stride_word, g_group[0].surf_stride_word, g_group[0].dain_map_word,
    g_group[0].entry_per_slice_word, g_group[0].weight_ram_type_word, g_group[0].weight_addr_low_word,
    g_group[0].weight_bytes_word, g_group[0].mean_format_word, g_group[0].mean_global_0_word,
    g_group[0].mean_global_1_word, g_group[0].cvt_cfg_word, g_group[0].cvt_offset_word, g_group[0].cvt_scale_word,
    g_group[0].zero_padding_word, g_group[0].zero_padding_value_word, g_group[0].bank_word,
    g_group[0].perf_enable_word
}) == {
    running_misc_cfg_word, running_datain_format_word, running_datain_size_0_word, running_datain_size_1_word,
    running_pixel_offset_word, running_dain_ram_type_word, running_dain_addr_low_0_word,
    running_dain_addr_low_1_word, running_line_stride_word, running_line_uv_stride_word, running_surf_stride_word,
    running_dain_map_word, running_entry_per_slice_word, running_weight_ram_type_word, running_weight_addr_low_word,
    running_weight_bytes_word, running_mean_format_word, running_mean_global_0_word, running_mean_global_1_word,
    running_cvt_cfg_word, running_cvt_offset_word, running_cvt_scale_word, running_zero_padding_word,
    running_zero_padding_value_word, running_bank_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign {cfg_misc_cfg_skip_weight_rls, cfg_misc_cfg_skip_data_rls, cfg_misc_cfg_weight_reuse, cfg_misc_cfg_data_reuse, cfg_misc_cfg_conv_mode} =
    running_misc_cfg_word;
assign {cfg_datain_format_pixel_sign_override, cfg_datain_format_pixel_format, cfg_datain_format} =
    running_datain_format_word;
assign {cfg_datain_size_0_datain_height, cfg_datain_size_0_datain_width} = running_datain_size_0_word;
assign cfg_datain_size_1_datain_channel = running_datain_size_1_word;
assign cfg_pixel_offset_pixel_x_offset = running_pixel_offset_word;
assign cfg_dain_ram_type_datain_ram_type = running_dain_ram_type_word;
assign cfg_dain_addr_low_0_datain_addr_low_0 = running_dain_addr_low_0_word;
assign cfg_dain_addr_low_1_datain_addr_low_1 = running_dain_addr_low_1_word;
assign cfg_line_stride = running_line_stride_word;
assign cfg_line_uv_stride_uv_line_stride = running_line_uv_stride_word;
assign cfg_surf_stride = running_surf_stride_word;
assign cfg_dain_map_surf_packed = running_dain_map_word;
assign cfg_entry_per_slice_entries = running_entry_per_slice_word;
assign cfg_weight_ram_type = running_weight_ram_type_word;
assign cfg_weight_addr_low = running_weight_addr_low_word;
assign cfg_weight_bytes = running_weight_bytes_word;
assign cfg_mean_format = running_mean_format_word;
assign {cfg_mean_global_0_mean_gu, cfg_mean_global_0_mean_ry} = running_mean_global_0_word;
assign {cfg_mean_global_1_mean_ax, cfg_mean_global_1_mean_bv} = running_mean_global_1_word;
assign {cfg_cvt_cfg_cvt_truncate, cfg_cvt_cfg_cvt_en} = running_cvt_cfg_word;
assign cfg_cvt_offset = running_cvt_offset_word;
assign cfg_cvt_scale = running_cvt_scale_word;
assign cfg_zero_padding_pad_left = running_zero_padding_word;
assign cfg_zero_padding_value_pad_value = running_zero_padding_value_word;
assign {cfg_bank_weight_bank, cfg_bank_data_bank} = running_bank_word;
assign cfg_perf_enable_dma_en = running_perf_enable_word;

reg [31:0] value;
always @* begin
    case (word)
        6'd3: value = {31'd0, sts_cbuf_flush_status_flush_done};
        6'd54: value = (producer ? g_group[1].copy_perf_dat_read_stall_dat_rd_stall : g_group[0].copy_perf_dat_read_stall_dat_rd_stall);
        6'd55: value = (producer ? g_group[1].copy_perf_wt_read_stall_wt_rd_stall : g_group[0].copy_perf_wt_read_stall_wt_rd_stall);
        6'd56: value = (producer ? g_group[1].copy_perf_dat_read_latency_dat_rd_latency : g_group[0].copy_perf_dat_read_latency_dat_rd_latency);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(6), .GROUPED(1), .FIRST_DUAL(4),
           .STORED(128'h421ffffffffffe00421ffffffffffe4)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(started), .op_en(op_en),
    .consumer(consumer), .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
