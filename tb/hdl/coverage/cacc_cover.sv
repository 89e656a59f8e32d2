// Sums of every stripe, delivery full and empty, ends of layers, accumulators at both ends.
`include "cover.svh"

module cacc_cover #(parameter FIFO_DEPTH = 32, ACC_DEPTH = 16, INDEX_W = 4) (
    input wire clk, rst_n, mac_valid, mac_first, mac_last, mac_layer_end, add_valid, last, credit, taken, out_valid, out_end,
    input wire cacc2sdp_valid, cacc2sdp_ready, intr_group,
    input wire [INDEX_W-1:0] mac_index,
    input wire [4:0] shift,
    input wire [255:0] out_sum
);

`COVER_STREAM(cacc2sdp, cacc2sdp_valid, cacc2sdp_ready)
`COVER(one_operation_is_a_whole_sum, mac_valid && mac_first && mac_last)
`COVER(first_operation, mac_valid && mac_first && !mac_last)
`COVER(middle_operation, mac_valid && !mac_first && !mac_last)
`COVER(last_operation, mac_valid && !mac_first && mac_last)
`COVER(lowest_accumulator, mac_valid && mac_index == 0)
`COVER(highest_accumulator, mac_valid && mac_index == ACC_DEPTH - 1)
`COVER_THEN(two_sums_in_a_row, mac_valid && mac_last, mac_valid && mac_last)
`COVER(layer_ends_in_group_0, taken && !intr_group)
`COVER(layer_ends_in_group_1, taken && intr_group)
`COVER(layer_ends_while_the_one_before_is_still_delivered, out_valid && out_end && cacc2sdp_valid && !credit)
// Places taken: those that the buffer has been given and CSC has not got back.
reg [$clog2(FIFO_DEPTH):0] places;
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) places <= 0;
    else        places <= places + {{$clog2(FIFO_DEPTH){1'b0}}, out_valid} - {{$clog2(FIFO_DEPTH){1'b0}}, credit};
end
`COVER(delivery_full, places == FIFO_DEPTH)
`COVER(delivery_empty, places == 0)
`COVER(atom_in_and_out_in_one_cycle, out_valid && credit)
genvar g;
generate
    for (g = 0; g < 32; g = g + 1) begin : clip_truncate
        `COVER(used, out_valid && shift == g)
    end
endgenerate

// Rounding in each lane: ties, a step beside them, both signs, the corner above a shift of 16.
wire [31:0] rest_mask = ~(32'hffffffff << shift);
wire [31:0] half      = (32'd1 << shift) >> 1;
wire        rounds    = out_valid && shift != 0;
genvar l, s;
generate
    for (l = 0; l < 8; l = l + 1) begin : lane
        wire [31:0] v    = out_sum[32*l +: 32];
        wire [31:0] rest = v & rest_mask;
        for (s = 0; s < 2; s = s + 1) begin : sign
            `COVER(tie, rounds && v[31] == s && rest == half)
            `COVER(a_step_above_a_tie, rounds && shift > 1 && v[31] == s && rest == half + 1)
            `COVER(a_step_below_a_tie, rounds && shift > 1 && v[31] == s && rest == half - 1)
            `COVER(nothing_to_round, rounds && v[31] == s && rest == 0)
            `COVER(tie_above_16, rounds && shift > 16 && v[31] == s && rest == half)
            `COVER(no_shift, out_valid && shift == 0 && v[31] == s)
            `COVER(size_of_at_least_2_to_30, out_valid && v[31] == s && v[30] != s)
        end
    end
endgenerate

endmodule

bind cacc cacc_cover #(.FIFO_DEPTH(FIFO_DEPTH), .ACC_DEPTH(ACC_DEPTH), .INDEX_W(INDEX_W)) u_cover (.*);
