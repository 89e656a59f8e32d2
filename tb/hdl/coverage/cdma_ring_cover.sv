// Rings of data and of weights: full, empty, around their ends, released and reserved in one cycle.
`include "cover.svh"

module cdma_ring_cover (
    input wire clk, rst_n, flush, send, reserve, retire, write, rls_valid, space, at_end, idle,
    input wire [4:0] first_bank, last_bank, banks,
    input wire [14:0] free, rls_entries, on_the_way
);

`COVER(full, !space)
`COVER(last_entry_reserved, send && reserve && free == 1)
`COVER(release_into_a_full_ring, rls_valid && free == 0)
`COVER(release_and_reserve_in_one_cycle, rls_valid && send && reserve)
`COVER(release_of_one_entry, rls_valid && rls_entries == 1)
`COVER(release_of_many_entries, rls_valid && rls_entries > 256)
`COVER(wraps, retire && write && at_end && !flush)
`COVER(answer_and_request_in_one_cycle, retire && send)
`COVER(answer_that_fills_no_entry, retire && !write)
`COVER(read_that_fills_no_entry, send && !reserve)
`COVER(flush_of_one_bank, flush && banks == 0)
`COVER(flush_of_most_banks, flush && banks == 30)
`COVER(begins_at_bank_0, flush && first_bank == 0)
`COVER(begins_at_a_later_bank, flush && first_bank != 0)
`COVER(last_bank_of_the_buffer, retire && write && last_bank == 31)
`COVER(many_reads_on_the_way, on_the_way > 64)

endmodule

bind cdma_ring cdma_ring_cover u_cover (.*);
