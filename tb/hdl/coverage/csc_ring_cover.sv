// Lines of the data ring: kept, freed while running and after it, at the end of the ring.
`include "cover.svh"

module csc_ring_cover (
    input wire clk, rst_n, dat_entry, dat_slice, dat_flush, start, done, ready, settled, reuse, skip_release, keep, drop, free,
    input wire running, kept_full,
    input wire [5:0] head_wrap,
    input wire [13:0] kept, to_free, freed,
    input wire [14:0] lines, entries
);

`COVER(line_freed_while_running, free && running)
`COVER(line_freed_after_the_layer, free && !running)
`COVER(head_wraps, free && !head_wrap[5])
`COVER(line_arrives_while_one_is_freed, free && dat_slice)
`COVER(line_arrives_in_the_cycle_of_the_end, done && dat_slice)
`COVER(starts_with_lines_kept, start && keep && kept != 0)
`COVER(starts_with_all_lines_kept, start && keep && kept_full)
`COVER(lines_kept_are_dropped, drop && kept != 0)
`COVER(keeps_all, start && skip_release)
`COVER(waits_for_lines_to_be_freed, !settled && !running)
`COVER(reuse_without_lines_kept, start && reuse && kept == 0)
`COVER(lines_of_one_entry, free && entries == 1)
`COVER(flush_while_lines_are_there, dat_flush && lines != 0)
`COVER(no_line_there, running && lines == 0)

endmodule

bind csc_ring csc_ring_cover u_cover (.*);
