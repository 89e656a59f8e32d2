// Single beats in, bursts out: requests that follow each other in memory become one.
//
//   in (id, address) --> [ open burst ] --> out (id, address, beats - 1)
//
// A request joins the open burst if it has its id, the address behind it, lies in the same 4 KiB (AXI's rule for a burst), and the
// burst has less than MAX beats. The burst leaves when it is full, when a request comes that does not join it, or when none has come
// for WAIT cycles. Order is kept over all ids. MAX = 1: wires. Otherwise one request a cycle, and 1 to WAIT + 2 cycles
// of latency. `alone` marks a request that joins nothing; the mark comes out with it.
`default_nettype none

module dla_burst #(
    parameter MAX  = 16, // beats of a burst: 1, 2, 4, 8 or 16
    parameter WAIT = 1   // cycles, 0 to 15
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        in_valid,
    output wire        in_ready,
    input  wire [3:0]  in_id,
    input  wire [31:3] in_addr,
    input  wire        in_alone,
    output wire        out_valid,
    input  wire        out_ready,
    output wire [3:0]  out_id,
    output wire [31:3] out_addr,
    output wire [3:0]  out_more,  // beats - 1
    output wire        out_alone
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (MAX != 1 && MAX != 2 && MAX != 4 && MAX != 8 && MAX != 16)
        begin : g_max_illegal dla_burst_MAX_is_1_2_4_8_or_16 u_illegal (); end
    if (WAIT < 0 || WAIT > 15) begin : g_wait_illegal dla_burst_WAIT_is_0_to_15 u_illegal (); end
endgenerate

generate
    if (MAX == 1) begin : g_single
        assign out_valid = in_valid;
        assign in_ready  = out_ready;
        assign out_id    = in_id;
        assign out_addr  = in_addr;
        assign out_more  = 4'd0;
        assign out_alone = in_alone;
        wire unused = clk || rst_n;
    end else begin : g_merge
        localparam [31:0] LAST = MAX - 1;
        localparam [31:0] WAITED = WAIT;

        reg        held, shown, alone; // a burst is open; it has been offered and does not change any more
        reg [3:0]  id, more, waited;
        reg [31:3] addr, next;         // of the first beat, behind the last one

        wire full   = more == LAST[3:0];
        wire joins  = held && !shown && !alone && !in_alone && !full && in_id == id && in_addr == next && in_addr[11:3] != 9'd0;
        wire closed = shown || full || alone || (in_valid ? !joins : waited == WAITED[3:0]);
        wire leaves = out_valid && out_ready;
        wire enters = in_valid && in_ready;

        assign out_valid = held && closed;
        assign out_id    = id;
        assign out_addr  = addr;
        assign out_more  = more;
        assign out_alone = alone;
        assign in_ready  = !held || joins || leaves;

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n) begin
                held  <= 1'b0;
                shown <= 1'b0;
            end else begin
                held  <= enters || held && !leaves;
                shown <= out_valid && !out_ready;
            end
        end

        always @(posedge clk) begin
            if (enters) begin
                next   <= in_addr + 29'd1;
                waited <= 4'd0;
                more   <= joins ? more + 4'd1 : 4'd0;
                if (!joins) begin
                    id    <= in_id;
                    addr  <= in_addr;
                    alone <= in_alone;
                end
            end else if (waited != WAITED[3:0]) begin
                waited <= waited + 4'd1;
            end
        end
    end
endgenerate

`ifdef FORMAL_DLA_BURST
`include "dla_burst.vh"
`endif

endmodule

`default_nettype wire
