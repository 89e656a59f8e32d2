// Resets in every state of the three request channels.
`include "cover.svh"

module dla_reset_guard_cover (
    input wire clk, por_rst_n, wanted_n, ar_shown, aw_shown, w_shown, whole, owed, ar_take, aw_take, r_take, b_take,
    input wire dla_arvalid, dla_awvalid, dla_wvalid, mem_rvalid, mem_bvalid, dla_rready, dla_bready,
    input wire [1:0] state
);

wire rst_n = por_rst_n;
localparam [1:0] RUN = 2'd0, STOP = 2'd1, RESET = 2'd2;
genvar c;
generate
    for (c = 0; c < 8; c = c + 1) begin : requests_shown
        `COVER(when_a_reset_begins, state == RUN && !wanted_n && {ar_shown, aw_shown, w_shown} == c)
    end
endgenerate
`COVER(read_kept_back_while_stopped, state == STOP && dla_arvalid && !ar_shown)
`COVER(write_kept_back_while_stopped, state == STOP && dla_awvalid && !aw_shown)
`COVER(late_read_beat_dropped, state == RESET && mem_rvalid)
`COVER(late_response_dropped, state == RESET && mem_bvalid)
`COVER(reset_with_nothing_owed, state == STOP && whole && !owed)
`COVER(reset_with_answers_owed, state == STOP && whole && owed)
`COVER(waits_for_answers, state == RESET && owed && wanted_n)
`COVER(kept_in_reset_by_the_request, state == RESET && !owed && !wanted_n)
`COVER(request_ends_before_the_reset_begins, state == STOP && wanted_n)
`COVER(read_and_beat_in_one_cycle, ar_take && r_take)
`COVER(write_and_response_in_one_cycle, aw_take && b_take)

endmodule

bind dla_reset_guard dla_reset_guard_cover u_cover (.*);
