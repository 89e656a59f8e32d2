// Read buffers: full, empty, requests and pops in one cycle, requests that wait.
`include "cover.svh"

module dla_cube_fetch_cover #(parameter CNT_W = 8) (
    input wire clk, rst_n, start, allow, busy, rd_req_valid, rd_req_ready, rd_rsp_valid, out_valid, out_ready, req_fire, pop,
    input wire last0, last1, last2,
    input wire [CNT_W-1:0] used
);

`COVER_STREAM(request, rd_req_valid, rd_req_ready)
`COVER_STREAM(out, out_valid, out_ready)
`COVER(full, busy && used[CNT_W-1])
`COVER(last_place_taken, req_fire && &used[CNT_W-2:0])
`COVER(empty, used == 0)
`COVER(request_and_pop_in_one_cycle, req_fire && pop)
`COVER(answer_and_pop_in_one_cycle, rd_rsp_valid && pop)
`COVER(pop_from_a_full_buffer, pop && used[CNT_W-1])
`COVER(starts_with_beats_of_the_layer_before, start && used != 0)
`COVER(cube_of_one_atom, req_fire && last0 && last1 && last2 && used == 0)

endmodule

bind dla_cube_fetch dla_cube_fetch_cover #(.CNT_W(CNT_W)) u_cover (.*);

