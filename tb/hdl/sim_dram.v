// Simulation only: timing of a DRAM and its controller, behind the bus of sim_memory. It holds no data.
//
//   reads  --> line of each id --> queue --+--> command schedule: refresh, banks and rows, data bus --> due cycle
//   writes --> line being filled --> queue-+        ^ bursts of another master
//
// A request is scheduled when it is accepted: all that comes later comes later on the data bus, too. Activation of
// a row runs ahead of the bus by what the queue allows. Reads go first; writes wait in a queue until it is full, or nothing has
// come for QUIET cycles and nothing is left to do, and leave together, so that the bus turns around twice a batch. With `dram_lines` an id (a master's stream) that
// asks for the rest of the burst it was given last gets it without another burst, and writes to one burst are joined.
// Refreshes are done ahead where the controller has nothing to do, up to 8, and put off where it has, up to 8 (JEDEC).
//
// Time is counted in DRAM clocks since reset: `dram_ratio` of them are a core cycle. All parameters are plusargs in DRAM
// clocks; cocodla.latency.dram has their names, sources, and the same arithmetic. dram_ratio 0: there is no DRAM.
`default_nettype none

module sim_dram (
    input  wire        clk,
    input  wire        rst_n,
    output reg         on,          // constant
    input  wire        read_valid,  // a read has been accepted
    input  wire [3:0]  read_id,
    input  wire [31:0] read_addr,
    output reg         read_ready,  // a read may be accepted in this cycle
    output reg  [31:0] read_wait,   // of the read accepted in the cycle before: from now to its data
    input  wire        write_valid, // a write, address and data, has been accepted
    input  wire [31:0] write_addr,
    output reg         write_ready
);

localparam QUIET = 32;   // core cycles without a request after which waiting writes leave
localparam [63:0] GROUP = 8;         // bursts of the other master in a row
localparam [31:0] OTHER_MASK = 32'h000fffff; // it reads 1 MiB over and over
localparam [31:0] OTHER_BASE = 32'hc0000000;

// ---- parameters ----
reg [31:0] ratio, lines, cl, rcd, rp, ras, rtp, wr, wtr, rtw, rrd, faw, ccd, rfc, refi, front, reads, writes, other;
reg [31:0] burst_log2, row_log2, bank_log2, map;

initial begin
    if (!$value$plusargs("dram_ratio=%d", ratio)) ratio = 0;
    if (!$value$plusargs("dram_lines=%d", lines)) lines = 1;           // 1: requests to one burst are joined
    if (!$value$plusargs("dram_cl=%d", cl)) cl = 7;                    // read command to its first data
    if (!$value$plusargs("dram_rcd=%d", rcd)) rcd = 7;                 // activate to read or write
    if (!$value$plusargs("dram_rp=%d", rp)) rp = 7;                    // precharge to activate
    if (!$value$plusargs("dram_ras=%d", ras)) ras = 20;                // activate to precharge
    if (!$value$plusargs("dram_rtp=%d", rtp)) rtp = 4;                 // read to precharge
    if (!$value$plusargs("dram_wr=%d", wr)) wr = 18;                   // write to precharge
    if (!$value$plusargs("dram_wtr=%d", wtr)) wtr = 14;                // write to read
    if (!$value$plusargs("dram_rtw=%d", rtw)) rtw = 7;                 // read to write
    if (!$value$plusargs("dram_rrd=%d", rrd)) rrd = 6;                 // activate to activate
    if (!$value$plusargs("dram_faw=%d", faw)) faw = 27;                // four activates
    if (!$value$plusargs("dram_ccd=%d", ccd)) ccd = 4;                 // a burst on the data bus
    if (!$value$plusargs("dram_rfc=%d", rfc)) rfc = 86;                // a refresh
    if (!$value$plusargs("dram_refi=%d", refi)) refi = 4160;           // between two of them
    if (!$value$plusargs("dram_front=%d", front)) front = 16;          // controller, both ways together
    if (!$value$plusargs("dram_reads=%d", reads)) reads = 16;          // bursts its queues hold
    if (!$value$plusargs("dram_writes=%d", writes)) writes = 16;
    if (!$value$plusargs("dram_other=%d", other)) other = 0;           // percent of the bus another master takes
    if (!$value$plusargs("dram_burst_log2=%d", burst_log2)) burst_log2 = 5; // bytes of a burst
    if (!$value$plusargs("dram_row_log2=%d", row_log2)) row_log2 = 12;      // bytes of a row in a bank
    if (!$value$plusargs("dram_bank_log2=%d", bank_log2)) bank_log2 = 3;
    if (!$value$plusargs("dram_map=%d", map)) map = 0; // address: 0 row, bank, column; 1 bank, row, column (of 1 GiB)
    on = ratio != 0;
    {read_ready, write_ready} = 2'b11; // and stay, if there is no DRAM
end

// ---- state, in DRAM clocks ----
reg [63:0] now;                // core cycles
reg        open [0:15];
reg [31:0] row  [0:15];
reg [63:0] cas_ok [0:15];      // earliest read or write of the open row
reg [63:0] pre_ok [0:15];      // earliest precharge
reg [63:0] act_ok [0:15];      // earliest activate of a closed bank
reg [63:0] acts [0:3];         // the last four activates
reg [1:0]  act, newest;        // the oldest of them, the newest
reg [63:0] rd_ok, wr_ok;       // earliest read, write command for the data bus
reg [63:0] busy;               // all that was scheduled is through
reg [63:0] refresh;            // when the next one is due
reg [63:0] last;               // core cycle of the last request
reg [63:0] other_at, other_every;
reg [31:0] other_addr;
reg [63:0] slot [0:255];       // read queue: when the burst that has the place leaves it
reg [7:0]  place;
reg [31:0] line [0:15];        // burst an id was given last, plus one
reg [63:0] line_due [0:15];    // in core cycles
reg [31:0] held [0:255];       // bursts of waiting writes
reg [31:0] waiting;
reg [63:0] drained;            // the batch of writes before has left
reg [63:0] read_bursts, write_bursts, hits, opens, conflicts, refreshes, turns, other_bursts;

wire [63:0] clock = now * {32'd0, ratio};

function [63:0] later(input [63:0] a, input [63:0] b);
    later = a > b ? a : b;
endfunction

integer i;
reg [63:0] begins, cas, activate, ends;
reg [3:0]  bank;
reg [31:0] wanted, asked;    // row, burst
reg        writing;            // direction of the data bus

task do_refresh(input [63:0] start);
    begin
        begins = start;
        for (i = 0; i < 16; i = i + 1) if (open[i]) begins = later(begins, pre_ok[i]);
        begins = begins + {32'd0, rp} + {32'd0, rfc};
        for (i = 0; i < 16; i = i + 1) begin
            open[i] = 1'b0;
            act_ok[i] = later(act_ok[i], begins);
        end
        busy = later(busy, begins);
        refresh = refresh + {32'd0, refi};
        refreshes = refreshes + 1;
    end
endtask

// One burst that comes at `come`; `cas` is when its command is given.
task access(input [31:0] address, input is_write, input [63:0] come);
    begin
        // ahead of time in an idle gap long enough, else when it cannot be put off
        while (later(busy, refresh - 8 * {32'd0, refi}) + {32'd0, rp} + {32'd0, rfc} <= come)
            do_refresh(later(busy, refresh - 8 * {32'd0, refi}));
        if (refresh + 8 * {32'd0, refi} <= later(busy, come)) do_refresh(busy);
        bank = (map == 0 ? (address >> row_log2) : (address >> (30 - bank_log2))) & ((32'd1 << bank_log2) - 1);
        wanted = map == 0 ? address >> (row_log2 + bank_log2)
               : (address & ((32'd1 << (30 - bank_log2)) - 1)) >> row_log2 | (address >> 30) << 20;
        if (open[bank] && row[bank] == wanted) begin
            hits = hits + 1;
        end else begin
            if (open[bank]) begin
                conflicts = conflicts + 1;
                activate = later(come, pre_ok[bank]) + {32'd0, rp};
            end else begin
                opens = opens + 1;
                activate = later(come, act_ok[bank]);
            end
            newest = act + 2'd3;
            activate = later(activate, acts[newest] + {32'd0, rrd});
            activate = later(activate, acts[act] + {32'd0, faw});
            acts[act] = activate;
            act = act + 2'd1;
            open[bank] = 1'b1;
            row[bank] = wanted;
            cas_ok[bank] = activate + {32'd0, rcd};
            pre_ok[bank] = activate + {32'd0, ras};
        end
        cas = later(later(come, cas_ok[bank]), is_write ? wr_ok : rd_ok);
        if (is_write != writing) turns = turns + 1;
        writing = is_write;
        rd_ok = cas + {32'd0, is_write ? wtr : ccd};
        wr_ok = cas + {32'd0, is_write ? ccd : rtw};
        pre_ok[bank] = later(pre_ok[bank], cas + {32'd0, is_write ? wr : rtp});
        busy = cas + {32'd0, ccd};
    end
endtask

task drain(input [63:0] come);
    integer k;
    begin
        for (k = 0; k < waiting; k = k + 1) access(held[k] << burst_log2, 1'b1, come);
        write_bursts = write_bursts + {32'd0, waiting};
        waiting = 0;
        drained = cas;
    end
endtask

// Bursts of the other master that come first, and writes that have waited long enough.
task precede(input [63:0] come);
    integer k;
    begin
        if (waiting != 0 && last + QUIET < now && busy <= (last + QUIET) * {32'd0, ratio}) drain((last + QUIET) * {32'd0, ratio});
        while (other_every != 0 && other_at <= come) begin
            for (k = 0; k < GROUP; k = k + 1) begin
                access(OTHER_BASE | other_addr & OTHER_MASK, 1'b0, other_at);
                other_addr = other_addr + (32'd1 << burst_log2);
            end
            other_bursts = other_bursts + GROUP;
            other_at = other_at + other_every;
        end
    end
endtask

task do_read;
    begin
        asked = (read_addr >> burst_log2) + 1;
        if (lines == 0 || line[read_id] != asked) begin
            line[read_id] = asked;
            precede(clock);
            access(read_addr, 1'b0, clock);
            slot[place] = cas;
            place = ({24'd0, place} + 1 == reads) ? 8'd0 : place + 8'd1;
            line_due[read_id] = (cas + {32'd0, cl + ccd + front + ratio - 32'd1}) / {32'd0, ratio};
            read_bursts = read_bursts + 1;
        end
        ends = later(line_due[read_id], now + 2);
        read_wait <= ends[31:0] - now[31:0] - 1;
        last = now;
    end
endtask

task do_write;
    begin
        precede(clock);
        asked = write_addr >> burst_log2;
        if (waiting == 0 || lines == 0 || held[waiting - 1] != asked) begin
            if (waiting == writes) drain(clock);
            held[waiting] = asked;
            waiting = waiting + 1;
        end
        last = now;
    end
endtask

wire running = clk && on; // a model without DRAM has no work here

always @(posedge running) begin
    if (!rst_n) begin
        read_ready <= 1'b1;
        write_ready <= 1'b1;
        now = 0;
        for (i = 0; i < 16; i = i + 1) begin
            open[i] = 1'b0;
            row[i] = 0;
            cas_ok[i] = 0;
            pre_ok[i] = 0;
            act_ok[i] = 0;
            line[i] = 0;
            line_due[i] = 0;
        end
        for (i = 0; i < 4; i = i + 1) acts[i] = 0;
        for (i = 0; i < 256; i = i + 1) slot[i] = 0;
        {act, place, waiting, writing} = 0;
        {rd_ok, wr_ok, busy, last, drained} = 0;
        refresh = 9 * {32'd0, refi}; // initialisation leaves nothing owed
        other_addr = 0;
        other_every = other == 0 ? 64'd0 : GROUP * {32'd0, ccd} * 100 / {32'd0, other};
        other_at = other_every;
        {read_bursts, write_bursts, hits, opens, conflicts, refreshes, turns, other_bursts} = 0;
    end else begin
        if (read_valid) do_read;
        if (write_valid) do_write;
        now = now + 1;
        // for the next cycle, after all of this one has been sampled
        read_ready <= slot[place] <= now * {32'd0, ratio};
        write_ready <= waiting < writes || drained <= now * {32'd0, ratio};
    end
end

// Lines "C <name> <value>" for the results.
task report(input [31:0] log);
    begin
        $fdisplay(log, "C dram_read_bursts %0d", read_bursts);
        $fdisplay(log, "C dram_write_bursts %0d", write_bursts);
        $fdisplay(log, "C dram_other_bursts %0d", other_bursts);
        $fdisplay(log, "C dram_row_hits %0d", hits);
        $fdisplay(log, "C dram_row_opens %0d", opens);
        $fdisplay(log, "C dram_row_conflicts %0d", conflicts);
        $fdisplay(log, "C dram_refreshes %0d", refreshes);
        $fdisplay(log, "C dram_turnarounds %0d", turns);
    end
endtask

endmodule

`default_nettype wire
