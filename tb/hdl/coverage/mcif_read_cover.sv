// Reads outstanding at their limits, requests and answers in one cycle, every client.
`include "cover.svh"

module mcif_read_cover #(parameter N = 7) (
    input wire clk, rst_n, open, stray, send, take, arvalid, arready, rvalid,
    input wire [7:0] limit,
    input wire [8:0] outstanding,
    input wire [N-1:0] req_valid, req_ready, mine,
    input wire [31:3] araddr
);

`COVER_STREAM(ar, arvalid, arready)
`COVER(request_and_answer_in_one_cycle, send && take)
`COVER(stopped_by_the_limit, |req_valid && outstanding == {1'b0, limit} + 9'd1)
`COVER(answer_at_the_limit, take && outstanding == {1'b0, limit} + 9'd1)
`COVER(request_for_the_last_place, send && outstanding == {1'b0, limit})
`COVER(request_for_the_last_place_with_an_answer, send && take && outstanding == {1'b0, limit})
`COVER(limit_of_one_beat, send && limit == 0)
`COVER(all_256_outstanding, outstanding == 256)
`COVER(none_outstanding_after_some, take && !send && outstanding == 1)
`COVER(held_back_after_a_reset, |req_valid && !open)
`COVER(answer_nobody_asked_for, stray)
genvar g;
generate
    for (g = 0; g < N; g = g + 1) begin : client
        `COVER(request, req_valid[g] && req_ready[g])
        `COVER(waits, req_valid[g] && !req_ready[g])
        `COVER(answer, mine[g])
        `COVER(request_with_its_own_answer, req_valid[g] && req_ready[g] && mine[g])
    end
endgenerate
`COVER(address_in_the_lowest_mebibyte, arvalid && araddr[31:20] == 0)
`COVER(address_in_the_highest_mebibyte, arvalid && &araddr[31:20])
`COVER(last_atom_of_memory, arvalid && &araddr)

endmodule

bind mcif_read mcif_read_cover #(.N(N)) u_cover (.*);
