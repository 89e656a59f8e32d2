// Weight engine of CSC: reads the compact weight stream of a stripe operation out of the weight ring and
// sends one kernel a cycle to the shadow registers of the MAC array, or two where they have at most 4 bytes.
//
//   step   cycle 0    next kernels of the described operation; at most one new entry is needed
//   read   cycle 1    wt_rd_en, wt_rd_addr (CBUF answers three cycles later)
//   align  cycle 4    8-byte window over {entry, entry read before}, masked to the bytes of the kernel;
//                     of two kernels the second one is moved to bytes 4-7
//   out    cycle 5    wt_valid, wt_sel, wt_pair, wt_upper, wt_data
//
// An operation of two kernel columns has the kernels of the left one, then those of the right one (`column`),
// as they follow in memory: at most 4 bytes each, so both take no longer than 8 cycles.
// Partial channel blocks and groups are stored without gaps, so a kernel may begin at any byte. A group
// starts on an entry boundary: for each further stripe the pointer returns to it by subtraction. With
// post-extension the weights of up to 4 kernel rows are interleaved kernel by kernel; each row is one
// operation that picks its bytes with a stride and returns to the row start.
//
// `ahead` counts entries present at and after the pointer; a read waits until it is not zero. Entries are
// freed while the last stripe of a group passes, the tail padding with the last group (WEIGHT_BYTES/8 in
// total), or all of them at the start of the next layer after SKIP_WEIGHT_RLS without WEIGHT_REUSE.
// csc_cmac_cacc.md sections 3 and 4, cdma.md sections 6 and 7.
`default_nettype none

module csc_wt (
    input  wire        clk,
    input  wire        rst_n,
    // layer
    input  wire        start,
    input  wire        reuse,        // WEIGHT_REUSE of this layer
    input  wire        skip_release, // SKIP_WEIGHT_RLS of this layer
    input  wire [14:0] entries,      // WEIGHT_BYTES / 8, modulo 2^15
    input  wire [4:0]  first_bank,   // first bank of the ring
    input  wire [4:0]  last_bank,    // banks of the ring - 1
    input  wire [2:0]  last_bytes,   // bytes of a kernel in the last channel block - 1
    input  wire [1:0]  merge_mask,   // lines merged by post-extension - 1
    input  wire [3:0]  stride,       // bytes from kernel to kernel with post-extension
    input  wire [3:0]  stride_short, // the same in the last rows
    output wire        idle,
    // operation
    input  wire        op_valid,
    input  wire        op_last,
    input  wire        op_stripe_last,
    input  wire        op_group_last,
    input  wire        op_block_last,
    input  wire        op_merge_last,
    input  wire        op_merge_short,
    input  wire        op_columns_2,
    input  wire [2:0]  op_kernels,
    output wire        set_ready,    // all kernels of the operation are on their way
    input  wire        consume,
    // weight ring
    input  wire        wt_entry,
    input  wire        wt_flush,
    output reg         wt_rls_valid,
    output reg  [14:0] wt_rls_entries,
    output wire        wt_rd_en,
    output reg  [13:0] wt_rd_addr,
    input  wire [63:0] wt_rd_data,
    // MAC array
    output reg         wt_valid,
    output reg  [2:0]  wt_sel,   // first kernel
    output reg         wt_pair,  // two kernels, four lanes each
    output reg         wt_upper, // the four lanes are the upper ones, the lower ones came before
    output reg  [63:0] wt_data
);

// ---------------------------------------------------------------- one or two kernels a cycle
reg       loaded;
reg       column;    // the right one of two
reg [2:0] kernel;
reg [2:0] offset;    // byte of the current entry where the next kernel begins
reg       have;      // the current entry was read already
reg       ahead_some;

wire merge = (merge_mask != 2'd0);

wire       narrow    = op_block_last && !last_bytes[2] && !merge;
wire       last_k    = (kernel[2:1] == op_kernels[2:1]) && (narrow || kernel[0] == op_kernels[0]);
wire       last_send = last_k && (column == op_columns_2);
wire       pair      = narrow && (!last_k || op_kernels[0]);
wire [3:0] one       = op_block_last ? {1'b0, last_bytes} + 4'd1 : 4'd8;
wire [3:0] take      = pair ? {one[2:0], 1'b0} : one;
wire [3:0] advance   = (!merge || (last_k && op_merge_last)) ? take : op_merge_short ? stride_short : stride;
wire [3:0] end_take  = {1'b0, offset} + take;
wire [3:0] end_step  = {1'b0, offset} + advance;
wire       need_low  = !have;
wire       need_high = (end_take > 4'd8);

wire can  = op_valid && !loaded && (ahead_some || !(need_low || need_high));
wire read = can && (need_low || need_high);
wire send = can && !(need_low && need_high); // otherwise this cycle only reads the first of two entries

// With interleaved rows the return to the row start must be settled before the operation is consumed.
assign set_ready = loaded || (send && last_send && !merge);

wire row_end    = consume && !op_merge_last;
wire stripe_end = consume && op_last;
wire group_end  = stripe_end && op_stripe_last;
wire layer_end  = group_end && op_group_last;

reg [2:0] row_offset; // start of the next interleaved row: byte in entry,
reg [3:0] row_used;   // and entries read since
wire      row_have = need_high || !end_take[3];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)       loaded <= 1'b0;
    else if (consume) loaded <= 1'b0;
    else if (send && last_send) loaded <= 1'b1;
end

always @(posedge clk) begin
    if (start || consume) {column, kernel} <= 4'd0;
    else if (send)        {column, kernel} <= last_k ? 4'd8 : {column, kernel} + (narrow ? 4'd2 : 4'd1);
end

always @(posedge clk) begin
    if (start || stripe_end) begin
        offset <= 3'd0;
        have   <= 1'b0;
    end else if (row_end) begin
        offset <= row_offset;
        have   <= 1'b0;
    end else if (send) begin
        offset <= end_step[2:0];
        have   <= need_high || !end_step[3];
    end else if (read) begin
        have   <= 1'b1;
    end
end

always @(posedge clk) begin
    if (send && kernel == 3'd0) begin
        row_offset <= end_take[2:0];
        row_used   <= {3'd0, row_have};
    end else if (read) begin
        row_used   <= row_used + 1'b1;
    end
end

// ---------------------------------------------------------------- ring pointer and counts
reg [13:0] pointer;  // next entry to read, in the ring
reg [14:0] ahead;    // entries present at and after it
reg [14:0] used;     // entries read since the group start, or not yet freed in the last stripe
reg [14:0] tail;     // entries of the layer after the group (padding in the end)
reg [14:0] kept;     // entries of the former layer still in the ring
reg        used_some, kept_some; // these are not 0
reg        closing;  // all weights were used, the tail padding is being skipped

wire skip_tail = closing && (tail != 15'd0) && ahead_some;
wire closed    = closing && (tail == 15'd0);
wire rewind    = row_end || (stripe_end && !op_stripe_last) || (start && reuse);
wire advance_1 = (read && !rewind) || skip_tail;

// What the next state can be is computed of each way to it, and chosen last: which way it goes is known late.
// A rewind replaces the read of the same cycle: its entry is not part of `used` yet.
function [14:0] plus(input [14:0] count, input [14:0] more, input carry);
    /* verilator lint_off UNUSEDSIGNAL */ // where the carry enters
    reg below;
    /* verilator lint_on UNUSEDSIGNAL */
    {plus, below} = {count, 1'b1} + {more, carry};
endfunction

function [13:0] pointer_back(input [13:0] from, input [14:0] by, input [4:0] last);
    reg [14:0] back;
    begin
        back = {1'b0, from} - by;
        pointer_back = {back[14] ? back[13:9] + last + 5'd1 : back[13:9], back[8:0]};
    end
endfunction

wire [14:0] ahead_start = plus(ahead, kept, wt_entry);
wire [14:0] ahead_row   = plus(ahead, {11'd0, row_used}, wt_entry);
wire [14:0] ahead_used  = plus(ahead, used, wt_entry);
wire [14:0] ahead_less  = plus(ahead, 15'h7fff, wt_entry);
wire [14:0] ahead_same  = plus(ahead, 15'd0, wt_entry);
wire [13:0] back_start  = pointer_back(pointer, kept, last_bank);
wire [13:0] back_row    = pointer_back(pointer, {11'd0, row_used}, last_bank);
wire [13:0] back_used   = pointer_back(pointer, used, last_bank);

wire [13:0] forward = pointer + 14'd1;
wire        at_end  = (pointer == {last_bank, 9'h1ff});

assign idle = !op_valid && !closing;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        pointer    <= 14'd0;
        ahead      <= 15'd0;
        ahead_some <= 1'b0;
    end else if (wt_flush) begin
        pointer    <= 14'd0;
        ahead      <= 15'd0;
        ahead_some <= 1'b0;
    end else begin
        if (rewind) begin
            pointer    <= start ? back_start : row_end ? back_row : back_used;
            ahead      <= start ? ahead_start : row_end ? ahead_row : ahead_used;
            ahead_some <= start ? (ahead_start != 15'd0) : row_end ? (ahead_row != 15'd0) : (ahead_used != 15'd0);
        end else begin
            if (advance_1) pointer <= at_end ? 14'd0 : forward;
            ahead      <= advance_1 ? ahead_less : ahead_same;
            ahead_some <= advance_1 ? (ahead_less != 15'd0) : (ahead_same != 15'd0);
        end
    end
end

// Within the last stripe entries go as soon as an operation is done with them. Interleaved rows may
// return into an entry, so there they go at the group end.
wire        free_some = consume && op_stripe_last && (!merge || op_last);

always @(posedge clk) begin
    if (start || (stripe_end && !op_stripe_last) || free_some || closed) {used_some, used} <= 16'd0;
    else if (row_end)             {used_some, used} <= {used != {11'd0, row_used}, used - {11'd0, row_used}};
    else if (read || skip_tail)   {used_some, used} <= {1'b1, used + 15'd1};
end

always @(posedge clk) begin
    if (start)          tail <= entries;
    else if (free_some) tail <= plus(tail, ~used, !read); // less `used`, less one with a read
    else if (skip_tail) tail <= tail - 15'd1;
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        closing <= 1'b0;
        {kept_some, kept} <= 16'd0;
    end else begin
        if (layer_end)   closing <= 1'b1;
        else if (closed) closing <= 1'b0;
        if (wt_flush)    {kept_some, kept} <= 16'd0;
        else if (closed) {kept_some, kept} <= skip_release ? {entries != 15'd0, entries} : 16'd0;
    end
end

wire free_end = free_some || closed;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) wt_rls_valid <= 1'b0;
    else wt_rls_valid <= start ? kept_some && !reuse : free_end && !skip_release && (used_some || (read && !closed));
end

always @(posedge clk) wt_rls_entries <= start ? kept : used + {14'd0, read && !closed};

// ---------------------------------------------------------------- read and align
localparam CTL = 12;

wire [2:0]     take_m1 = op_block_last ? last_bytes : 3'd7;
reg  [3:0]     al_send_pipe; // cycles 1 to 4
reg  [3:0]     al_read_pipe;
reg  [CTL-1:0] ctl_1, ctl_2, ctl_3, ctl_4;
wire           al_send = al_send_pipe[3];
wire           al_read = al_read_pipe[3];
wire           al_low;
wire           al_upper;
wire           al_pair;
wire [2:0]     al_sel;
wire [2:0]     al_off;
wire [2:0]     al_take;
assign {al_low, al_upper, al_pair, al_sel, al_off, al_take} = ctl_4;

reg  [63:0]  previous; // entry read before the one that arrives
wire [63:0]  low     = al_low ? wt_rd_data : previous;
wire [127:0] window  = {wt_rd_data, low} >> {al_off, 3'd0};
wire [55:0]  second  = window[63:8] >> {al_take[1:0], 3'd0};
wire [7:0]   lanes   = 8'hff >> ~al_take;
wire [63:0]  masked;

genvar b;
generate
for (b = 0; b < 4; b = b + 1) begin : g_mask
    assign masked[8*b +: 8]      = window[8*b +: 8] & {8{lanes[b]}};
    assign masked[8*b + 32 +: 8] = al_pair ? second[8*b +: 8] & {8{lanes[b]}}
                                           : window[8*b + 32 +: 8] & {8{lanes[b + 4]}};
end
endgenerate

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        al_send_pipe <= 4'd0;
        al_read_pipe <= 4'd0;
        wt_valid     <= 1'b0;
    end else begin
        al_send_pipe <= {al_send_pipe[2:0], send};
        al_read_pipe <= {al_read_pipe[2:0], read};
        wt_valid     <= al_send;
    end
end

assign wt_rd_en = al_read_pipe[0];

always @(posedge clk) begin
    ctl_1 <= {need_low, column, pair, kernel, offset, take_m1};
    ctl_2 <= ctl_1;
    ctl_3 <= ctl_2;
    ctl_4 <= ctl_3;
end

always @(posedge clk) begin
    if (read)    wt_rd_addr <= {first_bank + pointer[13:9], pointer[8:0]};
    if (al_read) previous     <= wt_rd_data;
    if (al_send) begin
        wt_sel   <= al_sel;
        wt_pair  <= al_pair;
        wt_upper <= al_upper;
        wt_data  <= masked;
    end
end

/* verilator lint_off UNUSEDSIGNAL */ // the shifted-out parts of the window
wire unused = ^{window[127:64], second[55:32]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
