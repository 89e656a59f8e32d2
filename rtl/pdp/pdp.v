// Pooling: maximum, minimum or average over windows up to 8 x 8, one atom (8 elements) a cycle.
//
//   rd_* (memory)    -+-> horizontal (3 cycles) -> vertical (1) -> average (5) -> write buffer -> wr_req
//   sdp2pdp_* (fly)  -+       ^ events                                              | credit
//                       pdp_control <-----------------------------------------------+
//
// With fewer LANES than 8 each event of pdp_control, a window, takes 8 / LANES cycles in the stages behind it.
// One input atom and one output atom a cycle, paddings included (a cube one column wide takes two cycles an atom
// unless the window is one row high). A layer takes its input exactly, also where strides leave a rest that belongs to no
// window. Between two layers: about 20 cycles for the pipeline to empty and fill.
// done: last write accepted and all input taken. Interrupt: done, and the memory has acknowledged the last write.
// Spec: pdp.md; system.md 5.1, 6.1, 10.
`default_nettype none

module pdp #(
    parameter LANES = 8, // elements a cycle: 8, 4, 2 or 1
    parameter LUT_RAMS = 0, // 1: small memories in LUTs, for FPGAs (dla_ram_1r1w)
    parameter CLOCK_GATES = 1 // 1: the clock stops where nothing moves (dla_clock_gate), 0: never
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        ungated, // 1: no clock stops
    // register bus
    input  wire        reg_clk,   // of the register bus, stops with it
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        reg_settling,
    // from sdp
    input  wire        sdp2pdp_valid,
    output wire        sdp2pdp_ready,
    input  wire [63:0] sdp2pdp_data,
    // from pdp_rdma
    input  wire        rd_valid,
    output wire        rd_ready,
    input  wire [63:0] rd_data,
    // memory
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done,
    // interrupt, one bit a group
    output wire [1:0]  pdp_intr
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal pdp_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) begin : g_lanes_illegal pdp_LANES_is_1_2_4_or_8 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal pdp_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

localparam PARTS  = 8 / LANES; // of an atom
localparam ADDR_W = $clog2(16 * PARTS); // of a bank of the line buffer
localparam PLACES = 16; // of the output buffer: pipeline and buffer latency are 13 cycles

// Registers

wire         op_en, done;
wire [12:0]  in_width, in_height, in_channel, out_width, out_height;
wire [1:0]   method;
wire         from_memory;
wire [7:0]   split_num;
wire [9:0]   in_first, in_mid, in_last, out_first, out_mid, out_last;
wire [3:0]   kernel_width, kernel_height, stride_width, stride_height;
wire [16:0]  recip_width, recip_height;
wire [2:0]   pad_left, pad_top, pad_right, pad_bottom;
wire [18:0]  pad_value_1, pad_value_2, pad_value_3, pad_value_4, pad_value_5, pad_value_6, pad_value_7;
wire [31:0]  base_addr, line_stride, surface_stride;
wire         ram_type;
wire         count_stalls;
reg  [31:0]  stalls;
wire [12:0]  out_channel;
wire        unit_clk;  // of all but the registers

/* verilator lint_off PINCONNECTEMPTY */ // the interrupt keeps its own group, see below
pdp_regs u_regs (
    .clk                                         (reg_clk),
    .rst_n                                       (rst_n),
    .ram_pd                                      (ram_pd),
    .reg_valid                                   (reg_valid),
    .reg_write                                   (reg_write),
    .reg_addr                                    (reg_addr),
    .reg_wdata                                   (reg_wdata),
    .reg_rdata                                   (reg_rdata),
    .op_en                                       (op_en),
    .consumer                                    (),
    .settling                                    (reg_settling),
    .done                                        (done),
    .cfg_data_cube_in_width_cube_in_width        (in_width),
    .cfg_data_cube_in_height_cube_in_height      (in_height),
    .cfg_data_cube_in_channel_cube_in_channel    (in_channel),
    .cfg_data_cube_out_width_cube_out_width      (out_width),
    .cfg_data_cube_out_height_cube_out_height    (out_height),
    .cfg_data_cube_out_channel_cube_out_channel  (out_channel),
    .cfg_operation_mode_cfg_pooling_method       (method),
    .cfg_operation_mode_cfg_flying_mode          (from_memory),
    .cfg_operation_mode_cfg_split_num            (split_num),
    .cfg_partial_width_in_first                  (in_first),
    .cfg_partial_width_in_last                   (in_last),
    .cfg_partial_width_in_mid                    (in_mid),
    .cfg_partial_width_out_first                 (out_first),
    .cfg_partial_width_out_last                  (out_last),
    .cfg_partial_width_out_mid                   (out_mid),
    .cfg_pooling_kernel_cfg_kernel_width         (kernel_width),
    .cfg_pooling_kernel_cfg_kernel_height        (kernel_height),
    .cfg_pooling_kernel_cfg_kernel_stride_width  (stride_width),
    .cfg_pooling_kernel_cfg_kernel_stride_height (stride_height),
    .cfg_recip_kernel_width                      (recip_width),
    .cfg_recip_kernel_height                     (recip_height),
    .cfg_pooling_padding_cfg_pad_left            (pad_left),
    .cfg_pooling_padding_cfg_pad_top             (pad_top),
    .cfg_pooling_padding_cfg_pad_right           (pad_right),
    .cfg_pooling_padding_cfg_pad_bottom          (pad_bottom),
    .cfg_pooling_padding_value_1_cfg_pad_value_1x(pad_value_1),
    .cfg_pooling_padding_value_2_cfg_pad_value_2x(pad_value_2),
    .cfg_pooling_padding_value_3_cfg_pad_value_3x(pad_value_3),
    .cfg_pooling_padding_value_4_cfg_pad_value_4x(pad_value_4),
    .cfg_pooling_padding_value_5_cfg_pad_value_5x(pad_value_5),
    .cfg_pooling_padding_value_6_cfg_pad_value_6x(pad_value_6),
    .cfg_pooling_padding_value_7_cfg_pad_value_7x(pad_value_7),
    .cfg_dst_base_addr_low                       (base_addr),
    .cfg_dst_line_stride                         (line_stride),
    .cfg_dst_surface_stride                      (surface_stride),
    .cfg_dst_ram_cfg_dst_ram_type                (ram_type),
    .cfg_perf_enable_dma_en                      (count_stalls),
    .sts_perf_write_stall                        (stalls)
);
/* verilator lint_on PINCONNECTEMPTY */

wire maximum = ^method;          // 1 maximum, 2 minimum
wire invert  = (method == 2'd2);

// Input

wire [63:0] in_data  = from_memory ? rd_data  : sdp2pdp_data;
wire        in_valid = from_memory ? rd_valid : sdp2pdp_valid;
wire        in_ready;

assign rd_ready      = from_memory && in_ready;
assign sdp2pdp_ready = !from_memory && in_ready;

// Control. Suffix: cycle of the pipeline in which a signal belongs to its event.

wire        layer_start, finished, moves, owes, shift, credit;
reg              valid_2, valid_3; // an event in cycle 2, 3
reg signed [3:0] unanswered;       // layers whose last write is not acknowledged, see below

// ---------------------------------------------------------------- clock
// On while the control moves, events or outputs are under way, or a last write is not acknowledged.

wire awake = moves || owes || valid_2 || valid_3 || wr_done || unanswered != 0;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (awake),
    .ungated (ungated),
    .gated   (unit_clk)
);

wire        event_now, valid_1, last_1, layer_end_1;
wire [7:0]  mask_1, act_1, fresh_1, emit_1;
wire [2:0]  column_pads_1, row_pads_1, ends_1, part_1;
wire [3:0]  addr_1;
wire [6:0]  place_1 = {part_1, addr_1};  // in a bank, in which the columns of a part follow each other

reg  [6:0] out_valid; // cycles 3 to 9

// A stage has its clock while events go through it.
wire window_clk, bank_clk, average_clk;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_window_gate (
    .clk (clk), .enable (shift || event_now || valid_1 || valid_2), .ungated (ungated), .gated (window_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_bank_gate (
    .clk (clk), .enable (valid_1 || valid_2 || valid_3), .ungated (ungated), .gated (bank_clk)
);

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_average_gate (
    .clk (clk), .enable (valid_2 || |out_valid[5:0]), .ungated (ungated), .gated (average_clk)
);

pdp_control #(.OUT_PLACES(PLACES), .PARTS(PARTS)) u_control (
    .clk            (unit_clk),
    .event_clk      (window_clk),
    .rst_n          (rst_n),
    .op_en          (op_en),
    .layer_start    (layer_start),
    .finished       (finished),
    .moves          (moves),
    .owes           (owes),
    .release_layer  (done),
    .in_width       (in_width),
    .in_height      (in_height),
    .out_width      (out_width),
    .out_height     (out_height),
    .surfaces       (in_channel[12:3]),
    .split_num      (split_num),
    .in_first       (in_first),
    .in_mid         (in_mid),
    .in_last        (in_last),
    .out_first      (out_first),
    .out_mid        (out_mid),
    .out_last       (out_last),
    .kernel_width   (kernel_width[2:0]),
    .kernel_height  (kernel_height[2:0]),
    .stride_width   (stride_width),
    .stride_height  (stride_height),
    .pad_left       (pad_left),
    .pad_top        (pad_top),
    .in_valid       (in_valid),
    .in_ready       (in_ready),
    .shift          (shift),
    .event_now      (event_now),
    .ev_valid       (valid_1),
    .ev_part        (part_1),
    .ev_last        (last_1),
    .ev_mask        (mask_1),
    .ev_column_pads (column_pads_1),
    .ev_row_pads    (row_pads_1),
    .ev_addr        (addr_1),
    .ev_act         (act_1),
    .ev_fresh       (fresh_1),
    .ev_emit        (emit_1),
    .ev_ends        (ends_1),
    .ev_layer_end   (layer_end_1),
    .credit         (credit)
);

reg        last_2;
reg [ADDR_W-1:0] place_2, place_3;
reg [7:0]  act_2, act_3, fresh_2, fresh_3, emit_2, emit_3;
reg [2:0]  row_pads_2;
reg [6:0]  part_end;         // last part of its atom
reg [27:0] out_ends;         // ends and layer end, cycles 3 to 9
reg [3:0]  ends_2;

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        valid_2   <= 1'b0;
        valid_3   <= 1'b0;
        out_valid <= 7'd0;
    end else begin
        valid_2   <= valid_1;
        valid_3   <= valid_2;
        out_valid <= {out_valid[5:0], valid_2 && emit_2 != 8'd0};
    end
end

always @(posedge bank_clk) begin
    place_2    <= place_1[ADDR_W-1:0];
    place_3    <= place_2;
    act_2      <= act_1;
    act_3      <= act_2;
    fresh_2    <= fresh_1;
    fresh_3    <= fresh_2;
    emit_2     <= emit_1;
    emit_3     <= emit_2;
    row_pads_2 <= row_pads_1;
end

always @(posedge unit_clk) begin
    last_2   <= last_1;
    part_end <= {part_end[5:0], last_2};
    ends_2   <= {layer_end_1, ends_1};
    out_ends <= {out_ends[23:0], ends_2};
end

// Data path

wire [11*LANES-1:0] row_partial_3;
wire [14*LANES-1:0] value_4;
wire [8*LANES-1:0]  result_9;
wire                whole_9;
wire [63:0]         atom_9;

pdp_horizontal #(.LANES(LANES)) u_horizontal (
    .clk         (window_clk),
    .maximum     (maximum),
    .invert      (invert),
    .pad_values  ({pad_value_7[10:0], pad_value_6[10:0], pad_value_5[10:0], pad_value_4[10:0],
                   pad_value_3[10:0], pad_value_2[10:0], pad_value_1[10:0]}),
    .shift       (shift),
    .atom        (in_data),
    .mask        (mask_1),
    .pads        (column_pads_1),
    .part        (part_1),
    .row_partial (row_partial_3)
);

pdp_vertical #(.LUT_RAMS(LUT_RAMS), .LANES(LANES)) u_vertical (
    .clk         (bank_clk),
    .ram_pd      (ram_pd),
    .maximum     (maximum),
    .read        ({8{valid_2}} & ~fresh_2 & (act_2 | emit_2)),
    .read_addr   (place_2),
    .write       (valid_3),
    .write_addr  (place_3),
    .act         (act_3),
    .fresh       (fresh_3),
    .emit        (emit_3),
    .row_partial (row_partial_3),
    .value       (value_4)
);

pdp_average #(.LANES(LANES)) u_average (
    .clk          (average_clk),
    .maximum      (maximum),
    .invert       (invert),
    .pad_values   ({pad_value_7[13:0], pad_value_6[13:0], pad_value_5[13:0], pad_value_4[13:0],
                    pad_value_3[13:0], pad_value_2[13:0], pad_value_1[13:0]}),
    .kernel_width (kernel_width[2:0]),
    .recip_width  (recip_width),
    .recip_height (recip_height),
    .row_pads     (row_pads_2),
    .value        (value_4),
    .result       (result_9)
);

// Output

wire hold_last;

dla_gather #(.WIDTH(64), .PARTS(PARTS)) u_gather (
    .clk       (unit_clk),
    .in_valid  (out_valid[6]),
    .in_last   (part_end[6]),
    .in_data   (result_9),
    .out_valid (whole_9),
    .out_data  (atom_9)
);

pdp_write #(.LUT_RAMS(LUT_RAMS), .PLACES(PLACES)) u_write (
    .clk            (unit_clk),
    .rst_n          (rst_n),
    .ram_pd         (ram_pd),
    .layer_start    (layer_start),
    .base_addr      (base_addr[31:3]),
    .line_stride    (line_stride[31:3]),
    .surface_stride (surface_stride[31:3]),
    .ram_type       (ram_type),
    .in_valid       (whole_9),
    .in_data        (atom_9),
    .in_ends        (out_ends[26:24]),
    .in_layer_end   (out_ends[27]),
    .credit         (credit),
    .wr_req_valid   (wr_req_valid),
    .wr_req_ready   (wr_req_ready),
    .wr_req_addr    (wr_req_addr),
    .wr_req_data    (wr_req_data),
    .wr_req_last    (wr_req_last),
    .hold_last      (hold_last)
);

// End of the layer. `unanswered` counts layers done whose last write is not acknowledged; -1 where that came before the
// layer took its last input (at most one layer). Groups take turns, so do their interrupts.

reg              written;    // the last write of the layer is accepted
reg              intr_group;
wire             early = (unanswered < 0);
wire             intr  = wr_done && unanswered > 0 || done && (early || wr_done && unanswered == 0);

assign done      = finished && written;
assign hold_last = (unanswered >= 4'sd6);
assign pdp_intr  = {intr && intr_group, intr && !intr_group};

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        written    <= 1'b0;
        unanswered <= 4'sd0;
        intr_group <= 1'b0;
    end else begin
        if (done)                       written <= 1'b0;
        else if (credit && wr_req_last) written <= 1'b1;
        if (done && !wr_done)      unanswered <= unanswered + 4'sd1;
        else if (wr_done && !done) unanswered <= unanswered - 4'sd1;
        intr_group <= intr_group ^ intr;
    end
end

always @(posedge unit_clk) begin
    if (layer_start)                                               stalls <= 32'd0;
    else if (count_stalls && wr_req_valid && !wr_req_ready) stalls <= stalls + 32'd1;
end

// Right and bottom padding follow from the output size; a layer has as many output channels as input channels.
// Of the padding values for columns the lower 11 bits count, of those for rows 14. Atoms are aligned.
wire unused = |{place_1, pad_right, pad_bottom, out_channel, in_channel[2:0], kernel_width[3], kernel_height[3],
                base_addr[2:0], line_stride[2:0], surface_stride[2:0], pad_value_1[18:14], pad_value_2[18:14],
                pad_value_3[18:14], pad_value_4[18:14], pad_value_5[18:14], pad_value_6[18:14], pad_value_7[18:14]};

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (in_valid && in_ready || wr_req_valid && wr_req_ready || wr_done) && !awake)
        $error("%m: an atom or an acknowledge while the unit sleeps");
end
`endif

endmodule

`default_nettype wire
