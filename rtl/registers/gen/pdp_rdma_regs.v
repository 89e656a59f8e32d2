// Register file of PDP_RDMA, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module pdp_rdma_regs (
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
    output wire [31:0] cfg_src_base_addr_low,
    output wire [31:0] cfg_src_line_stride,
    output wire [31:0] cfg_src_surface_stride,
    output wire        cfg_src_ram_cfg_src_ram_type,
    output wire [7:0]  cfg_operation_mode_cfg_split_num,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_width,
    output wire [3:0]  cfg_pooling_kernel_cfg_kernel_stride_width,
    output wire [9:0]  cfg_partial_width_in_first,
    output wire [9:0]  cfg_partial_width_in_last,
    output wire [9:0]  cfg_partial_width_in_mid,
    output wire        cfg_perf_enable_dma_en,
    input  wire [31:0] sts_perf_read_stall
);

wire [4:0] word;
wire producer;
wire [1:0] dual_write;

reg [31:0] mask;
always @* begin
    case (word)
        5'd3, 5'd4, 5'd5: mask = 32'h00001fff;
        5'd6, 5'd11, 5'd17: mask = 32'h00000001;
        5'd7, 5'd8, 5'd9, 5'd10, 5'd19: mask = 32'hffffffff;
        5'd12: mask = 32'h00000003;
        5'd13, 5'd14: mask = 32'h000000ff;
        5'd15: mask = 32'h0000000f;
        5'd16: mask = 32'h3fffffff;
        default: mask = 32'd0;
    endcase
end

wire [31:0] reset = 32'd0;

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [12:0] data_cube_in_width_word, data_cube_in_height_word, data_cube_in_channel_word;
    reg [31:0] src_base_addr_low_word, src_line_stride_word, src_surface_stride_word;
    reg src_ram_cfg_word, perf_enable_word;
    reg [7:0] operation_mode_cfg_word, pooling_kernel_cfg_word;
    reg [29:0] partial_width_in_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                data_cube_in_width_word, data_cube_in_height_word, data_cube_in_channel_word,
                src_base_addr_low_word, src_line_stride_word, src_surface_stride_word, src_ram_cfg_word,
                operation_mode_cfg_word, pooling_kernel_cfg_word, partial_width_in_word, perf_enable_word
            } <= 0;
        end else if (dual_write[g]) begin
            case (word)
                5'd3: data_cube_in_width_word <= reg_wdata[12:0];
                5'd4: data_cube_in_height_word <= reg_wdata[12:0];
                5'd5: data_cube_in_channel_word <= reg_wdata[12:0];
                5'd7: src_base_addr_low_word <= reg_wdata[31:0];
                5'd9: src_line_stride_word <= reg_wdata[31:0];
                5'd10: src_surface_stride_word <= reg_wdata[31:0];
                5'd11: src_ram_cfg_word <= reg_wdata[0];
                5'd13: operation_mode_cfg_word <= reg_wdata[7:0];
                5'd14: pooling_kernel_cfg_word <= reg_wdata[7:0];
                5'd16: partial_width_in_word <= reg_wdata[29:0];
                5'd17: perf_enable_word <= reg_wdata[0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_perf_read_stall;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            copy_perf_read_stall <= 0;
        end else if (finished[g]) begin
            copy_perf_read_stall <= sts_perf_read_stall;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [12:0] running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word;
