// Register file of SDP_RDMA, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module sdp_rdma_regs (
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
    output wire [31:0] cfg_src_base_addr_low,
    output wire [31:0] cfg_src_line_stride,
    output wire [31:0] cfg_src_surface_stride,
    output wire        cfg_brdma_cfg_brdma_disable,
    output wire [1:0]  cfg_brdma_cfg_brdma_data_use,
    output wire        cfg_brdma_cfg_brdma_data_size,
    output wire        cfg_brdma_cfg_brdma_data_mode,
    output wire        cfg_brdma_cfg_brdma_ram_type,
    output wire [31:0] cfg_bs_base_addr_low,
    output wire [31:0] cfg_bs_line_stride,
    output wire [31:0] cfg_bs_surface_stride,
    output wire        cfg_nrdma_cfg_nrdma_disable,
    output wire [1:0]  cfg_nrdma_cfg_nrdma_data_use,
    output wire        cfg_nrdma_cfg_nrdma_data_size,
    output wire        cfg_nrdma_cfg_nrdma_data_mode,
    output wire        cfg_nrdma_cfg_nrdma_ram_type,
    output wire [31:0] cfg_bn_base_addr_low,
    output wire [31:0] cfg_bn_line_stride,
    output wire [31:0] cfg_bn_surface_stride,
    output wire        cfg_feature_mode_cfg_flying_mode,
    output wire        cfg_src_dma_cfg_src_ram_type,
    output wire        cfg_perf_enable_perf_dma_en,
    input  wire [31:0] sts_perf_mrdma_read_stall_mrdma_stall,
    input  wire [31:0] sts_perf_brdma_read_stall_brdma_stall,
    input  wire [31:0] sts_perf_nrdma_read_stall_nrdma_stall
);

wire [5:0] word;
wire producer;
wire [1:0] dual_write, started;

reg [31:0] mask;
always @* begin
    case (word)
        6'd3, 6'd4, 6'd5, 6'd28: mask = 32'h00001fff;
        6'd6, 6'd7, 6'd8, 6'd9, 6'd11, 6'd12, 6'd13, 6'd14, 6'd15, 6'd17, 6'd18, 6'd19,
        6'd20, 6'd21, 6'd23, 6'd24, 6'd25, 6'd26, 6'd27: mask = 32'hffffffff;
        6'd10, 6'd16, 6'd22: mask = 32'h0000003f;
        6'd29: mask = 32'h00000001;
        6'd32: mask = 32'h00000003;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        6'd10, 6'd16, 6'd22: reset = 32'h00000001;
        6'd28: reset = 32'h00000014;
        default: reset = 32'd0;
    endcase
end

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [12:0] data_cube_width_word, data_cube_height_word, data_cube_channel_word;
    reg [31:0] src_base_addr_low_word, src_line_stride_word, src_surface_stride_word, bs_base_addr_low_word,
        bs_line_stride_word, bs_surface_stride_word, bn_base_addr_low_word, bn_line_stride_word, bn_surface_stride_word;
    reg [5:0] brdma_cfg_word, nrdma_cfg_word;
    reg feature_mode_cfg_word, src_dma_cfg_word, perf_enable_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                data_cube_width_word, data_cube_height_word, data_cube_channel_word, src_base_addr_low_word,
                src_line_stride_word, src_surface_stride_word, bs_base_addr_low_word, bs_line_stride_word,
                bs_surface_stride_word, bn_base_addr_low_word, bn_line_stride_word, bn_surface_stride_word,
                feature_mode_cfg_word, src_dma_cfg_word, perf_enable_word
            } <= 0;
            brdma_cfg_word <= 6'h1;
            nrdma_cfg_word <= 6'h1;
        end else if (dual_write[g]) begin
            case (word)
                6'd3: data_cube_width_word <= reg_wdata[12:0];
                6'd4: data_cube_height_word <= reg_wdata[12:0];
                6'd5: data_cube_channel_word <= reg_wdata[12:0];
                6'd6: src_base_addr_low_word <= reg_wdata[31:0];
                6'd8: src_line_stride_word <= reg_wdata[31:0];
                6'd9: src_surface_stride_word <= reg_wdata[31:0];
                6'd10: brdma_cfg_word <= reg_wdata[5:0];
                6'd11: bs_base_addr_low_word <= reg_wdata[31:0];
                6'd13: bs_line_stride_word <= reg_wdata[31:0];
                6'd14: bs_surface_stride_word <= reg_wdata[31:0];
                6'd16: nrdma_cfg_word <= reg_wdata[5:0];
                6'd17: bn_base_addr_low_word <= reg_wdata[31:0];
                6'd19: bn_line_stride_word <= reg_wdata[31:0];
                6'd20: bn_surface_stride_word <= reg_wdata[31:0];
                6'd28: feature_mode_cfg_word <= reg_wdata[0];
                6'd29: src_dma_cfg_word <= reg_wdata[0];
                6'd32: perf_enable_word <= reg_wdata[0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_perf_mrdma_read_stall_mrdma_stall;
    reg [31:0] copy_perf_brdma_read_stall_brdma_stall;
    reg [31:0] copy_perf_nrdma_read_stall_nrdma_stall;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {
                copy_perf_mrdma_read_stall_mrdma_stall, copy_perf_brdma_read_stall_brdma_stall,
                copy_perf_nrdma_read_stall_nrdma_stall
            } <= 0;
        end else if (finished[g]) begin
            copy_perf_mrdma_read_stall_mrdma_stall <= sts_perf_mrdma_read_stall_mrdma_stall;
            copy_perf_brdma_read_stall_brdma_stall <= sts_perf_brdma_read_stall_brdma_stall;
            copy_perf_nrdma_read_stall_nrdma_stall <= sts_perf_nrdma_read_stall_nrdma_stall;
        end else if (started[g]) begin
            {
                copy_perf_mrdma_read_stall_mrdma_stall, copy_perf_brdma_read_stall_brdma_stall,
                copy_perf_nrdma_read_stall_nrdma_stall
            } <= 0;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [12:0] running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word;
