// Operation sequencer of CSC: walks kernel groups, stripes, channel blocks, kernel rows and columns.
//
// It describes one stripe operation (one weight set applied to one stripe of up to DEPTH raster positions).
// The weight engine works on the described operation; when the data engine issues the first atom of it
// (`consume`), the sequencer steps to the next one, so weights always run one operation ahead.
//
//   group -> stripe -> channel block -> r -> s        (csc_cmac_cacc.md section 2)
//
// With `columns_2` an operation is two kernel columns, s and s + 1; the last of an odd number goes alone.
// Stripes are DEPTH positions; a rest of up to 7 more is split 8 + rest, so that with DEPTH above 8 none is shorter
// than 8 where the output has at least 8 positions (a weight set takes up to 8 cycles to load). Offsets are
// accumulated, never multiplied: `op_line` is the ring distance of kernel row and channel block in entries,
// modulo 2^15. What is compared with the end of a loop is compared when its counter steps: flags are registers.
`default_nettype none

module csc_seq #(
    parameter DEPTH   = 16,           // positions of a stripe, a power of two, at least 8
    parameter INDEX_W = $clog2(DEPTH) // derived, do not set
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,       // first operation of a layer
    input  wire        load,        // `positions` is final (no operation was consumed yet)
    input  wire        consume,     // the operation described begins
    // layer
    input  wire [4:0]  last_s,      // kernel width - 1
    input  wire [4:0]  last_r,      // kernel height - 1
    input  wire [9:0]  last_block,  // channel blocks - 1
    input  wire [12:0] last_kernel, // kernels - 1
    input  wire [20:0] positions,   // output positions - 1
    input  wire [5:0]  step_x,      // columns from operation to operation
    input  wire [5:0]  step_y,
    input  wire [14:0] step_line,   // entries from one kernel row to the next
    input  wire [13:0] step_block,  // entries from one channel block to the next
    input  wire [1:0]  merge_mask,  // lines merged by post-extension - 1
    input  wire        columns_2,   // two kernel columns in an operation
    // operation
    output reg         op_valid,
    output reg         op_first,       // first of its stripe
    output reg         op_group_first, // and of its group
    output wire        op_last,        // last of its stripe
    output reg         op_stripe_last, // in the last stripe of the group
    output reg         op_group_last,  // in the last group
    output reg         op_block_last,  // in the last channel block
    output wire        op_merge_last,  // last of the rows whose weights are interleaved
    output wire        op_merge_short, // and these are fewer than the others
    output wire        op_columns_2,   // has a second column
    output reg  [2:0]  op_kernels,     // kernels of the group - 1
    output wire [INDEX_W-1:0] op_length, // positions of the stripe - 1
    output reg  [9:0]  op_x,
    output reg  [9:0]  op_y,
    output reg  [14:0] op_line,
    output wire [14:0] op_block        // entries of a line before the channel block
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DEPTH < 8 || DEPTH > 512 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal csc_seq_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (INDEX_W != $clog2(DEPTH)) begin : g_index_w_illegal csc_seq_INDEX_W_is_derived u_illegal (); end
endgenerate

reg [4:0]  s;
reg [4:0]  r;
reg [9:0]  block;
reg [14:0] block_line;
reg [20:0] left;         // positions from this stripe on - 1
reg [12:0] kernels_left; // kernels from this group on - 1

wire s_last = (s[4:1] == last_s[4:1]) && (columns_2 || s[0] == last_s[0]);
wire r_last = (r == last_r);
wire [4:0]  r_merged   = r | {3'd0, merge_mask};
wire [14:0] block_next = block_line + {1'b0, step_block};

assign op_block       = block_line;
assign op_columns_2   = columns_2 && (!s_last || last_s[0]);
assign op_last        = s_last && r_last && op_block_last;
assign op_merge_last  = ((r[1:0] & merge_mask) == merge_mask) || r_last;
assign op_merge_short = (r_merged > last_r);

localparam [20:0] FULL  = DEPTH;
localparam [INDEX_W-1:0] SHORT = 7; // of 8 positions

wire split = (left[20:INDEX_W] == 1) && (left[INDEX_W-1:0] < SHORT);
assign op_length = op_stripe_last ? left[INDEX_W-1:0] : split ? SHORT : {INDEX_W{1'b1}};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)                                                         op_valid <= 1'b0;
    else if (start)                                                     op_valid <= 1'b1;
    else if (consume && op_last && op_stripe_last && op_group_last)     op_valid <= 1'b0;
end

always @(posedge clk) begin
    if (start) begin
        op_first       <= 1'b1;
        op_group_first <= 1'b1;
    end else if (consume) begin
        op_first       <= op_last;
        op_group_first <= op_last && op_stripe_last;
    end
end

always @(posedge clk) begin
    if (start || (consume && s_last)) begin
        s    <= 5'd0;
        op_x <= 10'd0;
    end else if (consume) begin
        s    <= s + (columns_2 ? 5'd2 : 5'd1);
        op_x <= op_x + {4'd0, step_x};
    end
end

always @(posedge clk) begin
    if (start || (consume && s_last && r_last)) begin
        r       <= 5'd0;
        op_y    <= 10'd0;
        op_line <= (start || op_block_last) ? 15'd0 : block_next;
    end else if (consume && s_last) begin
        r       <= r + 1'b1;
        op_y    <= op_y + {4'd0, step_y};
        op_line <= op_line + step_line;
    end
end

always @(posedge clk) begin
    if (start || (consume && op_last)) begin
        block         <= 10'd0;
        block_line    <= 15'd0;
        op_block_last <= (last_block == 10'd0);
    end else if (consume && s_last && r_last) begin
        block         <= block + 1'b1;
        block_line    <= block_next;
        op_block_last <= (block + 10'd1 == last_block);
    end
end

// Of the stripe that follows a split one, too, nothing is left but itself.
always @(posedge clk) begin
    if (load || (consume && op_last)) begin
        left           <= (load || op_stripe_last) ? positions : left - (split ? 21'd8 : FULL);
        op_stripe_last <= (load || op_stripe_last) ? (positions[20:INDEX_W] == 0) : (left[20:INDEX_W] == 1);
    end
end

wire       new_group   = consume && op_last && op_stripe_last;
wire       final_group = start ? (last_kernel[12:3] == 0) : (kernels_left[12:3] == 1);
wire [2:0] rest        = start ? last_kernel[2:0] : kernels_left[2:0];

always @(posedge clk) begin
    if (start || new_group) begin
        kernels_left  <= start ? last_kernel : kernels_left - 13'd8;
        op_group_last <= final_group;
        op_kernels    <= final_group ? rest : 3'd7;
    end
end

endmodule

`default_nettype wire
