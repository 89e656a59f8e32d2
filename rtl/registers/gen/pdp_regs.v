// Register file of PDP, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module pdp_regs (
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
    output wire [12:0] cfg_data_cube_in_width_cube_in_width,
    output wire [12:0] cfg_data_cube_in_height_cube_in_height,
    output wire [12:0] cfg_data_cube_in_channel_cube_in_channel,
    output wire [12:0] cfg_data_cube_out_width_cube_out_width,
    output wire [12:0] cfg_data_cube_out_height_cube_out_height,
    output wire [12:0] cfg_data_cube_out_channel_cube_out_channel,
    output wire [1:0]  cfg_operation_mode_cfg_pooling_method,
    output wire        cfg_operation_mode_cfg_flying_mode,
    output wire [7:0]  cfg_operation_mode_cfg_split_num,
    output wire [9:0]  cfg_partial_width_in_first,
    output wire [9:0]  cfg_partial_width_in_last,
    output wire [9:0]  cfg_partial_width_in_mid,
    output wire [9:0]  cfg_partial_width_out_first,
    output wire [9:0]  cfg_partial_width_out_last,
    output wire [9:0]  cfg_partial_width_out_mid,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_width,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_height,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_stride_width,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_stride_height,
    output wire [16:0] cfg_recip_kernel_width,
    output wire [16:0] cfg_recip_kernel_height,
    output wire [2:0]  cfg_pooling_padding_cfg_pad_left,
    output wire [2:0]  cfg_pooling_padding_cfg_pad_top,
    output wire [2:0]  cfg_pooling_padding_cfg_pad_right,
    output wire [2:0]  cfg_pooling_padding_cfg_pad_bottom,
    output wire [18:0] cfg_pooling_padding_value_1_cfg_pad_value_1x,
    output wire [18:0] cfg_pooling_padding_value_2_cfg_pad_value_2x,
    output wire [18:0] cfg_pooling_padding_value_3_cfg_pad_value_3x,
    output wire [18:0] cfg_pooling_padding_value_4_cfg_pad_value_4x,
    output wire [18:0] cfg_pooling_padding_value_5_cfg_pad_value_5x,
    output wire [18:0] cfg_pooling_padding_value_6_cfg_pad_value_6x,
    output wire [18:0] cfg_pooling_padding_value_7_cfg_pad_value_7x,
    output wire [31:0] cfg_dst_base_addr_low,
    output wire [31:0] cfg_dst_line_stride,
    output wire [31:0] cfg_dst_surface_stride,
    output wire        cfg_dst_ram_cfg_dst_ram_type,
    output wire        cfg_perf_enable_dma_en,
    input  wire [31:0] sts_perf_write_stall
);

wire [5:0] word;
wire producer;
wire [1:0] dual_write;

reg [31:0] mask;
always @* begin
    case (word)
        6'd3, 6'd4, 6'd5, 6'd6, 6'd7, 6'd8: mask = 32'h00001fff;
        6'd9: mask = 32'h0000ff13;
        6'd10, 6'd32, 6'd37: mask = 32'h00000001;
        6'd11, 6'd12: mask = 32'h3fffffff;
        6'd13: mask = 32'h00ff0f0f;
        6'd14, 6'd15: mask = 32'h0001ffff;
        6'd16: mask = 32'h00007777;
        6'd17, 6'd18, 6'd19, 6'd20, 6'd21, 6'd22, 6'd23: mask = 32'h0007ffff;
        6'd24, 6'd25, 6'd26, 6'd27, 6'd28, 6'd29, 6'd30, 6'd31, 6'd39: mask = 32'hffffffff;
        6'd33: mask = 32'h00000003;
        default: mask = 32'd0;
    endcase
end

