// Operations of a layer: stripes, groups and blocks, first, last and only ones.
`include "cover.svh"

module csc_seq_cover #(parameter INDEX_W = 4) (
    input wire clk, rst_n, start, consume, op_first, op_group_first, op_last, op_stripe_last, op_group_last, op_block_last,
    input wire op_merge_last, op_merge_short, op_columns_2, columns_2, split, op_valid,
    input wire [2:0] op_kernels,
    input wire [INDEX_W-1:0] op_length,
    input wire [1:0] merge_mask,
    input wire [4:0] last_s, last_r,
    input wire [9:0] last_block,
    input wire [12:0] last_kernel,
    input wire [20:0] positions
);

`COVER(operation_is_a_whole_stripe, consume && op_first && op_last)
`COVER(one_stripe_is_a_whole_group, consume && op_group_first && op_stripe_last)
`COVER(several_stripes, consume && op_last && !op_stripe_last)
`COVER(several_groups, consume && !op_group_last)
`COVER(several_blocks, consume && !op_block_last)
`COVER(stripe_cut_in_two_halves, consume && split && !op_stripe_last)
`COVER(two_columns_at_once, consume && op_columns_2)
`COVER(odd_column_left, consume && columns_2 && !op_columns_2)
`COVER(lines_merged, consume && merge_mask != 0 && !op_merge_last)
`COVER(fewer_lines_merged_in_the_end, consume && merge_mask != 0 && op_merge_short)
`COVER(stripe_of_one_position, consume && op_length == 0)
`COVER(longest_stripe, consume && &op_length)
`COVER_FIELD(kernel_width, start, last_s, 0, 31)
`COVER_FIELD(kernel_height, start, last_r, 0, 31)
`COVER_FIELD(channel_blocks, start, last_block, 0, 1023)
`COVER_FIELD(kernels, start, last_kernel, 0, 8191)
genvar g;
generate
    for (g = 0; g < 8; g = g + 1) begin : kernels_of_the_last_group
        `COVER(seen, consume && op_group_last && op_kernels == g)
    end
endgenerate

endmodule

bind csc_seq csc_seq_cover #(.INDEX_W(INDEX_W)) u_cover (.*);
