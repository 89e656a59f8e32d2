// The wait after a reset, without and with late answers.
`include "cover.svh"

module mcif_quiet_cover #(parameter QUIET = 0) (input wire clk, rst_n, rd_stray, wr_stray, open);

generate
    if (QUIET != 0) begin : wait_after_reset
        `COVER(waits, !open)
        `COVER(late_read_while_waiting, rd_stray && !open)
        `COVER(late_write_while_waiting, wr_stray && !open)
        `COVER(late_answer_when_open, (rd_stray || wr_stray) && open)
        `COVER(both_late_in_one_cycle, rd_stray && wr_stray)
    end
endgenerate

endmodule

bind mcif_quiet mcif_quiet_cover #(.QUIET(QUIET)) u_cover (.*);
