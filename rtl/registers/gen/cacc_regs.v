// Register file of CACC, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module cacc_regs (
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
    output wire [12:0] cfg_dataout_size_0_dataout_width,
    output wire [12:0] cfg_dataout_size_0_dataout_height,
    output wire [4:0]  cfg_clip_cfg_clip_truncate,
    input  wire [31:0] sts_out_saturation_sat_count
);

wire [3:0] word;
wire producer;
wire [1:0] dual_write, started;

reg [31:0] mask;
always @* begin
    case (word)
        4'd3: mask = 32'h00003001;
        4'd4: mask = 32'h1fff1fff;
        4'd5: mask = 32'h00001fff;
        4'd6, 4'd13: mask = 32'hffffffff;
        4'd7, 4'd11: mask = 32'h0000001f;
        4'd8, 4'd9: mask = 32'h00ffffff;
        4'd10: mask = 32'h00010001;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        4'd3: reset = 32'h00001000;
        default: reset = 32'd0;
    endcase
end

wire [1:0] finished = {consumer, !consumer} & {2{done}};

genvar g;
generate
for (g = 0; g < 2; g = g + 1) begin : g_group
    reg [25:0] dataout_size_0_word;
    reg [4:0] clip_cfg_word;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            {dataout_size_0_word, clip_cfg_word} <= 0;
        end else if (dual_write[g]) begin
            case (word)
                4'd4: dataout_size_0_word <= {reg_wdata[28:16], reg_wdata[12:0]};
                4'd11: clip_cfg_word <= reg_wdata[4:0];
                default: ;
            endcase
        end
    end
    reg [31:0] copy_out_saturation_sat_count;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            copy_out_saturation_sat_count <= 0;
        end else if (finished[g]) begin
            copy_out_saturation_sat_count <= sts_out_saturation_sat_count;
        end else if (started[g]) begin
            copy_out_saturation_sat_count <= 0;
        end
    end
end
endgenerate

// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong).
reg [25:0] running_dataout_size_0_word;
reg [4:0] running_clip_cfg_word;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {running_dataout_size_0_word, running_clip_cfg_word} <= 0;
    end else if (consumer) begin
        running_dataout_size_0_word <= g_group[1].dataout_size_0_word;
        running_clip_cfg_word <= g_group[1].clip_cfg_word;
    end else begin
        running_dataout_size_0_word <= g_group[0].dataout_size_0_word;
        running_clip_cfg_word <= g_group[0].clip_cfg_word;
    end
end
`ifdef DLA_ASSERT
wire selected_match = (consumer ? {
    g_group[1].dataout_size_0_word, g_group[1].clip_cfg_word
} : {
    g_group[0].dataout_size_0_word, g_group[0].clip_cfg_word
}) == {
    running_dataout_size_0_word, running_clip_cfg_word
};
always @(posedge clk or negedge rst_n) begin
    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");
end
`endif

assign {cfg_dataout_size_0_dataout_height, cfg_dataout_size_0_dataout_width} = running_dataout_size_0_word;
assign cfg_clip_cfg_clip_truncate = running_clip_cfg_word;

reg [31:0] value;
always @* begin
    case (word)
        4'd12: value = (producer ? g_group[1].copy_out_saturation_sat_count : g_group[0].copy_out_saturation_sat_count);
        default: value = 32'd0;
    endcase
end

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(4), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(32'h2ff82ff8)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(dual_write), .producer(producer), .started(started), .op_en(op_en),
    .consumer(consumer), .done(done), .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
