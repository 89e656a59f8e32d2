// Register file of CDP, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module cdp_regs (
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
    output wire        cfg_lut_access_cfg_lut_table_id,
    output wire        cfg_lut_access_cfg_lut_access_type,
    output wire        cfg_lut_cfg_lut_le_function,
    output wire        cfg_lut_cfg_lut_uflow_priority,
    output wire        cfg_lut_cfg_lut_oflow_priority,
    output wire        cfg_lut_cfg_lut_hybrid_priority,
    output wire [7:0]  cfg_lut_info_lut_le_index_offset,
    output wire [7:0]  cfg_lut_info_lut_le_index_select,
    output wire [7:0]  cfg_lut_info_lut_lo_index_select,
    output wire [31:0] cfg_lut_le_start_low,
    output wire [5:0]  cfg_lut_le_start_high,
    output wire [31:0] cfg_lut_le_end_low,
    output wire [5:0]  cfg_lut_le_end_high,
    output wire [31:0] cfg_lut_lo_start_low,
    output wire [5:0]  cfg_lut_lo_start_high,
    output wire [31:0] cfg_lut_lo_end_low,
    output wire [5:0]  cfg_lut_lo_end_high,
    output wire [15:0] cfg_lut_le_slope_scale_lut_le_slope_uflow_scale,
    output wire [15:0] cfg_lut_le_slope_scale_lut_le_slope_oflow_scale,
    output wire [4:0]  cfg_lut_le_slope_shift_lut_le_slope_uflow_shift,
    output wire [4:0]  cfg_lut_le_slope_shift_lut_le_slope_oflow_shift,
    output wire [15:0] cfg_lut_lo_slope_scale_lut_lo_slope_uflow_scale,
    output wire [15:0] cfg_lut_lo_slope_scale_lut_lo_slope_oflow_scale,
    output wire [4:0]  cfg_lut_lo_slope_shift_lut_lo_slope_uflow_shift,
    output wire [4:0]  cfg_lut_lo_slope_shift_lut_lo_slope_oflow_shift,
    output wire        cfg_func_bypass_sqsum_bypass,
    output wire        cfg_func_bypass_mul_bypass,
    output wire [31:0] cfg_dst_base_addr_low,
    output wire [31:0] cfg_dst_line_stride,
    output wire [31:0] cfg_dst_surface_stride,
    output wire        cfg_dst_dma_cfg_dst_ram_type,
    output wire [1:0]  cfg_lrn_cfg_normalz_len,
    output wire [15:0] cfg_datin_offset,
    output wire [15:0] cfg_datin_scale,
    output wire [4:0]  cfg_datin_shifter,
    output wire [31:0] cfg_datout_offset,
    output wire [15:0] cfg_datout_scale,
    output wire [5:0]  cfg_datout_shifter,
    output wire        cfg_perf_enable_dma_en,
    output wire        write_lut_access_cfg,
    output wire        write_lut_access_data,
    output wire        read_lut_access_data,
    input  wire [9:0]  sts_lut_access_cfg_lut_addr,
    input  wire [15:0] sts_lut_access_data_lut_data,
    input  wire [31:0] sts_perf_write_stall,
    input  wire [31:0] sts_perf_lut_uflow,
    input  wire [31:0] sts_perf_lut_oflow,
    input  wire [31:0] sts_perf_lut_hybrid,
    input  wire [31:0] sts_perf_lut_le_hit,
    input  wire [31:0] sts_perf_lut_lo_hit
);

wire [5:0] word;
wire read, single_write, producer;
wire [1:0] dual_write;

reg [31:0] mask;
always @* begin
    case (word)
        6'd4: mask = 32'h00000071;
        6'd5: mask = 32'h00ffffff;
        6'd6, 6'd8, 6'd10, 6'd12, 6'd14, 6'd16, 6'd20, 6'd21, 6'd22, 6'd23, 6'd32, 6'd46: mask = 32'hffffffff;
        6'd7, 6'd9, 6'd11, 6'd13, 6'd34: mask = 32'h0000003f;
        6'd15, 6'd17: mask = 32'h000003ff;
        6'd19, 6'd26, 6'd28, 6'd39: mask = 32'h00000003;
        6'd24, 6'd27: mask = 32'h00000001;
        6'd29, 6'd30, 6'd33: mask = 32'h0000ffff;
        6'd31: mask = 32'h0000001f;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        6'd26, 6'd30, 6'd33: reset = 32'h00000001;
        default: reset = 32'd0;
    endcase
end

