// Clock gate: stops a clock for the cycles in which nothing behind it would change.
//
//   clk      __/~~\__/~~\__/~~\__/~~\__
//   enable   __x~~~~~x_______________       settles before clk falls, taken with the rising edge that follows
//   gated    ________/~~\_______________
//
// `enable` is asked for the next rising edge, as the enable of a flip-flop is, so work that arrives wakes its unit without
// losing a cycle. The latch holds it while clk is high: no glitch. `ungated` (test, override) lets every edge through.
//
// PRESENT = 1: latch and AND, the integrated clock gating cell of an ASIC library. 0: a wire, for FPGAs, where one clock
// net serves all. Units may use a gate only where both give the same results: what is behind it must not change in a
// cycle without `enable`, or must not matter to anybody.
//
// Simulators see no race between clk and gated: clocks are continuous assignments, and all of them have settled before the
// first nonblocking assignment of the edge takes effect.
`default_nettype none

module dla_clock_gate #(
    parameter PRESENT = 1 // 0 or 1
) (
    input  wire clk,
    input  wire enable,
    input  wire ungated,
    output wire gated
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (PRESENT != 0 && PRESENT != 1) begin : g_present_illegal dla_clock_gate_PRESENT_is_0_or_1 u_illegal (); end
endgenerate

generate
    if (PRESENT == 0) begin : g_wire
        wire unused = enable | ungated;
        assign gated = clk;
    end else begin : g_gate
        reg open;
        /* verilator lint_off LATCH */ // the one latch of the design
        always @* if (!clk) open = enable | ungated;
        /* verilator lint_on LATCH */
        assign gated = clk & open;
    end
endgenerate

`ifdef FORMAL_DLA_CLOCK_GATE
`include "dla_clock_gate.vh"
`endif

endmodule

`default_nettype wire
