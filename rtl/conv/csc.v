// CSC: sequence controller of the convolution pipeline. Reads data and weights out of CBUF in the order the
// MAC array needs them, one atom and the weights of one kernel (two where they have at most 4 bytes) a cycle.
//
//   regs -> layer FSM -> csc_setup  (products of the layer)
//                     -> csc_seq    (stripe operations) -> csc_wt  (weight engine, one operation ahead)
//                                                       -> csc_dat (data engine)
//                     -> csc_ring   (lines and entries present, lines to free)
//
// A stripe operation takes max(positions, cycles for its weights) cycles, at least 2, with nothing lost
// between operations, stripes and kernel groups; from the last atom of a layer to the first of the next, if
// its operands are there, 10 cycles. Latency from issue to the MAC array: 6 cycles (data), 5 (weights).
// Feature layers of at most 4 channels without dilation in x take two kernel columns in an operation: the
// left one in lanes 0-3, the right one in lanes 4-7; the last of an odd number of columns goes alone.
// Spec: csc_cmac_cacc.md sections 1 to 4, cdma.md section 7, programming.md section 5.
`default_nettype none

module csc #(
    parameter CACC_FIFO_DEPTH = 32,               // atoms that CACC can hold, a power of two
    parameter ACC_DEPTH       = 16,               // positions of a stripe, a power of two, at least 8
    parameter INDEX_W         = $clog2(ACC_DEPTH) // derived, do not set
) (
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
    // cdma
    input  wire        dat_entry,
    input  wire        dat_slice,
    input  wire        dat_flush,
    input  wire        wt_entry,
    input  wire        wt_flush,
    output wire        dat_rls_valid,
    output wire [14:0] dat_rls_entries,
    output wire        wt_rls_valid,
    output wire [14:0] wt_rls_entries,
    output wire        csc_done,
    // cbuf
    output wire [1:0]  dat_rd_en,
    output wire [13:0] dat_rd_addr0,
    output wire [13:0] dat_rd_addr1,
    input  wire [63:0] dat_rd_data0,
    input  wire [63:0] dat_rd_data1,
    output wire        wt_rd_en,
    output wire [13:0] wt_rd_addr,
    input  wire [63:0] wt_rd_data,
    // cmac
    output wire        wt_valid,
    output wire [2:0]  wt_sel,
    output wire        wt_pair,
    output wire        wt_upper,
    output wire [63:0] wt_data,
    output wire        dat_valid,
    output wire [63:0] dat_data,
    output wire        dat_swap,
    output wire [INDEX_W-1:0] dat_index,
    output wire        dat_first,
    output wire        dat_last,
    output wire        dat_layer_end,
    // cacc
    input  wire        credit
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (CACC_FIFO_DEPTH < 16 || CACC_FIFO_DEPTH > 512 || (CACC_FIFO_DEPTH & (CACC_FIFO_DEPTH - 1)) != 0)
        begin : g_cacc_fifo_depth_illegal csc_CACC_FIFO_DEPTH_is_a_power_of_two_from_16_to_512 u_illegal (); end
    if (ACC_DEPTH < 8 || ACC_DEPTH > 512 || (ACC_DEPTH & (ACC_DEPTH - 1)) != 0)
        begin : g_acc_depth_illegal csc_ACC_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (INDEX_W != $clog2(ACC_DEPTH)) begin : g_index_w_illegal csc_INDEX_W_is_derived u_illegal (); end
endgenerate

// ---------------------------------------------------------------- registers
wire        op_en;
wire        done;
wire        data_reuse;
wire        weight_reuse;
wire        skip_data_rls;
wire        skip_weight_rls;
wire        image;
wire [12:0] width;
wire [12:0] height;
wire [12:0] channel_ext;
wire [1:0]  y_extension;
wire [13:0] line_entries;
wire [4:0]  kernel_width;
wire [4:0]  kernel_height;
wire [12:0] kernel_channel;
wire [12:0] kernels;
wire [31:0] weight_bytes;
wire [12:0] out_width;
wire [12:0] out_height;
wire [20:0] atomics;
wire [11:0] rls_slices;
wire [2:0]  stride_x;
wire [2:0]  stride_y;
wire [4:0]  dilation_x;
wire [4:0]  dilation_y;
wire [4:0]  pad_left;
wire [4:0]  pad_top;
wire [15:0] pad_value;
wire [4:0]  data_bank;
wire [4:0]  weight_bank;

/* verilator lint_off PINCONNECTEMPTY */ // nothing here depends on the group
csc_regs u_regs (
    .clk                                     (reg_clk),
    .rst_n                                   (rst_n),
    .ram_pd                                  (ram_pd),
    .reg_valid                               (reg_valid),
    .reg_write                               (reg_write),
    .reg_addr                                (reg_addr),
    .reg_wdata                               (reg_wdata),
    .reg_rdata                               (reg_rdata),
    .op_en                                   (op_en),
    .consumer                                (),
    .settling                                (reg_settling),
    .done                                    (done),
    .cfg_misc_cfg_data_reuse                 (data_reuse),
    .cfg_misc_cfg_weight_reuse               (weight_reuse),
    .cfg_misc_cfg_skip_data_rls              (skip_data_rls),
    .cfg_misc_cfg_skip_weight_rls            (skip_weight_rls),
    .cfg_datain_format                       (image),
    .cfg_datain_size_ext_0_datain_width_ext  (width),
    .cfg_datain_size_ext_0_datain_height_ext (height),
    .cfg_datain_size_ext_1_datain_channel_ext(channel_ext),
    .cfg_post_y_extension_y_extension        (y_extension),
    .cfg_entry_per_slice_entries             (line_entries),
    .cfg_weight_size_ext_0_weight_width_ext  (kernel_width),
    .cfg_weight_size_ext_0_weight_height_ext (kernel_height),
    .cfg_weight_size_ext_1_weight_channel_ext(kernel_channel),
    .cfg_weight_size_ext_1_weight_kernel     (kernels),
    .cfg_weight_bytes                        (weight_bytes),
    .cfg_dataout_size_0_dataout_width        (out_width),
    .cfg_dataout_size_0_dataout_height       (out_height),
    .cfg_atomics                             (atomics),
    .cfg_release_rls_slices                  (rls_slices),
    .cfg_conv_stride_ext_conv_x_stride_ext   (stride_x),
    .cfg_conv_stride_ext_conv_y_stride_ext   (stride_y),
    .cfg_dilation_ext_x_dilation_ext         (dilation_x),
    .cfg_dilation_ext_y_dilation_ext         (dilation_y),
    .cfg_zero_padding_pad_left               (pad_left),
    .cfg_zero_padding_pad_top                (pad_top),
    .cfg_zero_padding_value_pad_value        (pad_value),
    .cfg_bank_data_bank                      (data_bank),
    .cfg_bank_weight_bank                    (weight_bank)
);
/* verilator lint_on PINCONNECTEMPTY */

// ---------------------------------------------------------------- layer
localparam [1:0] IDLE = 2'd0, PREPARE = 2'd1, RUN = 2'd2;

reg [1:0] state;
reg [4:0] former_data_bank;
reg [4:0] former_weight_bank;
reg       dat_flushed;  // flush of CDMA seen since the last layer started
reg       wt_flushed;
reg       unsettled;    // lines of the finished layer are still being freed

wire setup_done;
wire ring_ready;
wire ring_settled;
wire dat_busy;
wire wt_idle;
wire op_valid;

// On a change of the bank split the former contents are void: wait until CDMA has dropped them too.
wire data_moved   = (data_bank != former_data_bank);
wire weight_moved = data_moved || (weight_bank != former_weight_bank);
wire may_start    = (dat_flushed || !data_moved) && (wt_flushed || !weight_moved) && !dat_flush && !wt_flush;
wire prepare      = (state == IDLE) && op_en && may_start;
wire start        = (state == PREPARE) && setup_done && ring_ready;

assign done     = (state == RUN) && !op_valid && !dat_busy && wt_idle;
assign csc_done = unsettled && ring_settled;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        state              <= IDLE;
        former_data_bank   <= 5'h1f;
        former_weight_bank <= 5'h1f;
        dat_flushed        <= 1'b0;
        wt_flushed         <= 1'b0;
        unsettled          <= 1'b0;
    end else begin
        case (state)
            IDLE:    if (prepare) state <= PREPARE;
            PREPARE: if (start)   state <= RUN;
            default: if (done)    state <= IDLE;
        endcase
        if (prepare) begin
            former_data_bank   <= data_bank;
            former_weight_bank <= weight_bank;
        end
        dat_flushed <= dat_flush || (dat_flushed && !prepare);
        wt_flushed  <= wt_flush  || (wt_flushed  && !prepare);
        unsettled   <= done || (unsettled && !ring_settled);
    end
end

// ---------------------------------------------------------------- derived configuration
// Image mode: S = 1, no dilation, no left padding (it is in the buffer); a block is the next entry.
wire [1:0] merge_mask = !image ? 2'd0 : y_extension[1] ? 2'd3 : {1'b0, y_extension[0]};
wire [3:0] stride     = {1'b0, stride_x} + 4'd1;

// Bytes from output column to output column of an image: stride times 1, 3 or 4.
wire [5:0] pixel_step = (channel_ext[1:0] == 2'd3) ? {stride, 2'd0}
                      : (channel_ext[1:0] == 2'd2) ? {1'b0, stride, 1'b0} + {2'd0, stride} : {2'd0, stride};

// Registers: the first use, in u_setup, is four cycles behind `prepare`, so five behind the layer's settings.
reg  [5:0]  column_step;
reg  [6:0]  step_x;

always @(posedge clk) begin
    column_step <= image ? pixel_step : {2'd0, stride};
    step_x      <= image ? {1'b0, pixel_step} : {stride, 3'd0};
end

`ifdef DLA_ASSERT
always @(posedge clk) begin
    if (rst_n && (start || state == RUN) && step_x != (image ? {1'b0, pixel_step} : {stride, 3'd0}))
        $error("csc: the stride changed in a layer");