reg [1:0] lut_access_cfg_word;
reg [3:0] lut_cfg_word;
reg [23:0] lut_info_word;
reg [31:0] lut_le_start_low_word, lut_le_end_low_word, lut_lo_start_low_word, lut_lo_end_low_word,
    lut_le_slope_scale_word, lut_lo_slope_scale_word;
reg [5:0] lut_le_start_high_word, lut_le_end_high_word, lut_lo_start_high_word, lut_lo_end_high_word;
reg [9:0] lut_le_slope_shift_word, lut_lo_slope_shift_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            lut_access_cfg_word, lut_cfg_word, lut_info_word, lut_le_start_low_word, lut_le_start_high_word,
            lut_le_end_low_word, lut_le_end_high_word, lut_lo_start_low_word, lut_lo_start_high_word,
            lut_lo_end_low_word, lut_lo_end_high_word, lut_le_slope_scale_word, lut_le_slope_shift_word,
            lut_lo_slope_scale_word, lut_lo_slope_shift_word
        } <= 0;
    end else if (single_write) begin
        case (word)
            6'd2: lut_access_cfg_word <= reg_wdata[17:16];
            6'd4: lut_cfg_word <= {reg_wdata[6:4], reg_wdata[0]};
            6'd5: lut_info_word <= reg_wdata[23:0];
            6'd6: lut_le_start_low_word <= reg_wdata[31:0];
            6'd7: lut_le_start_high_word <= reg_wdata[5:0];
            6'd8: lut_le_end_low_word <= reg_wdata[31:0];
            6'd9: lut_le_end_high_word <= reg_wdata[5:0];
            6'd10: lut_lo_start_low_word <= reg_wdata[31:0];
            6'd11: lut_lo_start_high_word <= reg_wdata[5:0];
            6'd12: lut_lo_end_low_word <= reg_wdata[31:0];
            6'd13: lut_lo_end_high_word <= reg_wdata[5:0];
            6'd14: lut_le_slope_scale_word <= reg_wdata[31:0];
            6'd15: lut_le_slope_shift_word <= reg_wdata[9:0];
            6'd16: lut_lo_slope_scale_word <= reg_wdata[31:0];
            6'd17: lut_lo_slope_shift_word <= reg_wdata[9:0];
            default: ;
        endcase
    end
end
assign {cfg_lut_access_cfg_lut_access_type, cfg_lut_access_cfg_lut_table_id} = lut_access_cfg_word;
assign {cfg_lut_cfg_lut_hybrid_priority, cfg_lut_cfg_lut_oflow_priority, cfg_lut_cfg_lut_uflow_priority, cfg_lut_cfg_lut_le_function} =
    lut_cfg_word;
assign {cfg_lut_info_lut_lo_index_select, cfg_lut_info_lut_le_index_select, cfg_lut_info_lut_le_index_offset} =
    lut_info_word;
assign cfg_lut_le_start_low = lut_le_start_low_word;
assign cfg_lut_le_start_high = lut_le_start_high_word;
assign cfg_lut_le_end_low = lut_le_end_low_word;
assign cfg_lut_le_end_high = lut_le_end_high_word;
assign cfg_lut_lo_start_low = lut_lo_start_low_word;
assign cfg_lut_lo_start_high = lut_lo_start_high_word;
assign cfg_lut_lo_end_low = lut_lo_end_low_word;
assign cfg_lut_lo_end_high = lut_lo_end_high_word;
assign {cfg_lut_le_slope_scale_lut_le_slope_oflow_scale, cfg_lut_le_slope_scale_lut_le_slope_uflow_scale} =
    lut_le_slope_scale_word;
assign {cfg_lut_le_slope_shift_lut_le_slope_oflow_shift, cfg_lut_le_slope_shift_lut_le_slope_uflow_shift} =
    lut_le_slope_shift_word;
assign {cfg_lut_lo_slope_scale_lut_lo_slope_oflow_scale, cfg_lut_lo_slope_scale_lut_lo_slope_uflow_scale} =
    lut_lo_slope_scale_word;
