// Full and empty on both sides, and the pointers around their ends.
`include "cover.svh"

module dla_async_fifo_cover #(parameter PTR_W = 4) (
    input wire wr_clk, wr_rst_n, in_valid, in_ready, push, alive, rd_clk, rd_rst_n, out_valid, out_ready,
    input wire [PTR_W-1:0] wr_bin, rd_bin
);

generate
    if (1) begin : writer
        wire clk = wr_clk, rst_n = wr_rst_n;
        `COVER(full, alive && !in_ready)
        `COVER(waits_while_full, alive && in_valid && !in_ready)
        `COVER(pointer_wraps, push && &wr_bin)
        `COVER_THEN(two_in_a_row, push, push)
        `COVER(offered_in_the_cycle_after_reset, in_valid && !alive)
    end
    if (1) begin : reader
        wire clk = rd_clk, rst_n = rd_rst_n;
        `COVER(empty, !out_valid)
        `COVER(waits, out_valid && !out_ready)
        `COVER(pointer_wraps, out_valid && out_ready && &rd_bin)
        `COVER_THEN(two_in_a_row, out_valid && out_ready, out_valid && out_ready)
        `COVER_THEN(last_word_taken, out_valid && out_ready, !out_valid)
    end
endgenerate

endmodule

bind dla_async_fifo dla_async_fifo_cover #(.PTR_W(PTR_W)) u_cover (.*);