end
`endif

wire [4:0]  left        = image ? 5'd0 : pad_left;
wire        columns_2   = !image && (kernel_channel[12:2] == 11'd0) && (dilation_x == 5'd0);
wire [5:0]  op_step_x   = {1'b0, dilation_x} + 6'd1 + {5'd0, columns_2};
wire [5:0]  op_step_y   = image ? 6'd1 : {1'b0, dilation_y} + 6'd1;
wire [13:0] block_step  = image ? 14'd1 : {1'b0, width} + 14'd1;
wire [2:0]  last_bytes  = kernel_channel[2:0];

// Weights of one kernel in the rows that post-extension merges: 2 or 4 rows, fewer at the end.
wire [2:0]  row_bytes    = kernel_channel[2:0] + 3'd1; // at most 4
wire [1:0]  rest         = kernel_height[1:0] & merge_mask;
wire [3:0]  merge_stride = merge_mask[1] ? {row_bytes[1:0], 2'd0} : {row_bytes, 1'b0};
wire [3:0]  short_stride = {1'b0, row_bytes} + (rest[0] ? {1'b0, row_bytes} : 4'd0)
                         + (rest[1] ? {row_bytes, 1'b0} : 4'd0);

wire [14:0] step_line;
wire [14:0] dilation_line;
wire [14:0] pad_line;
wire [17:0] end_x;
wire [20:0] positions;

csc_setup u_setup (
    .clk           (clk),
    .rst_n         (rst_n),
    .start         (prepare),
    .done          (setup_done),
    .image         (image),
    .line_entries  (line_entries),
    .stride_y      (stride_y),
    .dilation_y    (dilation_y),
    .pad_top       (pad_top),
    .pad_left      (left),
    .out_width     (out_width),
    .out_height    (out_height),
    .atomics       (atomics),
    .column_step   (column_step),
    .step_line     (step_line),
    .dilation_line (dilation_line),
    .pad_line      (pad_line),
    .end_x         (end_x),
    .positions     (positions)
);

// ---------------------------------------------------------------- engines
wire        consume;
wire        set_ready;
wire        op_first;
wire        op_group_first;
wire        op_last;
wire        op_stripe_last;
wire        op_group_last;
wire        op_block_last;
wire        op_merge_last;
wire        op_merge_short;
wire        op_columns_2;
wire [2:0]  op_kernels;
wire [INDEX_W-1:0] op_length;
wire [9:0]  op_x;
wire [9:0]  op_y;
wire [14:0] op_line;
wire [14:0] op_block;

csc_seq #(.DEPTH(ACC_DEPTH)) u_seq (
    .clk            (clk),
    .rst_n          (rst_n),
    .start          (prepare),
    .load           (start),
    .consume        (consume),
    .last_s         (image ? 5'd0 : kernel_width),
    .last_r         (kernel_height),
    .last_block     (kernel_channel[12:3]),
    .last_kernel    (kernels),
    .positions      (positions),
    .step_x         (op_step_x),
    .step_y         (op_step_y),
    .step_line      (dilation_line),
    .step_block     (block_step),
    .merge_mask     (merge_mask),
    .columns_2      (columns_2),
    .op_valid       (op_valid),
    .op_first       (op_first),
    .op_group_first (op_group_first),
    .op_last        (op_last),
    .op_stripe_last (op_stripe_last),
    .op_group_last  (op_group_last),
    .op_block_last  (op_block_last),
    .op_merge_last  (op_merge_last),
    .op_merge_short (op_merge_short),
    .op_columns_2   (op_columns_2),
    .op_kernels     (op_kernels),
    .op_length      (op_length),
    .op_x           (op_x),
    .op_y           (op_y),
    .op_line        (op_line),
    .op_block       (op_block)
);

csc_wt u_wt (
    .clk            (clk),
    .rst_n          (rst_n),
    .start          (prepare),
    .reuse          (weight_reuse),
    .skip_release   (skip_weight_rls),
    .entries        (weight_bytes[17:3]),
    .first_bank     (data_bank + 5'd1),
    .last_bank      (weight_bank),
    .last_bytes     (last_bytes),
    .merge_mask     (merge_mask),
    .stride         (merge_stride),
    .stride_short   (short_stride),
    .idle           (wt_idle),
    .op_valid       (op_valid),
    .op_last        (op_last),
    .op_stripe_last (op_stripe_last),
    .op_group_last  (op_group_last),
    .op_block_last  (op_block_last),
    .op_merge_last  (op_merge_last),
    .op_merge_short (op_merge_short),
    .op_columns_2   (op_columns_2),
    .op_kernels     (op_kernels),
    .set_ready      (set_ready),
    .consume        (consume),
    .wt_entry       (wt_entry),
    .wt_flush       (wt_flush),
    .wt_rls_valid   (wt_rls_valid),
    .wt_rls_entries (wt_rls_entries),
    .wt_rd_en       (wt_rd_en),
    .wt_rd_addr     (wt_rd_addr),
    .wt_rd_data     (wt_rd_data),
    .wt_valid       (wt_valid),
    .wt_sel         (wt_sel),
    .wt_pair        (wt_pair),
    .wt_upper       (wt_upper),
    .wt_data        (wt_data)
);

wire [13:0] ring_start;
wire [14:0] lines;
wire [14:0] line_part;
wire        last_group;
wire [14:0] first_line;

csc_dat #(.CREDITS(CACC_FIFO_DEPTH), .ACC_DEPTH(ACC_DEPTH)) u_dat (
    .clk            (clk),
    .rst_n          (rst_n),
    .start          (start),
    .run            (state == RUN),
    .image          (image),
    .last_x         (width),
    .last_y         (height),
    .pad_left       (left),
    .pad_top        (pad_top),
    .pad_line       (pad_line),
    .pad_value      (pad_value[7:0]),
    .step_x         (step_x),
    .end_x          (end_x),
    .step_y         ({1'b0, stride_y} + 4'd1),
    .step_line      (step_line),
    .last_bytes     (last_bytes),
    .banks          (data_bank),
    .ring_start     (ring_start),
    .lines          (lines),
    .line_part      (line_part),
    .busy           (dat_busy),
    .last_group     (last_group),
    .first_line     (first_line),
    .op_valid       (op_valid),
    .op_first       (op_first),
    .op_group_first (op_group_first),
    .op_last        (op_last),
    .op_stripe_last (op_stripe_last),
    .op_group_last  (op_group_last),
    .op_block_last  (op_block_last),
    .op_columns_2   (op_columns_2),
    .op_length      (op_length),
    .op_x           (op_x),
    .op_y           (op_y),
    .op_line        (op_line),
    .op_block       (op_block),
    .set_ready      (set_ready),
    .consume        (consume),
    .dat_rd_en      (dat_rd_en),
    .dat_rd_addr0   (dat_rd_addr0),
    .dat_rd_addr1   (dat_rd_addr1),
    .dat_rd_data0   (dat_rd_data0),
    .dat_rd_data1   (dat_rd_data1),
    .dat_valid      (dat_valid),
    .dat_data       (dat_data),
    .dat_swap       (dat_swap),
    .dat_index      (dat_index),
    .dat_first      (dat_first),
    .dat_last       (dat_last),
    .dat_layer_end  (dat_layer_end),
    .credit         (credit)
);

csc_ring u_ring (
    .clk             (clk),
    .rst_n           (rst_n),
    .dat_entry       (dat_entry),
    .dat_slice       (dat_slice),
    .dat_flush       (dat_flush),
    .dat_rls_valid   (dat_rls_valid),
    .dat_rls_entries (dat_rls_entries),
    .prepare         (prepare),
    .start           (start),
    .done            (done),
    .ready           (ring_ready),
    .settled         (ring_settled),
    .reuse           (data_reuse),
    .skip_release    (skip_data_rls),
    .image           (image),
    .height          (height),
    .release_m1      (rls_slices),
    .line_entries    (line_entries),
    .banks           (data_bank),
    .ring_start      (ring_start),
    .lines           (lines),
    .line_part       (line_part),
    .last_group      (last_group),
    .first_line      (first_line)
);

/* verilator lint_off UNUSEDSIGNAL */ // fields wider than this unit needs them
wire unused = ^{channel_ext[12:2], weight_bytes[31:18], weight_bytes[2:0], pad_value[15:8]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