assign {cfg_lut_lo_slope_shift_lut_lo_slope_oflow_shift, cfg_lut_lo_slope_shift_lut_lo_slope_uflow_shift} =
    lut_lo_slope_shift_word;

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [1:0] func_bypass_word, lrn_cfg_word;
    reg [31:0] dst_base_addr_low_word, dst_line_stride_word, dst_surface_stride_word, datout_offset_word;
    reg dst_dma_cfg_word, perf_enable_word;
    reg [15:0] datin_offset_word, datin_scale_word, datout_scale_word;
    reg [4:0] datin_shifter_word;
    reg [5:0] datout_shifter_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                func_bypass_word, dst_base_addr_low_word, dst_line_stride_word, dst_surface_stride_word,
                dst_dma_cfg_word, lrn_cfg_word, datin_offset_word, datin_shifter_word, datout_offset_word,
                datout_shifter_word, perf_enable_word
            } <= 0;
            datin_scale_word <= 16'h1;
            datout_scale_word <= 16'h1;
        end else if (dual_write[g]) begin
            case (word)
                6'd19: func_bypass_word <= reg_wdata[1:0];
                6'd20: dst_base_addr_low_word <= reg_wdata[31:0];
                6'd22: dst_line_stride_word <= reg_wdata[31:0];
                6'd23: dst_surface_stride_word <= reg_wdata[31:0];
                6'd24: dst_dma_cfg_word <= reg_wdata[0];
                6'd28: lrn_cfg_word <= reg_wdata[1:0];
                6'd29: datin_offset_word <= reg_wdata[15:0];
                6'd30: datin_scale_word <= reg_wdata[15:0];
                6'd31: datin_shifter_word <= reg_wdata[4:0];
                6'd32: datout_offset_word <= reg_wdata[31:0];
                6'd33: datout_scale_word <= reg_wdata[15:0];
                6'd34: datout_shifter_word <= reg_wdata[5:0];
                6'd39: perf_enable_word <= reg_wdata[0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_perf_write_stall;
    reg [31:0] copy_perf_lut_uflow;
    reg [31:0] copy_perf_lut_oflow;
    reg [31:0] copy_perf_lut_hybrid;
    reg [31:0] copy_perf_lut_le_hit;
    reg [31:0] copy_perf_lut_lo_hit;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                copy_perf_write_stall, copy_perf_lut_uflow, copy_perf_lut_oflow, copy_perf_lut_hybrid,
                copy_perf_lut_le_hit, copy_perf_lut_lo_hit
            } <= 0;
        end else if (finished[g]) begin
            copy_perf_write_stall <= sts_perf_write_stall;
            copy_perf_lut_uflow <= sts_perf_lut_uflow;
            copy_perf_lut_oflow <= sts_perf_lut_oflow;
            copy_perf_lut_hybrid <= sts_perf_lut_hybrid;
            copy_perf_lut_le_hit <= sts_perf_lut_le_hit;
            copy_perf_lut_lo_hit <= sts_perf_lut_lo_hit;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [1:0] running_func_bypass_word, running_lrn_cfg_word;
reg [31:0] running_dst_base_addr_low_word, running_dst_line_stride_word, running_dst_surface_stride_word,
    running_datout_offset_word;
