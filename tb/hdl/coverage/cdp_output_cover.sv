// CDP's output buffer full and empty, addresses with carries, layers behind each other.
`include "cover.svh"

module cdp_output_cover #(parameter CNT_W = 6) (
    input wire clk, rst_n, start, accept, room, pop, out_valid, line_end, pixel_end, group_valid, group_free, wr_done, wr_req_last,
    input wire [CNT_W-1:0] used,
    input wire [31:3] wr_req_addr, stride, next
);

`COVER(full, !room)
`COVER(empty, used == 0)
`COVER(accept_and_pop_in_one_cycle, accept && pop)
`COVER(last_place_taken, accept && !pop && &used[CNT_W-2:0])
`COVER(starts_while_one_before_is_unacknowledged, start && group_valid)
`COVER(next_surface, pop && !pixel_end)
`COVER(next_pixel, pop && pixel_end && !line_end)
`COVER(next_line, pop && line_end && !wr_req_last)
genvar b;
generate
    for (b = 1; b < 4; b = b + 1) begin : carry_into_byte
        `COVER(seen, pop && !wr_req_last && next[31:8*b] != wr_req_addr[31:8*b])
    end
endgenerate

endmodule

bind cdp_output cdp_output_cover #(.CNT_W(CNT_W)) u_cover (.*);
