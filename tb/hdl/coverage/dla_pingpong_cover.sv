// Two register groups: at every distance of producer and consumer, with starts, ends and pointer writes in one cycle.
`include "cover.svh"

module dla_pingpong_cover (
    input wire       clk, rst_n, pointer_write, op_en_write, wdata, done, op_en, consumer, producer, done_d,
    input wire [1:0] enabled, started
);

genvar p, c, e;
generate
    for (p = 0; p < 2; p = p + 1) begin : producer_is
        for (c = 0; c < 2; c = c + 1) begin : consumer_is
            for (e = 0; e < 4; e = e + 1) begin : enabled_are
                `COVER(seen, producer == p && consumer == c && enabled == e)
            end
            `COVER(starts, producer == p && consumer == c && |started)
            `COVER(ends, producer == p && consumer == c && done)
        end
        `COVER(pointer_written, pointer_write && wdata == p)
    end
endgenerate
`COVER(start_and_done_in_one_cycle, |started && done)
`COVER(start_in_the_cycle_after_done, |started && done_d)
`COVER(pointer_write_and_done_in_one_cycle, pointer_write && done)
`COVER(enable_of_an_enabled_group_is_dropped, op_en_write && wdata && started == 0)
`COVER(zero_written_to_op_en_of_an_enabled_group, op_en_write && !wdata && enabled[producer])
`COVER(zero_written_to_op_en_of_an_idle_group, op_en_write && !wdata && !enabled[producer])
`COVER(pending_group_waits, enabled[!consumer] && !enabled[consumer])
`COVER_THEN(next_layer_follows_at_once, done_d, op_en)
`COVER_THEN(done_in_the_first_cycle_of_a_layer, !op_en, done && !done_d)

endmodule

bind dla_pingpong dla_pingpong_cover u_cover (.*);