reg running_dst_dma_cfg_word, running_perf_enable_word;
reg [15:0] running_datin_offset_word, running_datin_scale_word, running_datout_scale_word;
reg [4:0] running_datin_shifter_word;
reg [5:0] running_datout_shifter_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_func_bypass_word, running_dst_base_addr_low_word, running_dst_line_stride_word,
            running_dst_surface_stride_word, running_dst_dma_cfg_word, running_lrn_cfg_word,
            running_datin_offset_word, running_datin_shifter_word, running_datout_offset_word,
            running_datout_shifter_word, running_perf_enable_word
        } <= 0;
        running_datin_scale_word <= 16'h1;
        running_datout_scale_word <= 16'h1;
    end else if (consumer) begin
        running_func_bypass_word <= g_group[1].func_bypass_word;
        running_dst_base_addr_low_word <= g_group[1].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[1].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[1].dst_surface_stride_word;
        running_dst_dma_cfg_word <= g_group[1].dst_dma_cfg_word;
        running_lrn_cfg_word <= g_group[1].lrn_cfg_word;
        running_datin_offset_word <= g_group[1].datin_offset_word;
        running_datin_scale_word <= g_group[1].datin_scale_word;
        running_datin_shifter_word <= g_group[1].datin_shifter_word;
        running_datout_offset_word <= g_group[1].datout_offset_word;
        running_datout_scale_word <= g_group[1].datout_scale_word;
        running_datout_shifter_word <= g_group[1].datout_shifter_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_func_bypass_word <= g_group[0].func_bypass_word;
        running_dst_base_addr_low_word <= g_group[0].dst_base_addr_low_word;
        running_dst_line_stride_word <= g_group[0].dst_line_stride_word;
        running_dst_surface_stride_word <= g_group[0].dst_surface_stride_word;
        running_dst_dma_cfg_word <= g_group[0].dst_dma_cfg_word;
        running_lrn_cfg_word <= g_group[0].lrn_cfg_word;
        running_datin_offset_word <= g_group[0].datin_offset_word;
        running_datin_scale_word <= g_group[0].datin_scale_word;
        running_datin_shifter_word <= g_group[0].datin_shifter_word;
        running_datout_offset_word <= g_group[0].datout_offset_word;
        running_datout_scale_word <= g_group[0].datout_scale_word;
        running_datout_shifter_word <= g_group[0].datout_shifter_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].func_bypass_word, g_group[1].dst_base_addr_low_word, g_group[1].dst_line_stride_word,
    g_group[1].dst_surface_stride_word, g_group[1].dst_dma_cfg_word, g_group[1].lrn_cfg_word,
    g_group[1].datin_offset_word, g_group[1].datin_scale_word, g_group[1].datin_shifter_word,
    g_group[1].datout_offset_word, g_group[1].datout_scale_word, g_group[1].datout_shifter_word,
    g_group[1].perf_enable_word
} : {
    g_group[0].func_bypass_word, g_group[0].dst_base_addr_low_word, g_group[0].dst_line_stride_word,
    g_group[0].dst_surface_stride_word, g_group[0].dst_dma_cfg_word, g_group[0].lrn_cfg_word,
    g_group[0].datin_offset_word, g_group[0].datin_scale_word, g_group[0].datin_shifter_word,
    g_group[0].datout_offset_word, g_group[0].datout_scale_word, g_group[0].datout_shifter_word,
    g_group[0].perf_enable_word
}) == {
    running_func_bypass_word, running_dst_base_addr_low_word, running_dst_line_stride_word,
    running_dst_surface_stride_word, running_dst_dma_cfg_word, running_lrn_cfg_word, running_datin_offset_word,
    running_datin_scale_word, running_datin_shifter_word, running_datout_offset_word, running_datout_scale_word,
    running_datout_shifter_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign {cfg_func_bypass_mul_bypass, cfg_func_bypass_sqsum_bypass} = running_func_bypass_word;
assign cfg_dst_base_addr_low = running_dst_base_addr_low_word;
assign cfg_dst_line_stride = running_dst_line_stride_word;
assign cfg_dst_surface_stride = running_dst_surface_stride_word;
assign cfg_dst_dma_cfg_dst_ram_type = running_dst_dma_cfg_word;
assign cfg_lrn_cfg_normalz_len = running_lrn_cfg_word;
assign cfg_datin_offset = running_datin_offset_word;
assign cfg_datin_scale = running_datin_scale_word;
assign cfg_datin_shifter = running_datin_shifter_word;
assign cfg_datout_offset = running_datout_offset_word;
assign cfg_datout_scale = running_datout_scale_word;
assign cfg_datout_shifter = running_datout_shifter_word;
assign cfg_perf_enable_dma_en = running_perf_enable_word;

assign write_lut_access_cfg = single_write && word == 6'd2;
assign write_lut_access_data = single_write && word == 6'd3;
assign read_lut_access_data = read && word == 6'd3;

reg [31:0] value;
always @* begin
    case (word)
        6'd2: value = {14'd0, cfg_lut_access_cfg_lut_access_type, cfg_lut_access_cfg_lut_table_id, 6'd0, sts_lut_access_cfg_lut_addr};
        6'd40: value = (producer ? g_group[1].copy_perf_write_stall : g_group[0].copy_perf_write_stall);
        6'd41: value = (producer ? g_group[1].copy_perf_lut_uflow : g_group[0].copy_perf_lut_uflow);
        6'd42: value = (producer ? g_group[1].copy_perf_lut_oflow : g_group[0].copy_perf_lut_oflow);
        6'd43: value = (producer ? g_group[1].copy_perf_lut_hybrid : g_group[0].copy_perf_lut_hybrid);
        6'd44: value = (producer ? g_group[1].copy_perf_lut_le_hit : g_group[0].copy_perf_lut_le_hit);
        6'd45: value = (producer ? g_group[1].copy_perf_lut_lo_hit : g_group[0].copy_perf_lut_lo_hit);
        default: value = 32'd0;
    endcase
end

// The unit answers a read with a side effect itself, one cycle after the strobe.
wire [31:0] core_rdata;
assign reg_rdata = core_rdata | {16'd0, sts_lut_access_data_lut_data};

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(6), .GROUPED(1), .FIRST_DUAL(18),
           .STORED(128'h4087fdf8000000004087fdfbfff0)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(core_rdata),
    .read(read), .single_write(single_write), .dual_write(dual_write), .producer(producer), .started(),
    .op_en(op_en), .consumer(consumer), .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
