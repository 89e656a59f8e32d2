// SDP's output buffer full and empty, layers under way behind each other.
`include "cover.svh"

module sdp_output_cover #(parameter CNT_W = 6) (
    input wire clk, rst_n, start, accept, room, pop, last, out_valid, group_valid, group_free, wr_done, to_pdp, packed_cube, done,
    input wire wr_req_valid, wr_req_ready, perf_en,
    input wire [1:0] intr,
    input wire [CNT_W-1:0] used
);

`COVER(full, !room)
`COVER(empty, used == 0)
`COVER(accept_and_pop_in_one_cycle, accept && pop)
`COVER(last_place_taken, accept && !pop && &used[CNT_W-2:0])
`COVER(cube_of_one_position, start && packed_cube && !to_pdp)
`COVER(layer_ends_while_one_before_is_unacknowledged, pop && last && group_valid)
`COVER(last_write_waits_for_four_acknowledges, out_valid && !to_pdp && last && !group_free)
`COVER(starts_while_one_before_is_unacknowledged, start && group_valid)
`COVER(layer_to_pdp_ends_in_the_cycle_of_an_acknowledge, done && to_pdp && wr_done)
`COVER(interrupts_of_both_groups_in_one_cycle, &intr)
`COVER(stall_counted, perf_en && wr_req_valid && !wr_req_ready)
`COVER(stall_not_counted, !perf_en && wr_req_valid && !wr_req_ready)

endmodule

bind sdp_output sdp_output_cover #(.CNT_W(CNT_W)) u_cover (.*);