reg [31:0] running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word,
    running_bs_base_addr_low_word, running_bs_line_stride_word, running_bs_surface_stride_word,
    running_bn_base_addr_low_word, running_bn_line_stride_word, running_bn_surface_stride_word;
reg [5:0] running_brdma_cfg_word, running_nrdma_cfg_word;
reg running_feature_mode_cfg_word, running_src_dma_cfg_word, running_perf_enable_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {
            running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word,
            running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word,
            running_bs_base_addr_low_word, running_bs_line_stride_word, running_bs_surface_stride_word,
            running_bn_base_addr_low_word, running_bn_line_stride_word, running_bn_surface_stride_word,
            running_feature_mode_cfg_word, running_src_dma_cfg_word, running_perf_enable_word
        } <= 0;
        running_brdma_cfg_word <= 6'h1;
        running_nrdma_cfg_word <= 6'h1;
    end else if (consumer) begin
        running_data_cube_width_word <= g_group[1].data_cube_width_word;
        running_data_cube_height_word <= g_group[1].data_cube_height_word;
        running_data_cube_channel_word <= g_group[1].data_cube_channel_word;
        running_src_base_addr_low_word <= g_group[1].src_base_addr_low_word;
        running_src_line_stride_word <= g_group[1].src_line_stride_word;
        running_src_surface_stride_word <= g_group[1].src_surface_stride_word;
        running_brdma_cfg_word <= g_group[1].brdma_cfg_word;
        running_bs_base_addr_low_word <= g_group[1].bs_base_addr_low_word;
        running_bs_line_stride_word <= g_group[1].bs_line_stride_word;
        running_bs_surface_stride_word <= g_group[1].bs_surface_stride_word;
        running_nrdma_cfg_word <= g_group[1].nrdma_cfg_word;
        running_bn_base_addr_low_word <= g_group[1].bn_base_addr_low_word;
        running_bn_line_stride_word <= g_group[1].bn_line_stride_word;
        running_bn_surface_stride_word <= g_group[1].bn_surface_stride_word;
        running_feature_mode_cfg_word <= g_group[1].feature_mode_cfg_word;
        running_src_dma_cfg_word <= g_group[1].src_dma_cfg_word;
        running_perf_enable_word <= g_group[1].perf_enable_word;
    end else begin
        running_data_cube_width_word <= g_group[0].data_cube_width_word;
        running_data_cube_height_word <= g_group[0].data_cube_height_word;
        running_data_cube_channel_word <= g_group[0].data_cube_channel_word;
        running_src_base_addr_low_word <= g_group[0].src_base_addr_low_word;
        running_src_line_stride_word <= g_group[0].src_line_stride_word;
        running_src_surface_stride_word <= g_group[0].src_surface_stride_word;
        running_brdma_cfg_word <= g_group[0].brdma_cfg_word;
        running_bs_base_addr_low_word <= g_group[0].bs_base_addr_low_word;
        running_bs_line_stride_word <= g_group[0].bs_line_stride_word;
        running_bs_surface_stride_word <= g_group[0].bs_surface_stride_word;
        running_nrdma_cfg_word <= g_group[0].nrdma_cfg_word;
        running_bn_base_addr_low_word <= g_group[0].bn_base_addr_low_word;
        running_bn_line_stride_word <= g_group[0].bn_line_stride_word;
        running_bn_surface_stride_word <= g_group[0].bn_surface_stride_word;
        running_feature_mode_cfg_word <= g_group[0].feature_mode_cfg_word;
        running_src_dma_cfg_word <= g_group[0].src_dma_cfg_word;
        running_perf_enable_word <= g_group[0].perf_enable_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].data_cube_width_word, g_group[1].data_cube_height_word, g_group[1].data_cube_channel_word,
    g_group[1].src_base_addr_low_word, g_group[1].src_line_stride_word, g_group[1].src_surface_stride_word,
    g_group[1].brdma_cfg_word, g_group[1].bs_base_addr_low_word, g_group[1].bs_line_stride_word,
    g_group[1].bs_surface_stride_word, g_group[1].nrdma_cfg_word, g_group[1].bn_base_addr_low_word,
    g_group[1].bn_line_stride_word, g_group[1].bn_surface_stride_word, g_group[1].feature_mode_cfg_word,
    g_group[1].src_dma_cfg_word, g_group[1].perf_enable_word
} : {
    g_group[0].data_cube_width_word, g_group[0].data_cube_height_word, g_group[0].data_cube_channel_word,
    g_group[0].src_base_addr_low_word, g_group[0].src_line_stride_word, g_group[0].src_surface_stride_word,
    g_group[0].brdma_cfg_word, g_group[0].bs_base_addr_low_word, g_group[0].bs_line_stride_word,
    g_group[0].bs_surface_stride_word, g_group[0].nrdma_cfg_word, g_group[0].bn_base_addr_low_word,
    g_group[0].bn_line_stride_word, g_group[0].bn_surface_stride_word, g_group[0].feature_mode_cfg_word,
    g_group[0].src_dma_cfg_word, g_group[0].perf_enable_word
}) == {
    running_data_cube_width_word, running_data_cube_height_word, running_data_cube_channel_word,
    running_src_base_addr_low_word, running_src_line_stride_word, running_src_surface_stride_word,
    running_brdma_cfg_word, running_bs_base_addr_low_word, running_bs_line_stride_word,
    running_bs_surface_stride_word, running_nrdma_cfg_word, running_bn_base_addr_low_word,
    running_bn_line_stride_word, running_bn_surface_stride_word, running_feature_mode_cfg_word,
    running_src_dma_cfg_word, running_perf_enable_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign cfg_data_cube_width_width = running_data_cube_width_word;
assign cfg_data_cube_height_height = running_data_cube_height_word;
assign cfg_data_cube_channel_channel = running_data_cube_channel_word;
assign cfg_src_base_addr_low = running_src_base_addr_low_word;
assign cfg_src_line_stride = running_src_line_stride_word;
assign cfg_src_surface_stride = running_src_surface_stride_word;
assign {cfg_brdma_cfg_brdma_ram_type, cfg_brdma_cfg_brdma_data_mode, cfg_brdma_cfg_brdma_data_size, cfg_brdma_cfg_brdma_data_use, cfg_brdma_cfg_brdma_disable} =
    running_brdma_cfg_word;
assign cfg_bs_base_addr_low = running_bs_base_addr_low_word;
assign cfg_bs_line_stride = running_bs_line_stride_word;
assign cfg_bs_surface_stride = running_bs_surface_stride_word;
assign {cfg_nrdma_cfg_nrdma_ram_type, cfg_nrdma_cfg_nrdma_data_mode, cfg_nrdma_cfg_nrdma_data_size, cfg_nrdma_cfg_nrdma_data_use, cfg_nrdma_cfg_nrdma_disable} =
    running_nrdma_cfg_word;
assign cfg_bn_base_addr_low = running_bn_base_addr_low_word;
assign cfg_bn_line_stride = running_bn_line_stride_word;
assign cfg_bn_surface_stride = running_bn_surface_stride_word;
assign cfg_feature_mode_cfg_flying_mode = running_feature_mode_cfg_word;
assign cfg_src_dma_cfg_src_ram_type = running_src_dma_cfg_word;
assign cfg_perf_enable_perf_dma_en = running_perf_enable_word;

reg [31:0] value;
always @* begin
    case (word)
        6'd33: value = (producer ? g_group[1].copy_perf_mrdma_read_stall_mrdma_stall : g_group[0].copy_perf_mrdma_read_stall_mrdma_stall);
        6'd34: value = (producer ? g_group[1].copy_perf_brdma_read_stall_brdma_stall : g_group[0].copy_perf_brdma_read_stall_brdma_stall);
        6'd35: value = (producer ? g_group[1].copy_perf_nrdma_read_stall_nrdma_stall : g_group[0].copy_perf_nrdma_read_stall_nrdma_stall);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(6), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(128'h13ffffff8000000013ffffff8)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(started), .op_en(op_en),
    .consumer(consumer), .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
