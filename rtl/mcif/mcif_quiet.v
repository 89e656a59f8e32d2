// Keeps requests back after a reset until the memory has nothing more to say about those before it.
//
// A reset forgets what was asked; a memory that was not reset with the accelerator may still answer. An answer
// carries the id of its client, and all bits of the id are fixed (system.md section 8), so nothing on the bus
// tells it from the answer to a new request of the same client. What can tell them apart is time alone:
//
//   * no state survives the reset that could hold the number of answers owed: the only reset pin in function is
//     also the one at power-on, so such state would begin undefined (docs/reset.md tells more);
//   * so no request leaves for QUIET cycles after the reset. In this time every answer is a late one. Each of them
//     shows that the memory kept its queue, and then the wait is 4 * QUIET cycles without another one.
//   * Answers that nobody owes at any later time are dropped as well, and start the same wait.
//
// A memory that gives no late answers costs nothing as long as QUIET is not longer than what keeps the first
// request back anyway: the clearing of CDP's tables, 512 cycles in which no register access passes.
`default_nettype none

module mcif_quiet #(
    parameter QUIET = 512 // core cycles without an answer after a reset, 0: none
) (
    input  wire clk,
    input  wire rst_n,
    input  wire rd_stray, // a read beat or write response came that no client is owed
    input  wire wr_stray,
    output wire open      // requests may leave
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (QUIET < 0 || QUIET > 65536) begin : g_quiet_illegal mcif_quiet_QUIET_is_0_to_65536 u_illegal (); end
endgenerate

localparam PATIENCE = 4 * QUIET;
localparam LEFT_W   = (QUIET == 0) ? 1 : $clog2(PATIENCE + 1);

reg [LEFT_W-1:0] left;

assign open = left == 0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)                    left <= QUIET[LEFT_W-1:0];
    else if (rd_stray || wr_stray) left <= PATIENCE[LEFT_W-1:0];
    else if (!open)                left <= left - 1'b1;
end

`ifdef DLA_ASSERT
// What was dropped since the reset, for benches.
reg [31:0] rd_dropped, wr_dropped;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        rd_dropped <= 32'd0;
        wr_dropped <= 32'd0;
    end else begin
        rd_dropped <= rd_dropped + {31'd0, rd_stray};
        wr_dropped <= wr_dropped + {31'd0, wr_stray};
    end
end

/* verilator lint_off UNUSEDSIGNAL */
wire unused = |{rd_dropped, wr_dropped};
/* verilator lint_on UNUSEDSIGNAL */
`endif

`ifdef FORMAL_MCIF_QUIET
`include "mcif_quiet.vh"
`endif

endmodule

`default_nettype wire