wire [31:0] reset = 32'd0;

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [12:0] data_cube_in_width_word, data_cube_in_height_word, data_cube_in_channel_word,
        data_cube_out_width_word, data_cube_out_height_word, data_cube_out_channel_word;
    reg [10:0] operation_mode_cfg_word;
    reg [29:0] partial_width_in_word, partial_width_out_word;
    reg [15:0] pooling_kernel_cfg_word;
    reg [16:0] recip_kernel_width_word, recip_kernel_height_word;
    reg [11:0] pooling_padding_cfg_word;
    reg [18:0] pooling_padding_value_1_cfg_word, pooling_padding_value_2_cfg_word, pooling_padding_value_3_cfg_word,
        pooling_padding_value_4_cfg_word, pooling_padding_value_5_cfg_word, pooling_padding_value_6_cfg_word,
        pooling_padding_value_7_cfg_word;
    reg [31:0] dst_base_addr_low_word, dst_line_stride_word, dst_surface_stride_word;
    reg dst_ram_cfg_word, perf_enable_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                data_cube_in_width_word, data_cube_in_height_word, data_cube_in_channel_word,
                data_cube_out_width_word, data_cube_out_height_word, data_cube_out_channel_word,
                operation_mode_cfg_word, partial_width_in_word, partial_width_out_word, pooling_kernel_cfg_word,
                recip_kernel_width_word, recip_kernel_height_word, pooling_padding_cfg_word,
                pooling_padding_value_1_cfg_word, pooling_padding_value_2_cfg_word,
                pooling_padding_value_3_cfg_word, pooling_padding_value_4_cfg_word,
                pooling_padding_value_5_cfg_word, pooling_padding_value_6_cfg_word,
                pooling_padding_value_7_cfg_word, dst_base_addr_low_word, dst_line_stride_word,
                dst_surface_stride_word, dst_ram_cfg_word, perf_enable_word
            } <= 0;
        end else if (dual_write[g]) begin
            case (word)
                6'd3: data_cube_in_width_word <= reg_wdata[12:0];
                6'd4: data_cube_in_height_word <= reg_wdata[12:0];
                6'd5: data_cube_in_channel_word <= reg_wdata[12:0];
                6'd6: data_cube_out_width_word <= reg_wdata[12:0];
                6'd7: data_cube_out_height_word <= reg_wdata[12:0];
                6'd8: data_cube_out_channel_word <= reg_wdata[12:0];
                6'd9: operation_mode_cfg_word <= {reg_wdata[15:8], reg_wdata[4], reg_wdata[1:0]};
                6'd11: partial_width_in_word <= reg_wdata[29:0];
                6'd12: partial_width_out_word <= reg_wdata[29:0];
                6'd13: pooling_kernel_cfg_word <= {reg_wdata[23:16], reg_wdata[11:8], reg_wdata[3:0]};
                6'd14: recip_kernel_width_word <= reg_wdata[16:0];
                6'd15: recip_kernel_height_word <= reg_wdata[16:0];
                6'd16: pooling_padding_cfg_word <= {reg_wdata[14:12], reg_wdata[10:8], reg_wdata[6:4], reg_wdata[2:0]};
                6'd17: pooling_padding_value_1_cfg_word <= reg_wdata[18:0];
                6'd18: pooling_padding_value_2_cfg_word <= reg_wdata[18:0];
                6'd19: pooling_padding_value_3_cfg_word <= reg_wdata[18:0];
                6'd20: pooling_padding_value_4_cfg_word <= reg_wdata[18:0];
                6'd21: pooling_padding_value_5_cfg_word <= reg_wdata[18:0];
                6'd22: pooling_padding_value_6_cfg_word <= reg_wdata[18:0];
                6'd23: pooling_padding_value_7_cfg_word <= reg_wdata[18:0];
                6'd28: dst_base_addr_low_word <= reg_wdata[31:0];
                6'd30: dst_line_stride_word <= reg_wdata[31:0];
                6'd31: dst_surface_stride_word <= reg_wdata[31:0];
                6'd32: dst_ram_cfg_word <= reg_wdata[0];
                6'd37: perf_enable_word <= reg_wdata[0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_perf_write_stall;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            copy_perf_write_stall <= 0;
        end else if (finished[g]) begin
            copy_perf_write_stall <= sts_perf_write_stall;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [12:0] running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word,
    running_data_cube_out_width_word, running_data_cube_out_height_word, running_data_cube_out_channel_word;
