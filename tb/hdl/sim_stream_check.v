// Simulation only: the rules of one stream of the accelerator. sim_streams.v has one for each interface of rtl/interfaces.toml.
//
//   * valid is not taken back, and the payload stands still, until ready takes them (READY)
//   * valid and ready are 0 or 1, and the payload is while valid is 1 (Icarus: Verilator knows no X)
//   * no credit is spent that is not there, none given back that was not spent (CREDITS)
//   * no answer comes that was not asked for (OWED)
//
// Sampled as the units do, at the rising edge. The first breach of each rule is a line "F ..." in `log`, which fails the run.
`default_nettype none

module sim_stream_check #(
    parameter NAME     = "-",
    parameter SENDER   = "-", // units
    parameter RECEIVER = "-",
    parameter WIDTH   = 1, // bits of the payload
    parameter READY   = 0, // 0: the receiver always takes
    parameter CREDITS = 0, // 1: each transfer spends one of `limit` credits
    parameter OWED    = 0  // 1: each transfer answers one of `asked`
) (
    input wire             clk,
    input wire             rst_n,
    input wire [31:0]      log,     // file descriptor
    input wire [63:0]      cycle,
    input wire             valid,
    input wire             ready,
    input wire [WIDTH-1:0] payload,
    input wire             credit,
    input wire [31:0]      limit,
    input wire             asked
);

localparam DROPPED = 0, MOVED = 1, OVERSPENT = 2, OVERPAID = 3, UNASKED = 4, UNKNOWN = 5;

reg             stalled;
reg [WIDTH-1:0] held;
reg [5:0]       told;
reg [31:0]      spent; // credits
integer         owed;  // answers

// No task: Verilator would clear its arguments in every cycle, for each place where it is called.
`define TELL(when, rule, what) if ((when) && !told[rule]) begin \
        told[rule] = 1'b1; \
        $fdisplay(log, "F stream %0s from %0s to %0s: %0s (cycle %0d)", NAME, SENDER, RECEIVER, what, cycle); \
    end

initial begin
    told    = 0;
    stalled = 0;
    spent   = 0;
    owed    = 0;
end

generate
if (READY != 0) begin : g_ready
    // `stalled` and `held` are of this block alone: blocking, else Verilator copies them twice in every cycle. The outer
    // conditions are for it, too: it computes all of a condition, payloads as well.
    always @(posedge clk) begin
        if (!rst_n) stalled = 1'b0;
        else if (valid || stalled) begin
            if (stalled) begin
                `TELL(!valid, DROPPED, "valid fell before ready took it")
                `TELL(valid && payload !== held, MOVED, "payload changed while it waited for ready")
            end
            if (valid && !ready && !stalled) held = payload;
            stalled = valid && !ready;
        end
    end
end
if (CREDITS != 0) begin : g_credits
    always @(posedge clk) begin
        if (!rst_n) spent <= 0;
        else if (valid != credit) begin
            `TELL(valid && spent == limit, OVERSPENT, "a credit is spent that is not there")
            `TELL(credit && spent == 0, OVERPAID, "a credit is given back that was not spent")
            spent <= valid ? spent + 1 : spent - 1;
        end
    end
end
if (OWED != 0) begin : g_owed
    always @(posedge clk) begin
        if (!rst_n) owed <= 0;
        else if (valid != asked) begin
            `TELL(valid && owed == 0, UNASKED, "an answer that was not asked for")
            owed <= valid ? owed - 1 : owed + 1;
        end
    end
end
endgenerate

`ifndef VERILATOR
always @(posedge clk) if (rst_n === 1'b1) begin
    `TELL((valid ^ ready) === 1'bx, UNKNOWN, "valid or ready is X")
    `TELL(valid === 1'b1 && (^payload) === 1'bx, UNKNOWN, "X in a payload that is valid")
end
`endif
`undef TELL

/* verilator lint_off UNUSEDSIGNAL */ // what the parameters do not ask for
wire unused = &{1'b0, ready, payload, credit, limit, asked, stalled, held, told, spent, owed[0]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
