// Writes: address and data taken together and apart, outstanding at the limits, responses with requests.
`include "cover.svh"

module mcif_write_cover #(parameter N = 3) (
    input wire clk, rst_n, open, stray, send, take, awvalid, awready, wvalid, wready, bvalid,
    input wire [7:0] limit,
    input wire [8:0] outstanding,
    input wire [N-1:0] req_valid, req_ready, req_last, mine, hold, done,
    input wire [31:3] awaddr
);

`COVER_STREAM(aw, awvalid, awready)
`COVER_STREAM(w, wvalid, wready)
`COVER(address_taken_before_its_data, awvalid && awready && wvalid && !wready)
`COVER(data_taken_before_their_address, awvalid && !awready && wvalid && wready)
`COVER(address_and_data_taken_together, awvalid && awready && wvalid && wready)
`COVER(request_and_response_in_one_cycle, send && take)
`COVER(stopped_by_the_limit, |req_valid && outstanding == {1'b0, limit} + 9'd1)
`COVER(response_at_the_limit, take && outstanding == {1'b0, limit} + 9'd1)
`COVER(request_for_the_last_place_with_a_response, send && take && outstanding == {1'b0, limit})
`COVER(limit_of_one_beat, send && limit == 0)
`COVER(all_256_outstanding, outstanding == 256)
`COVER(held_back_after_a_reset, |req_valid && !open)
`COVER(response_nobody_is_owed, stray)
genvar g;
generate
    for (g = 0; g < N; g = g + 1) begin : client
        `COVER(beat, req_valid[g] && req_ready[g] && !req_last[g])
        `COVER(last_beat, req_valid[g] && req_ready[g] && req_last[g])
        `COVER(waits, req_valid[g] && !req_ready[g])
        `COVER(second_last_beat_waits_for_the_first, req_valid[g] && req_last[g] && hold[g])
        `COVER(beats_behind_a_last_one, req_valid[g] && req_ready[g] && hold[g])
        `COVER(finished, done[g])
    end
endgenerate
`COVER(address_in_the_lowest_mebibyte, awvalid && awaddr[31:20] == 0)
`COVER(address_in_the_highest_mebibyte, awvalid && &awaddr[31:20])
`COVER(last_atom_of_memory, awvalid && &awaddr)

endmodule

bind mcif_write mcif_write_cover #(.N(N)) u_cover (.*);
