// Register file of CSC, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module csc_regs (
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
    output wire        cfg_misc_cfg_data_reuse,
    output wire        cfg_misc_cfg_weight_reuse,
    output wire        cfg_misc_cfg_skip_data_rls,
    output wire        cfg_misc_cfg_skip_weight_rls,
    output wire        cfg_datain_format,
    output wire [12:0] cfg_datain_size_ext_0_datain_width_ext,
    output wire [12:0] cfg_datain_size_ext_0_datain_height_ext,
    output wire [12:0] cfg_datain_size_ext_1_datain_channel_ext,
    output wire [1:0]  cfg_post_y_extension_y_extension,
    output wire [13:0] cfg_entry_per_slice_entries,
    output wire [4:0]  cfg_weight_size_ext_0_weight_width_ext,
    output wire [4:0]  cfg_weight_size_ext_0_weight_height_ext,
    output wire [12:0] cfg_weight_size_ext_1_weight_channel_ext,
    output wire [12:0] cfg_weight_size_ext_1_weight_kernel,
    output wire [31:0] cfg_weight_bytes,
    output wire [12:0] cfg_dataout_size_0_dataout_width,
    output wire [12:0] cfg_dataout_size_0_dataout_height,
    output wire [20:0] cfg_atomics,
    output wire [11:0] cfg_release_rls_slices,
    output wire [2:0]  cfg_conv_stride_ext_conv_x_stride_ext,
    output wire [2:0]  cfg_conv_stride_ext_conv_y_stride_ext,
    output wire [4:0]  cfg_dilation_ext_x_dilation_ext,
    output wire [4:0]  cfg_dilation_ext_y_dilation_ext,
    output wire [4:0]  cfg_zero_padding_pad_left,
    output wire [4:0]  cfg_zero_padding_pad_top,
    output wire [15:0] cfg_zero_padding_value_pad_value,
    output wire [4:0]  cfg_bank_data_bank,
    output wire [4:0]  cfg_bank_weight_bank
);

wire [4:0] word;
wire [1:0] dual_write;

reg [31:0] mask;
always @* begin
    case (word)
        5'd3: mask = 32'h11113301;
        5'd4, 5'd10: mask = 32'h00000001;
        5'd5, 5'd12, 5'd15: mask = 32'h1fff1fff;
        5'd6, 5'd16: mask = 32'h00001fff;
        5'd7: mask = 32'h0000001f;
        5'd8, 5'd24: mask = 32'h00000003;
        5'd9: mask = 32'h00003fff;
        5'd11, 5'd20, 5'd21, 5'd23: mask = 32'h001f001f;
        5'd13, 5'd25: mask = 32'hffffffff;
        5'd14: mask = 32'h0fffffff;
        5'd17: mask = 32'h001fffff;
        5'd18: mask = 32'h00000fff;
        5'd19: mask = 32'h00070007;
        5'd22: mask = 32'h0000ffff;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        5'd3: reset = 32'h00001100;
        5'd17, 5'd18: reset = 32'h00000001;
        default: reset = 32'd0;
    endcase
