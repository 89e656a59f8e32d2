// Data engine of CSC: one atom read a cycle for the positions of a stripe, padding, byte alignment.
//
//   issue  cycle 0   coordinates of the position; waits for data, weight set and output credit
//   offset cycle 1   ring distance of line and column, padding
//   read   cycle 2   dat_rd_* (CBUF answers three cycles later)
//   align  cycle 5   8-byte window over two neighbouring entries, or 4 bytes of each; padding, lane mask
//   out    cycle 6   dat_*
//
// Only the first stage can wait; behind it everything moves on. Addresses are accumulated modulo 2^15:
// the distance of a real input element from the start of the layer is below the ring size, so the wrapped
// value is right whenever it is used. A column is kept as entry and byte ({entry, byte[2:0]}): whole
// entries in feature mode, any byte in image mode, where a pixel may lie across two entries. An operation of
// two kernel columns reads two neighbouring columns, each of which may be padding.
// csc_cmac_cacc.md sections 2 and 6.4, cdma.md section 2.
`default_nettype none

module csc_dat #(
    parameter CREDITS   = 32,               // atoms that CACC can hold, a power of two
    parameter ACC_DEPTH = 16,               // positions of a stripe, a power of two, at least 8
    parameter INDEX_W   = $clog2(ACC_DEPTH) // derived, do not set
) (
    input  wire        clk,
    input  wire        rst_n,
    // layer
    input  wire        start,       // everything below is stable from here to the end of the layer
    input  wire        run,
    input  wire        image,
    input  wire [12:0] last_x,      // input width - 1
    input  wire [12:0] last_y,      // input height - 1
    input  wire [4:0]  pad_left,    // 0 in image mode
    input  wire [4:0]  pad_top,
    input  wire [14:0] pad_line,    // entries of pad_top lines
    input  wire [7:0]  pad_value,
    input  wire [6:0]  step_x,      // bytes from output column to output column
    input  wire [17:0] end_x,       // column of the last output position of a line
    input  wire [3:0]  step_y,      // lines from output line to output line
    input  wire [14:0] step_line,   // and entries
    input  wire [2:0]  last_bytes,  // bytes of the last channel block - 1
    input  wire [4:0]  banks,       // banks of the ring - 1
    input  wire [13:0] ring_start,  // entry of line 0
    input  wire [14:0] lines,       // lines of the layer that are in the ring
    input  wire [14:0] line_part,   // and entries of the next one
    output reg         busy,
    output wire        last_group,  // the running operation belongs to the last kernel group
    output wire [14:0] first_line,  // first line its stripe needs, signed
    // operation
    input  wire        op_valid,
    input  wire        op_first,
    input  wire        op_group_first,
    input  wire        op_last,
    input  wire        op_stripe_last,
    input  wire        op_group_last,
    input  wire        op_block_last,
    input  wire        op_columns_2,
    input  wire [INDEX_W-1:0] op_length,
    input  wire [9:0]  op_x,
    input  wire [9:0]  op_y,
    input  wire [14:0] op_line,
    input  wire [14:0] op_block,
    input  wire        set_ready,
    output wire        consume,
    // CBUF
    output reg  [1:0]  dat_rd_en,
    output reg  [13:0] dat_rd_addr0,
    output reg  [13:0] dat_rd_addr1,
    input  wire [63:0] dat_rd_data0,
    input  wire [63:0] dat_rd_data1,
    // MAC array
    output reg         dat_valid,
    output reg  [63:0] dat_data,
    output reg         dat_swap,
    output reg  [INDEX_W-1:0] dat_index,
    output reg         dat_first,
    output reg         dat_last,
    output reg         dat_layer_end,
    input  wire        credit
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (CREDITS < 16 || CREDITS > 512 || (CREDITS & (CREDITS - 1)) != 0)
        begin : g_credits_illegal csc_dat_CREDITS_is_a_power_of_two_from_16_to_512 u_illegal (); end
    if (ACC_DEPTH < 8 || ACC_DEPTH > 512 || (ACC_DEPTH & (ACC_DEPTH - 1)) != 0)
        begin : g_acc_depth_illegal csc_dat_ACC_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (INDEX_W != $clog2(ACC_DEPTH)) begin : g_index_w_illegal csc_dat_INDEX_W_is_derived u_illegal (); end
endgenerate

// ---------------------------------------------------------------- position
reg [17:0] x;       // column {entry, byte}, signed
reg [14:0] y;       // line, signed
reg [14:0] line;    // y times entries of a line
reg [17:0] x_0;     // the same where the stripe began
reg [14:0] y_0;
reg [14:0] line_0;
reg [9:0]  kx;      // kernel element of the running operation
reg [9:0]  ky;
reg [14:0] kline;
reg [14:0] kentry;  // entries of a line from its column 0 of block 0 to the last one read at column 0
reg [INDEX_W-1:0] length;
reg [INDEX_W-1:0] index;
reg        first;
reg        last;
reg        block_last;
reg        columns_2;
reg        stripe_last;
reg        group_last;

wire [17:0] origin_x = {15'd0 - {10'd0, pad_left}, 3'd0};
wire [14:0] origin_y = 15'd0 - {10'd0, pad_top};
wire [14:0] origin_line = 15'd0 - pad_line;

wire at_line_end = (x == end_x);
wire at_end      = (index == length);
wire step;

wire [17:0] x_next    = !step ? x    : at_line_end ? origin_x : x + {11'd0, step_x};
wire [14:0] y_next    = (step && at_line_end) ? y    + {11'd0, step_y} : y;
wire [14:0] line_next = (step && at_line_end) ? line + step_line       : line;

// A stripe of one position takes two cycles: the sequencer needs one to describe the next operation.
wire take_op = run && op_valid && (!busy || (step && at_end && index != 0));

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)              busy <= 1'b0;
    else if (take_op)        busy <= 1'b1;
    else if (step && at_end) busy <= 1'b0;
end

always @(posedge clk) begin
    if (take_op && op_first) begin
        {x, y, line}       <= op_group_first ? {origin_x, origin_y, origin_line} : {x_next, y_next, line_next};
        {x_0, y_0, line_0} <= op_group_first ? {origin_x, origin_y, origin_line} : {x_next, y_next, line_next};
    end else if (take_op) begin
        {x, y, line}       <= {x_0, y_0, line_0};
    end else if (step) begin
        {x, y, line}       <= {x_next, y_next, line_next};
    end
end

always @(posedge clk) begin
    if (take_op) begin
        {kx, ky, kline} <= {op_x, op_y, op_line};
        kentry      <= op_block + {5'd0, op_x} + {14'd0, image || op_columns_2};
        length      <= op_length;
        first       <= op_first;
        last        <= op_last;
        block_last  <= op_block_last;
        columns_2   <= op_columns_2;
        stripe_last <= op_stripe_last;
        group_last  <= op_group_last;
        index       <= 0;
    end else if (step) begin
        index       <= index + 1'b1;
    end
end

// ---------------------------------------------------------------- issue
wire [17:0] in_x  = x + {5'd0, kx, 3'd0};
wire [14:0] in_y  = y + {5'd0, ky};
wire        in_lines   = (in_y <= {2'd0, last_y}); // negative counts as large

// Lines arrive one after the other and their entries in order. Entries left of the line count as there.
wire [14:0] in_line    = x[17:3] + kentry;
wire        there      = (in_y < lines) || (in_y == lines && (in_line[14] || in_line < line_part));

localparam CREDIT_W = $clog2(CREDITS) + 1;
reg [CREDIT_W-1:0] credits;
wire credit_there = (credits != 0);

assign step    = busy && (there || !in_lines) && (credit_there || !last) && (set_ready || index != 0);
assign consume = step && (index == 0);

assign last_group = busy && group_last;
assign first_line = y_0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) credits <= CREDITS;
    else        credits <= credits + {{(CREDIT_W-1){1'b0}}, credit} - {{(CREDIT_W-1){1'b0}}, step && last};
end

// ---------------------------------------------------------------- address
localparam CTL = 10 + INDEX_W;

reg [7:0]  padding;
reg [14:0] a_line;
reg [14:0] a_x;
reg        a_in_lines;
reg [5:0]  valid; // cycles 1 to 6
reg [CTL-1:0] ctl_1, ctl_2, ctl_3, ctl_4, ctl_5;
reg [1:0]     pad_2, pad_3, pad_4, pad_5; // first and second entry are outside of the input

wire [2:0] bytes = block_last ? last_bytes : 3'd7;

always @(posedge clk) begin
    if (start) padding <= pad_value;
    if (step) begin
        a_line   <= line + kline;
        a_x      <= in_x[17:3];
        a_in_lines <= in_lines;
        ctl_1    <= {index, columns_2, in_x[2:0], bytes, first, last, last && group_last && stripe_last && at_end};
    end
end

wire [14:0] sum_0  = {1'b0, ring_start} + a_line + a_x;
wire [14:0] sum_1  = {1'b0, ring_start} + a_line + a_x + 15'd1;
wire [5:0]  wrap_0 = sum_0[14:9] - {1'b0, banks} - 6'd1;
wire [5:0]  wrap_1 = sum_1[14:9] - {1'b0, banks} - 6'd1;
wire        second = image ? (ctl_1[8:6] != 3'd0) : ctl_1[9];
wire [14:0] right  = a_x + 15'd1;
wire [1:0]  in_input = {2{a_in_lines}} & {image || right <= {2'd0, last_x}, image || a_x <= {2'd0, last_x}};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        valid     <= 6'd0;
        dat_rd_en <= 2'b00;
    end else begin
        valid     <= {valid[4:0], step};
        dat_rd_en <= in_input & {valid[0] && second, valid[0]};
    end
end

always @(posedge clk) begin
    if (valid[0]) begin
        dat_rd_addr0 <= {wrap_0[5] ? sum_0[13:9] : wrap_0[4:0], sum_0[8:0]};
        dat_rd_addr1 <= {wrap_1[5] ? sum_1[13:9] : wrap_1[4:0], sum_1[8:0]};
        ctl_2        <= ctl_1;
        pad_2        <= {ctl_1[9] ? !in_input[1] : !in_input[0], !in_input[0]};
    end
    {pad_3, ctl_3} <= {pad_2, ctl_2};
    {pad_4, ctl_4} <= {pad_3, ctl_3};
    {pad_5, ctl_5} <= {pad_4, ctl_4};
end

// ---------------------------------------------------------------- align
wire         al_columns_2;
wire [2:0]   al_byte;
wire [2:0]   al_bytes;
wire [INDEX_W-1:0] al_index;
wire         al_first;
wire         al_last;
wire         al_end;
assign {al_index, al_columns_2, al_byte, al_bytes, al_first, al_last, al_end} = ctl_5;

wire [127:0] window = {dat_rd_data1, dat_rd_data0} >> {al_byte, 3'd0};
wire [31:0]  upper  = al_columns_2 ? dat_rd_data1[31:0] : window[63:32];
wire [7:0]   some   = 8'hff >> ~al_bytes;
wire [7:0]   lanes  = {al_columns_2 ? some[3:0] : some[7:4], some[3:0]};
wire [63:0]  masked;

genvar b;
generate
for (b = 0; b < 4; b = b + 1) begin : g_mask
    assign masked[8*b +: 8]      = (pad_5[0] ? padding : window[8*b +: 8]) & {8{lanes[b]}};
    assign masked[8*b + 32 +: 8] = (pad_5[1] ? padding : upper[8*b +: 8])  & {8{lanes[b + 4]}};
end
endgenerate

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) dat_valid <= 1'b0;
    else        dat_valid <= valid[4];
end

always @(posedge clk) begin
    if (valid[4]) begin
        dat_data      <= masked;
        dat_swap      <= (al_index == 0);
        dat_index     <= al_index;
        dat_first     <= al_first;
        dat_last      <= al_last;
        dat_layer_end <= al_end;
    end
end

/* verilator lint_off UNUSEDSIGNAL */ // shifted-out half of the window; last stage has its own register
wire unused = ^{window[127:64], valid[5]};
/* verilator lint_on UNUSEDSIGNAL */

`ifdef FORMAL_CSC_DAT
`include "csc_dat.vh"
`endif

endmodule

`default_nettype wire
