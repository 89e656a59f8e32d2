// A marked beat: with nothing and with everything ahead, reached in the cycle of another beat.
`include "cover.svh"

module mcif_ack_cover (
    input wire clk, rst_n, send, send_last, ack, mine, pending, reached,
    input wire [8:0] ahead, behind, behind_next
);

`COVER(mark_with_nothing_before_it, send && send_last && behind_next == 1)
`COVER(mark_with_beats_before_it, send && send_last && behind_next > 1)
`COVER(mark_in_the_cycle_of_an_acknowledge, send && send_last && mine)
`COVER(all_256_beats_ahead_of_a_mark, pending && ahead == 256)
`COVER(beat_behind_a_mark, send && pending && !reached)
`COVER(beat_in_the_cycle_that_reaches_the_mark, send && reached)
`COVER(mark_reached_with_beats_behind, reached && behind != 0)
`COVER(mark_reached_with_nothing_behind, reached && behind == 0)
`COVER(acknowledge_nobody_is_owed, ack && !mine)

endmodule

bind mcif_ack mcif_ack_cover u_cover (.*);
