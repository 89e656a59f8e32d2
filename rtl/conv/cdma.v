// Convolution DMA: fetches features or pixels and weights of a layer into the convolution buffer.
//
//            +- cdma_dat -> mcif -> cdma_pack -+
//   layer ---+                                 +-> cdma_cvt -> CBUF, pulses to csc
//            +- cdma_wt  -> mcif --------------+
//
// One read a cycle in all, as far ahead as the two rings in CBUF (cdma_ring) have free entries: they are
// the landing buffer, answers are never stalled. An answer is in CBUF three cycles after it came. The
// buffer needs no zero fill after reset (csc never uses an entry that was not written), so
// S_CBUF_FLUSH_STATUS reads 1 at once. Spec: cdma.md; contract with csc: docs/architecture.md.
`default_nettype none

module cdma (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // register bus
    input  wire        reg_clk,   // of the register bus, stops with it
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        reg_settling,
    // mcif: data. An answer to data and one to weights never come in the same cycle
    output wire        dat_rd_req_valid,
    input  wire        dat_rd_req_ready,
    output wire [31:3] dat_rd_req_addr,
    input  wire        dat_rd_rsp_valid,
    input  wire [63:0] dat_rd_rsp_data,
    // mcif: weights
    output wire        wt_rd_req_valid,
    input  wire        wt_rd_req_ready,
    output wire [31:3] wt_rd_req_addr,
    input  wire        wt_rd_rsp_valid,
    input  wire [63:0] wt_rd_rsp_data,
    // cbuf
    output reg  [4:0]  last_data_bank, // of the layers whose data and weights are in the buffer
    output wire        wr_valid,
    output wire [13:0] wr_addr,
    output wire [63:0] wr_data,
    // csc
    output wire        dat_entry,
    output wire        dat_slice,
    output wire        wt_entry,
    output wire        dat_flush,
    output wire        wt_flush,
    input  wire        dat_rls_valid,
    input  wire [14:0] dat_rls_entries,
    input  wire        wt_rls_valid,
    input  wire [14:0] wt_rls_entries,
    input  wire        csc_done,
    // glb, one bit a group
    output wire [1:0]  cdma_dat_intr,
    output wire [1:0]  cdma_wt_intr
);

// ---- registers

wire        op_en, consumer, done;
wire        conv_mode, data_reuse, weight_reuse, skip_data_rls, skip_weight_rls;
wire        img, sign_override, surf_packed, dat_ram_ok, wt_ram_ok, mean_en, cvt_en, perf_en;
wire [5:0]  pixel_format, cvt_truncate;
wire [12:0] width, height, channel;
wire [4:0]  x_offset, pad_left, data_bank, weight_bank;
wire [31:0] base_0, base_1, line_stride, uv_stride, surf_stride, wt_base, wt_bytes;
wire [13:0] entries;
wire [15:0] mean_ry, mean_gu, mean_bv, mean_ax, cvt_offset, cvt_scale, pad_value;

reg         flush_done;
reg  [31:0] dat_stall, wt_stall, dat_latency;

cdma_regs u_regs (
    .clk       (reg_clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .reg_valid (reg_valid),
    .reg_write (reg_write),
    .reg_addr  (reg_addr),
    .reg_wdata (reg_wdata),
    .reg_rdata (reg_rdata),
    .op_en     (op_en),
    .consumer  (consumer),
    .settling  (reg_settling),
    .done      (done),
    .cfg_misc_cfg_conv_mode                   (conv_mode),
    .cfg_misc_cfg_data_reuse                  (data_reuse),
    .cfg_misc_cfg_weight_reuse                (weight_reuse),
    .cfg_misc_cfg_skip_data_rls               (skip_data_rls),
    .cfg_misc_cfg_skip_weight_rls             (skip_weight_rls),
    .cfg_datain_format                        (img),
    .cfg_datain_format_pixel_format           (pixel_format),
    .cfg_datain_format_pixel_sign_override    (sign_override),
    .cfg_datain_size_0_datain_width           (width),
    .cfg_datain_size_0_datain_height          (height),
    .cfg_datain_size_1_datain_channel         (channel),
    .cfg_pixel_offset_pixel_x_offset          (x_offset),
    .cfg_dain_ram_type_datain_ram_type        (dat_ram_ok),
    .cfg_dain_addr_low_0_datain_addr_low_0    (base_0),
    .cfg_dain_addr_low_1_datain_addr_low_1    (base_1),
    .cfg_line_stride                          (line_stride),
    .cfg_line_uv_stride_uv_line_stride        (uv_stride),
    .cfg_surf_stride                          (surf_stride),
    .cfg_dain_map_surf_packed                 (surf_packed),
    .cfg_entry_per_slice_entries              (entries),
    .cfg_weight_ram_type                      (wt_ram_ok),
    .cfg_weight_addr_low                      (wt_base),
    .cfg_weight_bytes                         (wt_bytes),
    .cfg_mean_format                          (mean_en),
    .cfg_mean_global_0_mean_ry                (mean_ry),
    .cfg_mean_global_0_mean_gu                (mean_gu),
    .cfg_mean_global_1_mean_bv                (mean_bv),
    .cfg_mean_global_1_mean_ax                (mean_ax),
    .cfg_cvt_cfg_cvt_en                       (cvt_en),
    .cfg_cvt_cfg_cvt_truncate                 (cvt_truncate),
    .cfg_cvt_offset                           (cvt_offset),
    .cfg_cvt_scale                            (cvt_scale),
    .cfg_zero_padding_pad_left                (pad_left),
    .cfg_zero_padding_value_pad_value         (pad_value),
    .cfg_bank_data_bank                       (data_bank),
    .cfg_bank_weight_bank                     (weight_bank),
    .cfg_perf_enable_dma_en                   (perf_en),
    .sts_cbuf_flush_status_flush_done         (flush_done),
    .sts_perf_dat_read_stall_dat_rd_stall     (dat_stall),
    .sts_perf_wt_read_stall_wt_rd_stall       (wt_stall),
    .sts_perf_dat_read_latency_dat_rd_latency (dat_latency)
);

wire        one_channel, two_plane, swap_uv;
wire [1:0]  order;
wire [2:0]  rotate_0, rotate_1, skip;
wire [4:0]  lead_0, lead_1;
wire [12:0] last_0, last_1;
wire [6:0]  pad_end;
wire [15:0] data_end;

cdma_geometry u_geometry (
    .img (img), .pixel_format (pixel_format), .x_offset (x_offset), .pad_left (pad_left),
    .width (width), .height (height), .channel (channel), .surf_packed (surf_packed),
    .one_channel (one_channel), .two_plane (two_plane), .order (order), .swap_uv (swap_uv),
    .rotate_0 (rotate_0), .rotate_1 (rotate_1), .lead_0 (lead_0), .lead_1 (lead_1),
    .last_0 (last_0), .last_1 (last_1), .skip (skip), .pad_end (pad_end), .data_end (data_end)
);

// ---- layers

wire dat_start, dat_ended, wt_start, wt_ended;

cdma_layer u_layer (
    .clk             (clk),
    .rst_n           (rst_n),
    .op_en           (op_en),
    .consumer        (consumer),
    .done            (done),
    .conv_mode       (conv_mode),
    .img             (img),
    .data_reuse      (data_reuse),
    .weight_reuse    (weight_reuse),
    .skip_data_rls   (skip_data_rls),
    .skip_weight_rls (skip_weight_rls),
    .data_bank       (data_bank),
    .weight_bank     (weight_bank),
    .csc_done        (csc_done),
    .dat_flush       (dat_flush),
    .wt_flush        (wt_flush),
    .dat_start       (dat_start),
    .dat_ended       (dat_ended),
    .wt_start        (wt_start),
    .wt_ended        (wt_ended),
    .dat_intr        (cdma_dat_intr),
    .wt_intr         (cdma_wt_intr)
);

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && dat_start && img && x_offset > (one_channel || two_plane ? 5'd7 : 5'd1))
        $error("%m: PIXEL_X_OFFSET %0d is beyond the first atom", x_offset);
end
`endif

