// Bins of functional coverage (docs/coverage.md). A file NAME_cover.sv of this folder is bound into every instance of the
// module NAME when a bench is built with coverage; Verilator counts the cycles in which a bin's condition holds.
// The label is the bin's name, "_" stands for a space; generate blocks around it are told behind it.
`ifndef COVER_SVH
`define COVER_SVH
`define COVER(LABEL, CONDITION) LABEL: cover property (@(posedge clk) disable iff (!rst_n) (CONDITION));
// A condition in this cycle after another one in the cycle before.
`define COVER_THEN(LABEL, FIRST, SECOND) \
    reg LABEL``_first; \
    always @(posedge clk) LABEL``_first <= rst_n && (FIRST); \
    LABEL: cover property (@(posedge clk) disable iff (!rst_n) (LABEL``_first && (SECOND)));
// Valid and ready of a stream: moved, stalled, moved at once after a stall, two in a row, idle; and ready before valid.
`define COVER_STREAM(LABEL, VALID, READY) \
    if (1) begin : LABEL \
        wire stall = (VALID) && !(READY); \
        wire move  = (VALID) && (READY); \
        `COVER(moves, move) \
        `COVER(waits_for_ready, stall) \
        `COVER(ready_waits_for_valid, !(VALID) && (READY)) \
        `COVER(neither, !(VALID) && !(READY)) \
        `COVER_THEN(moves_after_a_stall, stall, move) \
        `COVER_THEN(two_in_a_row, move, move) \
    end
// The same of a stream whose ready waits for valid.
`define COVER_OFFERS(LABEL, VALID, READY) \
    if (1) begin : LABEL \
        wire stall = (VALID) && !(READY); \
        wire move  = (VALID) && (READY); \
        `COVER(moves, move) \
        `COVER(waits_for_ready, stall) \
        `COVER(neither, !(VALID) && !(READY)) \
        `COVER_THEN(moves_after_a_stall, stall, move) \
        `COVER_THEN(two_in_a_row, move, move) \
    end
// As COVER, of a module without a reset.
`define COVER_ALWAYS(LABEL, CONDITION) LABEL: cover property (@(posedge clk) (CONDITION));
// A field of a layer when it starts: smallest, in between, largest.
`define COVER_FIELD(LABEL, WHEN, VALUE, SMALLEST, LARGEST) \
    if (1) begin : LABEL``_is \
        `COVER(smallest, (WHEN) && (VALUE) == (SMALLEST)) \
        `COVER(in_between, (WHEN) && (VALUE) != (SMALLEST) && (VALUE) != (LARGEST)) \
        `COVER(largest, (WHEN) && (VALUE) == (LARGEST)) \
    end
// A flag of a layer when it starts.
`define COVER_FLAG(LABEL, WHEN, VALUE) \
    if (1) begin : LABEL``_is \
        `COVER(off, (WHEN) && !(VALUE)) \
        `COVER(on, (WHEN) && (VALUE)) \
    end
`endif
