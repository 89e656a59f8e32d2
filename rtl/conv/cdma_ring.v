// Bookkeeping of one ring buffer in CBUF (data or weights): free entries, write address, reads on the way.
//
// An entry is reserved when its read is sent (`reserve`) and given back when csc releases it, so every
// answer of the memory finds its place and needs no back-pressure. Answers come in order, so they fill the
// ring in order. Spec: cdma.md sections 2 and 7; contract: docs/architecture.md.
`default_nettype none

module cdma_ring (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        flush,        // the ring is empty and restarts at its first entry
    input  wire [4:0]  first_bank,
    input  wire [4:0]  last_bank,
    input  wire [4:0]  banks,        // size in banks, minus one
    input  wire        send,         // a read is sent
    input  wire        reserve,      // with send: its answer will fill an entry
    input  wire        retire,       // the answer of a read has been dealt with
    input  wire        write,        // with retire: it fills the entry `wr_addr`
    input  wire        rls_valid,
    input  wire [14:0] rls_entries,
    output wire        space,        // there is an entry to reserve
    output reg  [13:0] wr_addr,
    output wire        idle          // no read is on the way
);

reg [14:0] free;       // an entry reserved in the cycle before not yet taken off:
reg        taken;      // whether a read is sent is known late
reg [14:0] on_the_way;

assign space = free != {14'd0, taken};
assign idle  = on_the_way == 15'd0;

wire [14:0] released = rls_valid ? rls_entries : 15'd0;
wire        at_end   = wr_addr[13:9] == last_bank && &wr_addr[8:0];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        free       <= 15'd0;
        taken      <= 1'b0;
        on_the_way <= 15'd0;
        wr_addr    <= 14'd0;
    end else begin
        if (flush) free <= {1'b0, banks, 9'd0} + 15'd512;
        else       free <= free + released - {14'd0, taken};
        taken <= send && reserve;
        if (send && !retire)      on_the_way <= on_the_way + 15'd1;
        else if (retire && !send) on_the_way <= on_the_way - 15'd1;
        if (flush || (retire && write && at_end)) wr_addr <= {first_bank, 9'd0};
        else if (retire && write)                 wr_addr <= wr_addr + 14'd1;
    end
end

`ifdef DLA_ASSERT
reg [15:0] size; // since the last flush
always @(posedge clk) if (flush) size <= {2'b00, banks, 9'd0} + 16'd512;

always @(posedge clk or negedge rst_n) begin
    if (rst_n) begin
        if (send && reserve && !space) $error("%m: entry reserved in a full ring");
        if (flush && taken) $error("%m: flush behind a reservation");
        if (retire && on_the_way == 15'd0) $error("%m: answer without a read");
        if (flush && on_the_way != 15'd0) $error("%m: flush while reads are on the way");
        if (rls_valid && {1'b0, free} + {1'b0, released} - {15'd0, taken} > size)
            $error("%m: more entries released than the ring has");
    end
end
`endif

`ifdef FORMAL_CDMA_RING
`include "cdma_ring.vh"
`endif

endmodule

`default_nettype wire