reg [31:0] running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word;
reg running_src_ram_cfg_word, running_perf_enable_word;
reg [7:0] running_operation_mode_cfg_word, running_pooling_kernel_cfg_word;
reg [29:0] running_partial_width_in_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word,
            running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word,
            running_src_ram_cfg_word, running_operation_mode_cfg_word, running_pooling_kernel_cfg_word,
            running_partial_width_in_word, running_perf_enable_word
        } <= 0;
    end else if (consumer) begin
        running_data_cube_in_width_word <= g_group[1].data_cube_in_width_word;
        running_data_cube_in_height_word <= g_group[1].data_cube_in_height_word;
        running_data_cube_in_channel_word <= g_group[1].data_cube_in_channel_word;
        running_src_base_addr_low_word <= g_group[1].src_base_addr_low_word;
        running_src_line_stride_word <= g_group[1].src_line_stride_word;
        running_src_surface_stride_word <= g_group[1].src_surface_stride_word;
        running_src_ram_cfg_word <= g_group[1].src_ram_cfg_word;
        running_operation_mode_cfg_word <= g_group[1].operation_mode_cfg_word;
        running_pooling_kernel_cfg_word <= g_group[1].pooling_kernel_cfg_word;
        running_partial_width_in_word <= g_group[1].partial_width_in_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_data_cube_in_width_word <= g_group[0].data_cube_in_width_word;
        running_data_cube_in_height_word <= g_group[0].data_cube_in_height_word;
        running_data_cube_in_channel_word <= g_group[0].data_cube_in_channel_word;
        running_src_base_addr_low_word <= g_group[0].src_base_addr_low_word;
        running_src_line_stride_word <= g_group[0].src_line_stride_word;
        running_src_surface_stride_word <= g_group[0].src_surface_stride_word;
        running_src_ram_cfg_word <= g_group[0].src_ram_cfg_word;
        running_operation_mode_cfg_word <= g_group[0].operation_mode_cfg_word;
        running_pooling_kernel_cfg_word <= g_group[0].pooling_kernel_cfg_word;
        running_partial_width_in_word <= g_group[0].partial_width_in_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].data_cube_in_width_word, g_group[1].data_cube_in_height_word, g_group[1].data_cube_in_channel_word,
    g_group[1].src_base_addr_low_word, g_group[1].src_line_stride_word, g_group[1].src_surface_stride_word,
    g_group[1].src_ram_cfg_word, g_group[1].operation_mode_cfg_word, g_group[1].pooling_kernel_cfg_word,
    g_group[1].partial_width_in_word, g_group[1].perf_enable_word
} : {
    g_group[0].data_cube_in_width_word, g_group[0].data_cube_in_height_word, g_group[0].data_cube_in_channel_word,
    g_group[0].src_base_addr_low_word, g_group[0].src_line_stride_word, g_group[0].src_surface_stride_word,
    g_group[0].src_ram_cfg_word, g_group[0].operation_mode_cfg_word, g_group[0].pooling_kernel_cfg_word,
    g_group[0].partial_width_in_word, g_group[0].perf_enable_word
}) == {
    running_data_cube_in_width_word, running_data_cube_in_height_word, running_data_cube_in_channel_word,
    running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word,
    running_src_ram_cfg_word, running_operation_mode_cfg_word, running_pooling_kernel_cfg_word,
    running_partial_width_in_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign cfg_data_cube_in_width_cube_in_width = running_data_cube_in_width_word;
assign cfg_data_cube_in_height_cube_in_height = running_data_cube_in_height_word;
assign cfg_data_cube_in_channel_cube_in_channel = running_data_cube_in_channel_word;
assign cfg_src_base_addr_low = running_src_base_addr_low_word;
assign cfg_src_line_stride = running_src_line_stride_word;
assign cfg_src_surface_stride = running_src_surface_stride_word;
assign cfg_src_ram_cfg_src_ram_type = running_src_ram_cfg_word;
assign cfg_operation_mode_cfg_split_num = running_operation_mode_cfg_word;
assign {cfg_pooling_kernel_cfg_kernel_stride_width, cfg_pooling_kernel_cfg_kernel_width} =
    running_pooling_kernel_cfg_word;
assign {cfg_partial_width_in_mid, cfg_partial_width_in_last, cfg_partial_width_in_first} =
    running_partial_width_in_word;
assign cfg_perf_enable_dma_en = running_perf_enable_word;

reg [31:0] value;
always @* begin
    case (word)
        5'd18: value = (producer ? g_group[1].copy_perf_read_stall : g_group[0].copy_perf_read_stall);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(5), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(64'hbfff8000bfff8)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(), .op_en(op_en), .consumer(consumer),
    .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
