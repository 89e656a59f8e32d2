// Layers of PDP: methods, sources, streams, interrupts before and after the end.
`include "cover.svh"

module pdp_cover (
    input wire clk, rst_n, layer_start, from_memory, done, wr_done, early, intr, intr_group, hold_last, op_en,
    input wire sdp2pdp_valid, sdp2pdp_ready, rd_valid, rd_ready, wr_req_valid, wr_req_ready,
    input wire [1:0] method,
    input wire [16:0] recip_width, recip_height,
    input wire signed [3:0] unanswered
);

genvar m, f;
generate
    for (m = 0; m < 3; m = m + 1) begin : method_is
        for (f = 0; f < 2; f = f + 1) begin : from_memory_is
            `COVER(layer, layer_start && method == m && from_memory == f)
        end
    end
endgenerate
`COVER_STREAM(sdp2pdp, sdp2pdp_valid, sdp2pdp_ready)
`COVER_STREAM(input_of_memory, rd_valid, rd_ready)
`COVER_STREAM(write, wr_req_valid, wr_req_ready)
`COVER_FIELD(reciprocal_of_the_width, layer_start && method == 0, recip_width, 0, 17'h10000)
`COVER_FIELD(reciprocal_of_the_height, layer_start && method == 0, recip_height, 0, 17'h10000)
`COVER(interrupt_of_group_0, intr && !intr_group)
`COVER(interrupt_of_group_1, intr && intr_group)
`COVER(acknowledge_in_the_cycle_of_the_end, wr_done && done)
`COVER(acknowledge_before_the_end, early)
`COVER(two_layers_unacknowledged, unanswered == 2)
`COVER(last_write_waits, hold_last)
`COVER(interrupt_while_the_next_layer_runs, intr && op_en && !done)

endmodule

bind pdp pdp_cover u_cover (.*);
