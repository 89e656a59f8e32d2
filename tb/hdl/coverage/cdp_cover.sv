// Layers of CDP: modes, windows, streams, tables read and written.
`include "cover.svh"

module cdp_cover (
    input wire clk, rst_n, start, linear, square_bypass, mul_bypass, under_lo_first, over_lo_first, hybrid_lo_first, done, consumer,
    input wire rd_valid, rd_ready, wr_req_valid, wr_req_ready, rd_pixel_end, rd_line_end, rd_layer_end, accept, unanswered, op_en,
    input wire lut_table, table_wr_en, table_rd_en, clearing, perf_en,
    input wire [8:0] table_wr_addr, table_rd_addr,
    input wire [7:0] rd_lanes,
    input wire [1:0] reach, cdp_intr
);

genvar r, m;
generate
    for (r = 0; r < 4; r = r + 1) begin : reach_is
        `COVER(layer, start && reach == r)
    end
    for (m = 0; m < 8; m = m + 1) begin : linear_square_bypass_mul_bypass
        `COVER(layer, start && {linear, square_bypass, mul_bypass} == m)
    end
    for (m = 0; m < 8; m = m + 1) begin : under_over_hybrid_lo_first
        `COVER(layer, start && {under_lo_first, over_lo_first, hybrid_lo_first} == m)
        `COVER(lanes_of_the_last_surface, accept && rd_pixel_end && rd_lanes == 8'hff >> (7 - m))
    end
endgenerate
`COVER_STREAM(input_of_memory, rd_valid, rd_ready)
`COVER_STREAM(write, wr_req_valid, wr_req_ready)
`COVER_FLAG(stalls_counted, start, perf_en)
`COVER(done_in_group_0, done && !consumer)
`COVER(done_in_group_1, done && consumer)
`COVER(interrupt_while_the_next_layer_runs, |cdp_intr && op_en && !done)
`COVER(first_entry_of_the_tables_written, table_wr_en && !clearing && table_wr_addr == 0)
`COVER(last_entry_of_lo_written, table_wr_en && !clearing && table_wr_addr == 256)
`COVER(last_entry_of_le_written, table_wr_en && !clearing && table_wr_addr == {3'b111, 6'd0})
`COVER(table_read, table_rd_en)

endmodule

bind cdp cdp_cover u_cover (.*);
