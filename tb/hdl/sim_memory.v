// Simulation only: fast memory on the DBB bus.
//
// 32-bit byte address space in pages of 4 KiB, mapped on demand by the command player onto one word
// array; an access of the design to an unmapped page is an error. Timing is set by plusargs, so that one
// model serves all: see sim_plusargs below. Also checks the rules of the bus and counts beats. With +dram_ratio=n reads take as
// long as sim_dram says, writes are answered when its controller has taken them, and both wait for its queues.
//
// The accelerator may be reset (`dla_up` falls) while requests are under way. The memory goes on: it gives its answers,
// during the reset, too, but for the first `freeze` cycles of it, or forgets them (`drop`). Before, it may collect reads or
// writes without an answer (`hold`). Behind a guard nothing else happens. Without one it also does what a memory system must do (docs/reset.md): forgets half-sent writes, and does not
// mind that a request is withdrawn.
// Errors go to `log` as lines "F <text>": of each kind the first, and at the end how many there were and the last.
`default_nettype none

module sim_memory #(
    parameter PAGES = 1 << 18 // of storage at most: 1 GiB
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        dla_up,     // the accelerator is not in reset
    input  wire        guarded,    // a guard keeps the bus whole over resets of the accelerator
    input  wire [1:0]  hold,       // no answers to reads, writes
    input  wire        drop,       // in a reset of the accelerator: requests are forgotten
    input  wire [31:0] freeze,     // from its beginning: cycles without an answer
    input  wire [31:0] log,        // file descriptor
    output reg  [63:0] cycle,      // core cycles since the end of reset
    output reg  [63:0] read_beats,
    output reg  [63:0] write_beats,
    output wire        idle,       // nothing accepted and not answered
    input  wire        aw_valid,
    output wire        aw_ready,
    input  wire [7:0]  aw_id,
    input  wire [3:0]  aw_len,
    input  wire [31:0] aw_addr,
    input  wire        w_valid,
    output wire        w_ready,
    input  wire [63:0] w_data,
    input  wire [7:0]  w_strb,
    input  wire        w_last,
    output wire        b_valid,
    input  wire        b_ready,
    output wire [7:0]  b_id,
    input  wire        ar_valid,
    output wire        ar_ready,
    input  wire [7:0]  ar_id,
    input  wire [3:0]  ar_len,
    input  wire [31:0] ar_addr,
    output wire        r_valid,
    input  wire        r_ready,
    output wire [7:0]  r_id,
    output wire        r_last,
    output wire [63:0] r_data
);

localparam FIFO_LOG2 = 9;

// ---- storage ----
reg [63:0] mem  [];                 // grows with the pages that are used
reg [19:0] page [];                 // physical page + 1, 0 where unmapped; tables of 1,024, that is 4 MiB of addresses
reg [10:0] table_of [0:1023];       // of the upper bits of the address: number of the table, 0: the empty one
integer    used, tables;            // physical pages and tables handed out

function [20:0] entry_of(input [31:0] address);
    entry_of = {table_of[address[31:22]], address[21:12]};
endfunction

function [31:0] word_of(input [31:0] address);
    word_of = {3'd0, page[entry_of(address)] - 20'd1, address[11:3]};
endfunction

function mapped(input [31:0] address);
    mapped = page[entry_of(address)] != 0;
endfunction

integer n;

task add_table(input [31:0] address);
    begin
        page = new[(tables + 1) * 1024](page);
        for (n = 0; n < 1024; n = n + 1) page[tables * 1024 + n] = 20'd0;
        table_of[address[31:22]] = tables[10:0];
        tables = tables + 1;
    end
endtask

// Makes the page of an address usable, filled with zeros.
task map(input [31:0] address);
    begin
        if (!mapped(address)) begin
            if (used >= PAGES) begin
                $fdisplay(log, "F the memory of the simulation is full (%0d pages)", PAGES);
            end else begin
                if (used * 512 == mem.size()) mem = new[2 * mem.size()](mem);
                if (table_of[address[31:22]] == 0) add_table(address);
                page[entry_of(address)] = used[19:0] + 20'd1;
                for (n = 0; n < 512; n = n + 1) mem[used * 512 + n] = 64'd0;
                used = used + 1;
            end
        end
    end
endtask

// Byte i of the word is written where mask bit i is 1.
task poke(input [31:0] address, input [63:0] value, input [7:0] mask);
    reg [63:0] bits;
    begin
        map(address);
        bits = {{8{mask[7]}}, {8{mask[6]}}, {8{mask[5]}}, {8{mask[4]}},
                {8{mask[3]}}, {8{mask[2]}}, {8{mask[1]}}, {8{mask[0]}}};
        mem[word_of(address)] = (mem[word_of(address)] & ~bits) | (value & bits);
    end
endtask

// Icarus does not take an element of a growing array in ?:.
function [63:0] peek(input [31:0] address);
    begin
        peek = 64'd0;
        if (mapped(address)) peek = mem[word_of(address)];
    end
endfunction

// ---- timing ----
reg [31:0] read_latency, write_latency, jitter, stall, ar_every, aw_every, w_every, r_every, reorder, seed;

task sim_plusargs;
    begin
        if (!$value$plusargs("read_latency=%d", read_latency)) read_latency = 32;    // cycles, >= 1
        if (!$value$plusargs("write_latency=%d", write_latency)) write_latency = 32; // cycles, >= 1
        if (!$value$plusargs("jitter=%d", jitter)) jitter = 0;         // random cycles on top of both latencies
        if (!$value$plusargs("stall=%d", stall)) stall = 0;            // of 256: how often each channel stalls
        if (!$value$plusargs("ar_every=%d", ar_every)) ar_every = 1;   // accepts one AR every n cycles
        if (!$value$plusargs("aw_every=%d", aw_every)) aw_every = 1;
        if (!$value$plusargs("w_every=%d", w_every)) w_every = 1;
        if (!$value$plusargs("r_every=%d", r_every)) r_every = 1;      // one read beat every n cycles
        if (!$value$plusargs("reorder=%d", reorder)) reorder = 0;      // 1: answers of different ids overtake
        if (!$value$plusargs("memory_seed=%d", seed)) seed = 1;
    end
endtask

initial begin
    sim_plusargs;
    used = 0;
    mem = new[1 << 14];
    page = new[1024];
    tables = 1;
    for (n = 0; n < 1024; n = n + 1) begin
        table_of[n] = 11'd0;
        page[n] = 20'd0;
    end
    for (n = 0; n < 10; n = n + 1) times[n] = 64'd0;
end

// ---- resets of the accelerator ----
reg        up_before;
reg [31:0] frozen;   // cycles still without an answer
reg [31:0] resets, cut_reads, cut_writes, cut_halves, cut_waiting; // how many, and what was under way at their beginnings
wire       cut   = rst_n && !dla_up && !guarded;
wire       clear = !rst_n || (!dla_up && drop);
reg        late;     // a read was accepted in the cycle before, and sim_dram says now how long it takes
wire [9:0] reads_answering, writes_owed;
wire [9:0] reads_owed = reads_answering + {9'd0, late};

// ---- requests ----
reg [31:0] rnd;
reg        ar_slot, aw_slot, w_slot;
wire       r_full, r_empty, b_full, b_empty;
reg [39:0] aw_fifo [0:(1 << FIFO_LOG2) - 1];  // id, address
reg [63:0] w_fifo  [0:(1 << FIFO_LOG2) - 1];
reg [FIFO_LOG2:0] aw_wr, aw_rd, w_wr, w_rd;
wire [FIFO_LOG2:0] aw_count = aw_wr - aw_rd;
wire [FIFO_LOG2:0] w_count  = w_wr - w_rd;
localparam [FIFO_LOG2:0] ROOM = (1 << FIFO_LOG2) - 2;

wire        dram, dram_reads, dram_writes;  // sim_dram: there is one, it takes a read, a write
wire [31:0] dram_wait;
reg  [3:0]  late_id;
reg  [63:0] late_data;

assign ar_ready = ar_slot && !r_full && dram_reads;
assign aw_ready = aw_slot && !b_full && aw_count < ROOM && dram_writes;
assign w_ready  = w_slot && !b_full && w_count < ROOM && dram_writes;
assign idle     = r_empty && b_empty && aw_count == 0 && w_count == 0 && !late;

wire ar_fire = ar_valid && ar_ready;
wire aw_fire = aw_valid && aw_ready;
wire w_fire  = w_valid && w_ready;

// A write is done when its address and its data are both there.
wire        pair      = (aw_count != 0 || aw_fire) && (w_count != 0 || w_fire);
wire [39:0] pair_aw   = (aw_count != 0) ? aw_fifo[aw_rd[FIFO_LOG2-1:0]] : {aw_id, aw_addr};
wire [63:0] pair_data = (w_count != 0) ? w_fifo[w_rd[FIFO_LOG2-1:0]] : w_data;

// ---- complaints: of each kind the first as it comes, the last and their number at the end ----
localparam [3:0] E_WRITE = 0, E_READ = 1, E_AR = 2, E_AW = 3, E_W = 4, E_READ_SHAPE = 5, E_WRITE_SHAPE = 6, E_READ_ID = 7,
                 E_WRITE_ID = 8, E_STROBE = 9;
reg [63:0] times [0:9], last_cycle [0:9];
reg [31:0] last_value [0:9];

reg [8*24-1:0] what [0:9]; // no function: Verilator would clear its value in every cycle, for each call
initial begin
    what[E_WRITE]         = "write to unmapped";
    what[E_READ]          = "read of unmapped";
    what[E_AR]            = "AR changed, was";
    what[E_AW]            = "AW changed, was";
    what[E_W]             = "W changed, was";
    what[E_READ_SHAPE]    = "bad read length, address";
    what[E_WRITE_SHAPE]   = "bad write len., address";
    what[E_READ_ID]       = "unknown read id";
    what[E_WRITE_ID]      = "unknown write id";
    what[E_STROBE]        = "bad wstrb or wlast, strb";
end

task error_line(input [3:0] kind, input [31:0] value);
    begin
        if (times[kind] == 0) $fdisplay(log, "F memory bus: %0s %0h (cycle %0d)", what[kind], value, cycle);
        times[kind] = times[kind] + 1;
        last_cycle[kind] = cycle;
        last_value[kind] = value;
    end
endtask

always @(posedge clk) begin
    if (!rst_n) begin
        ar_slot <= 0;
        aw_slot <= 0;
        w_slot <= 0;
        {aw_wr, aw_rd, w_wr, w_rd} <= 0;
        cycle <= 0;
        read_beats <= 0;
        write_beats <= 0;
        rnd = seed | 32'd1;
    end else begin
        if (cut) {aw_wr, aw_rd, w_wr, w_rd} <= 0;
        cycle <= cycle + 1;
        {ar_slot, aw_slot, w_slot} <= 3'b111;
        // Divisions behind an `if`: Verilator computes both sides of ||.
        if (ar_every != 1) ar_slot <= cycle % {32'd0, ar_every} == 0;
        if (aw_every != 1) aw_slot <= cycle % {32'd0, aw_every} == 0;
        if (w_every != 1) w_slot <= cycle % {32'd0, w_every} == 0;
        if (stall != 0) begin
            rnd = rnd ^ (rnd << 13);
            rnd = rnd ^ (rnd >> 17);
            rnd = rnd ^ (rnd << 5);
            if ({24'd0, rnd[7:0]} < stall) ar_slot <= 0;
            if ({24'd0, rnd[15:8]} < stall) aw_slot <= 0;
            if ({24'd0, rnd[23:16]} < stall) w_slot <= 0;
        end
        if (aw_fire) begin
            aw_fifo[aw_wr[FIFO_LOG2-1:0]] <= {aw_id, aw_addr};
            aw_wr <= aw_wr + 1'b1;
        end
        if (w_fire) begin
            w_fifo[w_wr[FIFO_LOG2-1:0]] <= w_data;
            w_wr <= w_wr + 1'b1;
        end
        if (pair) begin
            aw_rd <= aw_rd + 1'b1;
            w_rd <= w_rd + 1'b1;
            write_beats <= write_beats + 1;
            if (mapped(pair_aw[31:0])) mem[word_of(pair_aw[31:0])] = pair_data;
            else error_line(E_WRITE, pair_aw[31:0]);
        end
        if (r_valid && r_ready) read_beats <= read_beats + 1;
        if (ar_fire && !mapped(ar_addr)) error_line(E_READ, ar_addr);
    end
end

reg [63:0] found; // by the read that is accepted; behind an `if`, else Verilator looks for something in every cycle
always @* begin
    found = 64'd0;
    if (ar_fire) found = peek(ar_addr);
end

sim_dram u_dram (
    .clk(clk), .rst_n(rst_n), .on(dram),
    .read_valid(ar_fire), .read_id(ar_id[3:0]), .read_addr(ar_addr), .read_ready(dram_reads), .read_wait(dram_wait),
    .write_valid(pair), .write_addr(pair_aw[31:0]), .write_ready(dram_writes)
);

always @(posedge clk) begin
    late <= dram && !clear && ar_fire;
    late_id <= ar_id[3:0];
    if (dram && ar_fire) late_data <= found;
end

sim_response #(.WIDTH(64), .SALT(1)) u_read (
    .clk(clk), .rst_n(!clear), .hold(frozen != 0 || hold[0]), .count(reads_answering),
    .latency(dram ? dram_wait : read_latency), .jitter(jitter), .every(r_every), .stall(stall),
    .reorder(reorder[0]), .seed(seed),
    .push_valid(dram ? late : ar_fire), .push_id(dram ? late_id : ar_id[3:0]), .push_data(dram ? late_data : found),
    .full(r_full), .empty(r_empty),
    .out_valid(r_valid), .out_ready(r_ready), .out_id(r_id[3:0]), .out_data(r_data)
);

/* verilator lint_off PINCONNECTEMPTY */
sim_response #(.WIDTH(1), .SALT(2)) u_write (
    .clk(clk), .rst_n(!clear), .hold(frozen != 0 || hold[1]), .count(writes_owed),
    .latency(write_latency), .jitter(jitter), .every(1), .stall(stall),
    .reorder(reorder[0]), .seed(seed),
    .push_valid(pair), .push_id(pair_aw[35:32]), .push_data(1'b0), .full(b_full), .empty(b_empty),
    .out_valid(b_valid), .out_ready(b_ready), .out_id(b_id[3:0]), .out_data()
);
/* verilator lint_on PINCONNECTEMPTY */

assign r_id[7:4] = 4'd0;
assign b_id[7:4] = 4'd0;
assign r_last = 1'b1;

// ---- rules of the bus and counters of each id ----
reg [63:0] id_reads [0:15];
reg [63:0] id_writes [0:15];
reg        ar_wait, aw_wait, w_wait;
reg [43:0] ar_before, aw_before;
reg [72:0] w_before;
integer    k;

always @(posedge clk) begin
    ar_wait <= rst_n && !cut && ar_valid && !ar_ready;
    aw_wait <= rst_n && !cut && aw_valid && !aw_ready;
    w_wait  <= rst_n && !cut && w_valid && !w_ready;
    if (ar_valid) ar_before <= {ar_id, ar_len, ar_addr};
    if (aw_valid) aw_before <= {aw_id, aw_len, aw_addr};
    if (w_valid)  w_before  <= {w_strb, w_last, w_data};
    if (!rst_n) begin
        for (k = 0; k < 16; k = k + 1) begin
            id_reads[k] <= 0;
            id_writes[k] <= 0;
        end
    end else begin
        if (ar_fire) id_reads[ar_id[3:0]] <= id_reads[ar_id[3:0]] + 1;
        if (aw_fire) id_writes[aw_id[3:0]] <= id_writes[aw_id[3:0]] + 1;
        // Conditions within an `if`: Verilator computes all of one.
        if (ar_wait && !cut) begin
            if (!ar_valid || ar_before != {ar_id, ar_len, ar_addr}) error_line(E_AR, ar_before[31:0]);
        end
        if (aw_wait && !cut) begin
            if (!aw_valid || aw_before != {aw_id, aw_len, aw_addr}) error_line(E_AW, aw_before[31:0]);
        end
        if (w_wait && !cut) begin
            if (!w_valid || w_before != {w_strb, w_last, w_data}) error_line(E_W, w_before[31:0]);
        end
        if (ar_fire) begin
            if (ar_len != 0 || ar_addr[2:0] != 0) error_line(E_READ_SHAPE, ar_addr);
            if (!client(ar_id)) error_line(E_READ_ID, {24'd0, ar_id});
        end
        if (aw_fire) begin
            if (aw_len != 0 || aw_addr[2:0] != 0) error_line(E_WRITE_SHAPE, aw_addr);
            if (!client(aw_id)) error_line(E_WRITE_ID, {24'd0, aw_id});
        end
        if (w_fire) begin
            if (w_strb != 8'hff || !w_last) error_line(E_STROBE, {24'd0, w_strb});
        end
    end
end

always @(posedge clk) begin
    if (!rst_n) begin
        up_before <= 0;
        {frozen, resets, cut_reads, cut_writes, cut_halves, cut_waiting} <= 0;
    end else begin
        up_before <= dla_up;
        if (up_before && !dla_up) begin
            frozen      <= freeze;
            resets      <= resets + 1;
            cut_reads   <= cut_reads + {22'd0, reads_owed};
            cut_writes  <= cut_writes + {22'd0, writes_owed};
            cut_halves  <= cut_halves + {22'd0, aw_count} + {22'd0, w_count};
            cut_waiting <= cut_waiting + {31'd0, ar_wait} + {31'd0, aw_wait} + {31'd0, w_wait};
        end else if (frozen != 0) frozen <= frozen - 1;
    end
end

function client(input [7:0] id);
    client = (id == 1) || (id == 2) || (id == 3) || (id == 5) || (id == 6) || (id == 8) || (id == 9);
endfunction

// Lines "C <name> <value>" for the results.
task report;
    begin
        $fdisplay(log, "C cycles %0d", cycle);
        $fdisplay(log, "C read_beats %0d", read_beats);
        $fdisplay(log, "C write_beats %0d", write_beats);
        if (dram) u_dram.report(log);
        if (resets != 0) begin
            $fdisplay(log, "C resets %0d", resets);
            $fdisplay(log, "C cut_reads %0d", cut_reads);
            $fdisplay(log, "C cut_writes %0d", cut_writes);
            $fdisplay(log, "C cut_halves %0d", cut_halves);
            $fdisplay(log, "C cut_waiting %0d", cut_waiting);
        end
        for (k = 0; k < 16; k = k + 1) begin
            if (id_reads[k] != 0) $fdisplay(log, "C read_beats_id%0d %0d", k, id_reads[k]);
            if (id_writes[k] != 0) $fdisplay(log, "C write_beats_id%0d %0d", k, id_writes[k]);
        end
        for (k = 0; k < 10; k = k + 1) begin
            if (times[k] > 1) $fdisplay(log, "F memory bus: %0s: %0d times in all, the last %0h (cycle %0d)", what[k],
                                        times[k], last_value[k], last_cycle[k]);
        end
        if (!idle) $fdisplay(log, "F memory bus: requests left incomplete at the end of the program");
    end
endtask

endmodule

`default_nettype wire
