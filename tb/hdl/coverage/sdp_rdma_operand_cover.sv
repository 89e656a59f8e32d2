// Operands of SDP: every format, per channel and per element, layers behind each other in the buffer.
`include "cover.svh"

module sdp_rdma_operand_cover #(parameter CNT_W = 7) (
    input wire clk, rst_n, start, both, data_size, data_mode, contiguous, opd_valid, opd_ready, take, complete, beat_fire, hold, free,
    input wire [CNT_W-1:0] before_untaken, before_used, used
);

genvar f;
generate
    for (f = 0; f < 8; f = f + 1) begin : per_element_two_bytes_both
        `COVER(layer, start && {data_mode, data_size, both} == f)
        `COVER(layer_behind_one_in_the_buffer, start && {data_mode, data_size, both} == f && used != 0)
    end
endgenerate
`COVER(per_element_of_one_position, start && data_mode && contiguous)
`COVER_OFFERS(operands, opd_valid, opd_ready)
`COVER(taken_of_the_layer_before, take && before_untaken != 0)
`COVER(taken_in_the_cycle_of_a_start, take && start)
`COVER(beat_of_the_layer_before_leaves, beat_fire && before_used != 0)
`COVER(layer_waits_for_its_last_transfer, hold && used != 0)
`COVER(waits_for_the_layer_before, !free)

endmodule

bind sdp_rdma_operand sdp_rdma_operand_cover #(.CNT_W(CNT_W)) u_cover (.*);