end

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [3:0] misc_cfg_word;
    reg datain_format_word;
    reg [25:0] datain_size_ext_0_word, weight_size_ext_1_word, dataout_size_0_word;
    reg [12:0] datain_size_ext_1_word;
    reg [1:0] post_y_extension_word;
    reg [13:0] entry_per_slice_word;
    reg [9:0] weight_size_ext_0_word, dilation_ext_word, zero_padding_word, bank_word;
    reg [31:0] weight_bytes_word;
    reg [20:0] atomics_word;
    reg [11:0] release_word;
    reg [5:0] conv_stride_ext_word;
    reg [15:0] zero_padding_value_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                misc_cfg_word, datain_format_word, datain_size_ext_0_word, datain_size_ext_1_word,
                post_y_extension_word, entry_per_slice_word, weight_size_ext_0_word, weight_size_ext_1_word,
                weight_bytes_word, dataout_size_0_word, conv_stride_ext_word, dilation_ext_word, zero_padding_word,
                zero_padding_value_word, bank_word
            } <= 0;
            atomics_word <= 21'h1;
            release_word <= 12'h1;
        end else if (dual_write[g]) begin
            case (word)
                5'd3: misc_cfg_word <= {reg_wdata[28], reg_wdata[24], reg_wdata[20], reg_wdata[16]};
                5'd4: datain_format_word <= reg_wdata[0];
                5'd5: datain_size_ext_0_word <= {reg_wdata[28:16], reg_wdata[12:0]};
                5'd6: datain_size_ext_1_word <= reg_wdata[12:0];
                5'd8: post_y_extension_word <= reg_wdata[1:0];
                5'd9: entry_per_slice_word <= reg_wdata[13:0];
                5'd11: weight_size_ext_0_word <= {reg_wdata[20:16], reg_wdata[4:0]};
                5'd12: weight_size_ext_1_word <= {reg_wdata[28:16], reg_wdata[12:0]};
                5'd13: weight_bytes_word <= reg_wdata[31:0];
                5'd15: dataout_size_0_word <= {reg_wdata[28:16], reg_wdata[12:0]};
                5'd17: atomics_word <= reg_wdata[20:0];
                5'd18: release_word <= reg_wdata[11:0];
                5'd19: conv_stride_ext_word <= {reg_wdata[18:16], reg_wdata[2:0]};
                5'd20: dilation_ext_word <= {reg_wdata[20:16], reg_wdata[4:0]};
                5'd21: zero_padding_word <= {reg_wdata[20:16], reg_wdata[4:0]};
                5'd22: zero_padding_value_word <= reg_wdata[15:0];
                5'd23: bank_word <= {reg_wdata[20:16], reg_wdata[4:0]};
                default: ;
            endcase
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [3:0] running_misc_cfg_word;
reg running_datain_format_word;
reg [25:0] running_datain_size_ext_0_word, running_weight_size_ext_1_word, running_dataout_size_0_word;
reg [12:0] running_datain_size_ext_1_word;
reg [1:0] running_post_y_extension_word;
reg [13:0] running_entry_per_slice_word;
reg [9:0] running_weight_size_ext_0_word, running_dilation_ext_word, running_zero_padding_word, running_bank_word;
reg [31:0] running_weight_bytes_word;
reg [20:0] running_atomics_word;
reg [11:0] running_release_word;
reg [5:0] running_conv_stride_ext_word;
reg [15:0] running_zero_padding_value_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_misc_cfg_word, running_datain_format_word, running_datain_size_ext_0_word,
            running_datain_size_ext_1_word, running_post_y_extension_word, running_entry_per_slice_word,
            running_weight_size_ext_0_word, running_weight_size_ext_1_word, running_weight_bytes_word,
            running_dataout_size_0_word, running_conv_stride_ext_word, running_dilation_ext_word,
            running_zero_padding_word, running_zero_padding_value_word, running_bank_word
        } <= 0;
        running_atomics_word <= 21'h1;
        running_release_word <= 12'h1;
    end else if (consumer) begin
        running_misc_cfg_word <= g_group[1].misc_cfg_word;
        running_datain_format_word <= g_group[1].datain_format_word;
        running_datain_size_ext_0_word <= g_group[1].datain_size_ext_0_word;
        running_datain_size_ext_1_word <= g_group[1].datain_size_ext_1_word;
        running_post_y_extension_word <= g_group[1].post_y_extension_word;
        running_entry_per_slice_word <= g_group[1].entry_per_slice_word;
        running_weight_size_ext_0_word <= g_group[1].weight_size_ext_0_word;
        running_weight_size_ext_1_word <= g_group[1].weight_size_ext_1_word;
        running_weight_bytes_word <= g_group[1].weight_bytes_word;
        running_dataout_size_0_word <= g_group[1].dataout_size_0_word;
        running_atomics_word <= g_group[1].atomics_word;
        running_release_word <= g_group[1].release_word;
        running_conv_stride_ext_word <= g_group[1].conv_stride_ext_word;
        running_dilation_ext_word <= g_group[1].dilation_ext_word;
        running_zero_padding_word <= g_group[1].zero_padding_word;
        running_zero_padding_value_word <= g_group[1].zero_padding_value_word;
        running_bank_word <= g_group[1].bank_word;
    end else begin
        running_misc_cfg_word <= g_group[0].misc_cfg_word;
        running_datain_format_word <= g_group[0].datain_format_word;
        running_datain_size_ext_0_word <= g_group[0].datain_size_ext_0_word;
        running_datain_size_ext_1_word <= g_group[0].datain_size_ext_1_word;
        running_post_y_extension_word <= g_group[0].post_y_extension_word;
        running_entry_per_slice_word <= g_group[0].entry_per_slice_word;
        running_weight_size_ext_0_word <= g_group[0].weight_size_ext_0_word;
        running_weight_size_ext_1_word <= g_group[0].weight_size_ext_1_word;
        running_weight_bytes_word <= g_group[0].weight_bytes_word;
        running_dataout_size_0_word <= g_group[0].dataout_size_0_word;
        running_atomics_word <= g_group[0].atomics_word;
        running_release_word <= g_group[0].release_word;
        running_conv_stride_ext_word <= g_group[0].conv_stride_ext_word;
        running_dilation_ext_word <= g_group[0].dilation_ext_word;
        running_zero_padding_word <= g_group[0].zero_padding_word;
        running_zero_padding_value_word <= g_group[0].zero_padding_value_word;
        running_bank_word <= g_group[0].bank_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].misc_cfg_word, g_group[1].datain_format_word, g_group[1].datain_size_ext_0_word,
    g_group[1].datain_size_ext_1_word, g_group[1].post_y_extension_word, g_group[1].entry_per_slice_word,
    g_group[1].weight_size_ext_0_word, g_group[1].weight_size_ext_1_word, g_group[1].weight_bytes_word,
    g_group[1].dataout_size_0_word, g_group[1].atomics_word, g_group[1].release_word,
    g_group[1].conv_stride_ext_word, g_group[1].dilation_ext_word, g_group[1].zero_padding_word,
    g_group[1].zero_padding_value_word, g_group[1].bank_word
} : {
    g_group[0].misc_cfg_word, g_group[0].datain_format_word, g_group[0].datain_size_ext_0_word,
    g_group[0].datain_size_ext_1_word, g_group[0].post_y_extension_word, g_group[0].entry_per_slice_word,
    g_group[0].weight_size_ext_0_word, g_group[0].weight_size_ext_1_word, g_group[0].weight_bytes_word,
    g_group[0].dataout_size_0_word, g_group[0].atomics_word, g_group[0].release_word,
    g_group[0].conv_stride_ext_word, g_group[0].dilation_ext_word, g_group[0].zero_padding_word,
    g_group[0].zero_padding_value_word, g_group[0].bank_word
}) == {
    running_misc_cfg_word, running_datain_format_word, running_datain_size_ext_0_word,
    running_datain_size_ext_1_word, running_post_y_extension_word, running_entry_per_slice_word,
    running_weight_size_ext_0_word, running_weight_size_ext_1_word, running_weight_bytes_word,
    running_dataout_size_0_word, running_atomics_word, running_release_word, running_conv_stride_ext_word,
    running_dilation_ext_word, running_zero_padding_word, running_zero_padding_value_word, running_bank_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign {cfg_misc_cfg_skip_weight_rls, cfg_misc_cfg_skip_data_rls, cfg_misc_cfg_weight_reuse, cfg_misc_cfg_data_reuse} =
    running_misc_cfg_word;
assign cfg_datain_format = running_datain_format_word;
assign {cfg_datain_size_ext_0_datain_height_ext, cfg_datain_size_ext_0_datain_width_ext} =
    running_datain_size_ext_0_word;
assign cfg_datain_size_ext_1_datain_channel_ext = running_datain_size_ext_1_word;
assign cfg_post_y_extension_y_extension = running_post_y_extension_word;
assign cfg_entry_per_slice_entries = running_entry_per_slice_word;
assign {cfg_weight_size_ext_0_weight_height_ext, cfg_weight_size_ext_0_weight_width_ext} =
    running_weight_size_ext_0_word;
assign {cfg_weight_size_ext_1_weight_kernel, cfg_weight_size_ext_1_weight_channel_ext} =
    running_weight_size_ext_1_word;
assign cfg_weight_bytes = running_weight_bytes_word;
assign {cfg_dataout_size_0_dataout_height, cfg_dataout_size_0_dataout_width} = running_dataout_size_0_word;
assign cfg_atomics = running_atomics_word;
assign cfg_release_rls_slices = running_release_word;
assign {cfg_conv_stride_ext_conv_y_stride_ext, cfg_conv_stride_ext_conv_x_stride_ext} =
    running_conv_stride_ext_word;
assign {cfg_dilation_ext_y_dilation_ext, cfg_dilation_ext_x_dilation_ext} = running_dilation_ext_word;
assign {cfg_zero_padding_pad_top, cfg_zero_padding_pad_left} = running_zero_padding_word;
assign cfg_zero_padding_value_pad_value = running_zero_padding_value_word;
assign {cfg_bank_weight_bank, cfg_bank_data_bank} = running_bank_word;

wire [31:0] value = 32'd0;

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(5), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(64'h3fffff803fffff8)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(), .started(), .op_en(op_en), .consumer(consumer),
    .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