reg [10:0] running_operation_mode_cfg_word;
reg [29:0] running_partial_width_in_word, running_partial_width_out_word;
reg [15:0] running_pooling_kernel_cfg_word;
reg [16:0] running_recip_kernel_width_word, running_recip_kernel_height_word;
reg [11:0] running_pooling_padding_cfg_word;
reg [18:0] running_pooling_padding_value_1_cfg_word, running_pooling_padding_value_2_cfg_word,
    running_pooling_padding_value_3_cfg_word, running_pooling_padding_value_4_cfg_word,
    running_pooling_padding_value_5_cfg_word, running_pooling_padding_value_6_cfg_word,
    running_pooling_padding_value_7_cfg_word;
reg [31:0] running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word;
reg running_dst_ram_cfg_word, running_perf_enable_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word,
            running_data_cube_out_width_word, running_data_cube_out_height_word, running_data_cube_out_channel_word,
            running_operation_mode_cfg_word, running_partial_width_in_word, running_partial_width_out_word,
            running_pooling_kernel_cfg_word, running_recip_kernel_width_word, running_recip_kernel_height_word,
            running_pooling_padding_cfg_word, running_pooling_padding_value_1_cfg_word,
            running_pooling_padding_value_2_cfg_word, running_pooling_padding_value_3_cfg_word,
            running_pooling_padding_value_4_cfg_word, running_pooling_padding_value_5_cfg_word,
            running_pooling_padding_value_6_cfg_word, running_pooling_padding_value_7_cfg_word,
            running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
            running_dst_ram_cfg_word, running_perf_enable_word
        } <= 0;
    end else if (consumer) begin
        running_data_cube_in_width_word <= g_group[1].data_cube_in_width_word;
        running_data_cube_in_height_word <= g_group[1].data_cube_in_height_word;
        running_data_cube_in_channel_word <= g_group[1].data_cube_in_channel_word;
        running_data_cube_out_width_word <= g_group[1].data_cube_out_width_word;
        running_data_cube_out_height_word <= g_group[1].data_cube_out_height_word;
        running_data_cube_out_channel_word <= g_group[1].data_cube_out_channel_word;
        running_operation_mode_cfg_word <= g_group[1].operation_mode_cfg_word;
        running_partial_width_in_word <= g_group[1].partial_width_in_word;
        running_partial_width_out_word <= g_group[1].partial_width_out_word;
        running_pooling_kernel_cfg_word <= g_group[1].pooling_kernel_cfg_word;
        running_recip_kernel_width_word <= g_group[1].recip_kernel_width_word;
        running_recip_kernel_height_word <= g_group[1].recip_kernel_height_word;
        running_pooling_padding_cfg_word <= g_group[1].pooling_padding_cfg_word;
        running_pooling_padding_value_1_cfg_word <= g_group[1].pooling_padding_value_1_cfg_word;
        running_pooling_padding_value_2_cfg_word <= g_group[1].pooling_padding_value_2_cfg_word;
        running_pooling_padding_value_3_cfg_word <= g_group[1].pooling_padding_value_3_cfg_word;
        running_pooling_padding_value_4_cfg_word <= g_group[1].pooling_padding_value_4_cfg_word;
        running_pooling_padding_value_5_cfg_word <= g_group[1].pooling_padding_value_5_cfg_word;
        running_pooling_padding_value_6_cfg_word <= g_group[1].pooling_padding_value_6_cfg_word;
        running_pooling_padding_value_7_cfg_word <= g_group[1].pooling_padding_value_7_cfg_word;
        running_dst_base_addr_low_word <= g_group[1].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[1].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[1].dst_surface_stride_word;
        running_dst_ram_cfg_word <= g_group[1].dst_ram_cfg_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_data_cube_in_width_word <= g_group[0].data_cube_in_width_word;
        running_data_cube_in_height_word <= g_group[0].data_cube_in_height_word;
        running_data_cube_in_channel_word <= g_group[0].data_cube_in_channel_word;
        running_data_cube_out_width_word <= g_group[0].data_cube_out_width_word;
        running_data_cube_out_height_word <= g_group[0].data_cube_out_height_word;
        running_data_cube_out_channel_word <= g_group[0].data_cube_out_channel_word;
        running_operation_mode_cfg_word <= g_group[0].operation_mode_cfg_word;
        running_partial_width_in_word <= g_group[0].partial_width_in_word;
        running_partial_width_out_word <= g_group[0].partial_width_out_word;
        running_pooling_kernel_cfg_word <= g_group[0].pooling_kernel_cfg_word;
        running_recip_kernel_width_word <= g_group[0].recip_kernel_width_word;
        running_recip_kernel_height_word <= g_group[0].recip_kernel_height_word;
        running_pooling_padding_cfg_word <= g_group[0].pooling_padding_cfg_word;
        running_pooling_padding_value_1_cfg_word <= g_group[0].pooling_padding_value_1_cfg_word;
        running_pooling_padding_value_2_cfg_word <= g_group[0].pooling_padding_value_2_cfg_word;
        running_pooling_padding_value_3_cfg_word <= g_group[0].pooling_padding_value_3_cfg_word;
        running_pooling_padding_value_4_cfg_word <= g_group[0].pooling_padding_value_4_cfg_word;
        running_pooling_padding_value_5_cfg_word <= g_group[0].pooling_padding_value_5_cfg_word;
        running_pooling_padding_value_6_cfg_word <= g_group[0].pooling_padding_value_6_cfg_word;
        running_pooling_padding_value_7_cfg_word <= g_group[0].pooling_padding_value_7_cfg_word;
        running_dst_base_addr_low_word <= g_group[0].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[0].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[0].dst_surface_stride_word;
        running_dst_ram_cfg_word <= g_group[0].dst_ram_cfg_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].data_cube_in_width_word, g_group[1].data_cube_in_height_word, g_group[1].data_cube_in_channel_word,
    g_group[1].data_cube_out_width_word, g_group[1].data_cube_out_height_word,
    g_group[1].data_cube_out_channel_word, g_group[1].operation_mode_cfg_word, g_group[1].partial_width_in_word,
    g_group[1].partial_width_out_word, g_group[1].pooling_kernel_cfg_word, g_group[1].recip_kernel_width_word,
    g_group[1].recip_kernel_height_word, g_group[1].pooling_padding_cfg_word,
    g_group[1].pooling_padding_value_1_cfg_word, g_group[1].pooling_padding_value_2_cfg_word,
    g_group[1].pooling_padding_value_3_cfg_word, g_group[1].pooling_padding_value_4_cfg_word,
    g_group[1].pooling_padding_value_5_cfg_word, g_group[1].pooling_padding_value_6_cfg_word,
    g_group[1].pooling_padding_value_7_cfg_word, g_group[1].dst_base_addr_low_word, g_group[1].dst_line_stride_word,
    g_group[1].dst_surface_stride_word, g_group[1].dst_ram_cfg_word, g_group[1].perf_enable_word
} : {
    g_group[0].data_cube_in_width_word, g_group[0].data_cube_in_height_word, g_group[0].data_cube_in_channel_word,
    g_group[0].data_cube_out_width_word, g_group[0].data_cube_out_height_word,
    g_group[0].data_cube_out_channel_word, g_group[0].operation_mode_cfg_word, g_group[0].partial_width_in_word,
    g_group[0].partial_width_out_word, g_group[0].pooling_kernel_cfg_word, g_group[0].recip_kernel_width_word,
    g_group[0].recip_kernel_height_word, g_group[0].pooling_padding_cfg_word,
    g_group[0].pooling_padding_value_1_cfg_word, g_group[0].pooling_padding_value_2_cfg_word,
    g_group[0].pooling_padding_value_3_cfg_word, g_group[0].pooling_padding_value_4_cfg_word,
    g_group[0].pooling_padding_value_5_cfg_word, g_group[0].pooling_padding_value_6_cfg_word,
    g_group[0].pooling_padding_value_7_cfg_word, g_group[0].dst_base_addr_low_word, g_group[0].dst_line_stride_word,
    g_group[0].dst_surface_stride_word, g_group[0].dst_ram_cfg_word, g_group[0].perf_enable_word
}) == {
    running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word,
    running_data_cube_out_width_word, running_data_cube_out_height_word, running_data_cube_out_channel_word,
    running_operation_mode_cfg_word, running_partial_width_in_word, running_partial_width_out_word,
    running_pooling_kernel_cfg_word, running_recip_kernel_width_word, running_recip_kernel_height_word,
    running_pooling_padding_cfg_word, running_pooling_padding_value_1_cfg_word,
    running_pooling_padding_value_2_cfg_word, running_pooling_padding_value_3_cfg_word,
    running_pooling_padding_value_4_cfg_word, running_pooling_padding_value_5_cfg_word,
    running_pooling_padding_value_6_cfg_word, running_pooling_padding_value_7_cfg_word,
    running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
    running_dst_ram_cfg_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign cfg_data_cube_in_width_cube_in_width = running_data_cube_in_width_word;
assign cfg_data_cube_in_height_cube_in_height = running_data_cube_in_height_word;
assign cfg_data_cube_in_channel_cube_in_channel = running_data_cube_in_channel_word;
assign cfg_data_cube_out_width_cube_out_width = running_data_cube_out_width_word;
assign cfg_data_cube_out_height_cube_out_height = running_data_cube_out_height_word;
assign cfg_data_cube_out_channel_cube_out_channel = running_data_cube_out_channel_word;
assign {cfg_operation_mode_cfg_split_num, cfg_operation_mode_cfg_flying_mode, cfg_operation_mode_cfg_pooling_method} =
    running_operation_mode_cfg_word;
assign {cfg_partial_width_in_mid, cfg_partial_width_in_last, cfg_partial_width_in_first} =
    running_partial_width_in_word;
assign {cfg_partial_width_out_mid, cfg_partial_width_out_last, cfg_partial_width_out_first} =
    running_partial_width_out_word;
assign {cfg_pooling_kernel_cfg_kernel_stride_height, cfg_pooling_kernel_cfg_kernel_stride_width, cfg_pooling_kernel_cfg_kernel_height, cfg_pooling_kernel_cfg_kernel_width} =
    running_pooling_kernel_cfg_word;
assign cfg_recip_kernel_width = running_recip_kernel_width_word;
assign cfg_recip_kernel_height = running_recip_kernel_height_word;
assign {cfg_pooling_padding_cfg_pad_bottom, cfg_pooling_padding_cfg_pad_right, cfg_pooling_padding_cfg_pad_top, cfg_pooling_padding_cfg_pad_left} =
    running_pooling_padding_cfg_word;
assign cfg_pooling_padding_value_1_cfg_pad_value_1x = running_pooling_padding_value_1_cfg_word;
assign cfg_pooling_padding_value_2_cfg_pad_value_2x = running_pooling_padding_value_2_cfg_word;
assign cfg_pooling_padding_value_3_cfg_pad_value_3x = running_pooling_padding_value_3_cfg_word;
assign cfg_pooling_padding_value_4_cfg_pad_value_4x = running_pooling_padding_value_4_cfg_word;
assign cfg_pooling_padding_value_5_cfg_pad_value_5x = running_pooling_padding_value_5_cfg_word;
assign cfg_pooling_padding_value_6_cfg_pad_value_6x = running_pooling_padding_value_6_cfg_word;
assign cfg_pooling_padding_value_7_cfg_pad_value_7x = running_pooling_padding_value_7_cfg_word;
assign cfg_dst_base_addr_low = running_dst_base_addr_low_word;
assign cfg_dst_line_stride = running_dst_line_stride_word;
assign cfg_dst_surface_stride = running_dst_surface_stride_word;
assign cfg_dst_ram_cfg_dst_ram_type = running_dst_ram_cfg_word;
assign cfg_perf_enable_dma_en = running_perf_enable_word;

reg [31:0] value;
always @* begin
    case (word)
        6'd38: value = (producer ? g_group[1].copy_perf_write_stall : g_group[0].copy_perf_write_stall);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(6), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(128'ha3fffffff8000000a3fffffff8)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(), .op_en(op_en), .consumer(consumer),
    .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