// ---- rings

wire        dat_space, dat_idle, dat_send, dat_reserve, dat_retire, dat_wr_valid, dat_wr_last;
wire        wt_space, wt_idle, wt_send, wt_wr_valid;
wire [13:0] dat_wr_addr, wt_wr_addr;
wire [4:0]  wt_first = data_bank + 5'd1;

cdma_ring u_dat_ring (
    .clk (clk), .rst_n (rst_n), .flush (dat_flush), .first_bank (5'd0), .last_bank (data_bank),
    .banks (data_bank), .send (dat_send), .reserve (dat_reserve), .retire (dat_retire),
    .write (dat_wr_valid), .rls_valid (dat_rls_valid), .rls_entries (dat_rls_entries),
    .space (dat_space), .wr_addr (dat_wr_addr), .idle (dat_idle)
);

cdma_ring u_wt_ring (
    .clk (clk), .rst_n (rst_n), .flush (wt_flush), .first_bank (wt_first),
    .last_bank (wt_first + weight_bank), .banks (weight_bank), .send (wt_send), .reserve (1'b1),
    .retire (wt_wr_valid), .write (1'b1), .rls_valid (wt_rls_valid), .rls_entries (wt_rls_entries),
    .space (wt_space), .wr_addr (wt_wr_addr), .idle (wt_idle)
);

// ---- requests

wire cvt_ready;

cdma_dat u_dat (
    .clk (clk), .rst_n (rst_n), .start (cvt_en ? cvt_ready : dat_start), .ended (dat_ended),
    .ram_ok (dat_ram_ok), .img (img), .two_plane (two_plane),
    .base_0 (base_0[31:3]), .base_1 (base_1[31:3]), .line_stride (line_stride[31:3]),
    .uv_stride (uv_stride[31:3]), .surf_stride (surf_stride[31:3]), .height (height),
    .entries (entries), .skip (skip), .lead_0 (lead_0), .lead_1 (lead_1), .last_0 (last_0),
    .last_1 (last_1), .space (dat_space), .idle (dat_idle), .send (dat_send), .reserve (dat_reserve),
    .rd_req_valid (dat_rd_req_valid), .rd_req_ready (dat_rd_req_ready), .rd_req_addr (dat_rd_req_addr)
);

cdma_wt u_wt (
    .clk (clk), .rst_n (rst_n), .start (wt_start), .ended (wt_ended), .ram_ok (wt_ram_ok),
    .base (wt_base[31:3]), .atoms (wt_bytes[31:3]), .space (wt_space), .idle (wt_idle), .send (wt_send),
    .rd_req_valid (wt_rd_req_valid), .rd_req_ready (wt_rd_req_ready), .rd_req_addr (wt_rd_req_addr)
);

// ---- answers

// What the geometry means for answers, in registers: the first answer comes at least three cycles after the start.
reg         answer_start, answer_two_plane, answer_swap_uv;
reg  [1:0]  answer_order;
reg  [2:0]  answer_rotate_0, answer_rotate_1, answer_skip;
reg  [6:0]  answer_pad_end;
reg  [15:0] answer_data_end;
reg  [63:0] offsets;

wire        mean       = img && mean_en;
wire [15:0] offset_0   = mean ? mean_ry : cvt_offset;
wire [47:0] offset_3_1 = !mean || one_channel ? {3{offset_0}} : {mean_ax, mean_bv, mean_gu};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) answer_start <= 1'b0;
    else        answer_start <= dat_start;
end

always @(posedge clk) begin
    answer_two_plane <= two_plane;
    answer_swap_uv   <= swap_uv;
    answer_order     <= order;
    answer_rotate_0  <= rotate_0;
    answer_rotate_1  <= rotate_1;
    answer_skip      <= skip;
    answer_pad_end   <= pad_end;
    answer_data_end  <= data_end;
    offsets          <= {offset_3_1, offset_0};
end

wire        pack_write, pack_last;
wire [1:0]  pack_phase;
wire [63:0] pack_data;
wire [7:0]  pack_pad;

cdma_pack u_pack (
    .clk (clk), .rst_n (rst_n), .start (answer_start), .img (img), .two_plane (answer_two_plane),
    .order (answer_order), .swap_uv (answer_swap_uv), .rotate_0 (answer_rotate_0), .rotate_1 (answer_rotate_1),
    .skip (answer_skip), .entries (entries), .pad_end (answer_pad_end), .data_end (answer_data_end),
    .rsp_valid (dat_rd_rsp_valid), .rsp_data (dat_rd_rsp_data), .write (pack_write), .last (pack_last),
    .phase (pack_phase), .data (pack_data), .pad (pack_pad)
);

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && dat_rd_rsp_valid && (dat_start || answer_start)) $error("%m: an answer at the start of a layer");
    if (rst_n && dat_rd_rsp_valid && {answer_two_plane, answer_order, answer_rotate_0, answer_rotate_1, answer_skip, answer_pad_end,
                                      answer_data_end} != {two_plane, order, rotate_0, rotate_1, skip, pad_end, data_end})
        $error("%m: settings changed under an answer");
end
`endif

cdma_cvt u_cvt (
    .clk (clk), .rst_n (rst_n), .enable (cvt_en), .is_signed (!img || sign_override),
    .three_byte (answer_two_plane), .offsets (offsets), .scale (cvt_scale),
    .truncate (cvt_truncate), .pad_value (pad_value[7:0]), .setup (dat_start && cvt_en),
    .ready (cvt_ready), .dat_valid (dat_rd_rsp_valid), .dat_write (pack_write), .dat_last (pack_last),
    .dat_phase (pack_phase), .dat_data (pack_data), .dat_pad (pack_pad), .wt_valid (wt_rd_rsp_valid),
    .wt_data (wt_rd_rsp_data), .dat_retire (dat_retire), .dat_wr_valid (dat_wr_valid),
    .dat_wr_last (dat_wr_last), .wt_wr_valid (wt_wr_valid), .wr_data (wr_data)
);

always @(posedge clk) if (dat_flush || wt_flush) last_data_bank <= data_bank;

assign wr_valid  = dat_wr_valid || wt_wr_valid;
assign wr_addr   = wt_wr_valid ? wt_wr_addr : dat_wr_addr;
assign dat_entry = dat_wr_valid;
assign dat_slice = dat_wr_valid && dat_wr_last;
assign wt_entry  = wt_wr_valid;

// ---- status

wire count = op_en && perf_en;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) flush_done <= 1'b0;
    else        flush_done <= 1'b1;
end

// Counters begin at 0 with each layer, so a reset, in which no layer is enabled, needs nothing more.
always @(posedge clk) begin
    if (!op_en && !done) begin
        dat_stall   <= 32'd0;
        wt_stall    <= 32'd0;
        dat_latency <= 32'd0;
    end else begin
        if (count && dat_rd_req_valid && !dat_rd_req_ready) dat_stall   <= dat_stall + 32'd1;
        if (count && wt_rd_req_valid && !wt_rd_req_ready)   wt_stall    <= wt_stall + 32'd1;
        if (count && !dat_idle)                             dat_latency <= dat_latency + 32'd1;
    end
end

/* verilator lint_off UNUSEDSIGNAL */ // addresses and strides are whole atoms; pad values are bytes
wire unused = &{1'b0, base_0[2:0], base_1[2:0], line_stride[2:0], uv_stride[2:0], surf_stride[2:0],
                wt_base[2:0], wt_bytes[2:0], pad_value[15:8]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
