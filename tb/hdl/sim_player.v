// Simulation only: executes a command file on CSB and memory with no Python in between.
//
// The file (+commands=<path>) is a list of 16-byte records {op[7:0], index[23:0], a[31:0], b[31:0],
// c[31:0]}, big-endian. The writer is models/cocodla/runtime/player.py, which also reads the results file
// (+results=<path>), one line a result. Register writes stream at one a cycle.
//
//   op          a        b         c          result line
//   0 END       -        -         -          -
//   1 WRITE     address  value     1: event   E index cycle read_beats write_beats (if event)
//   2 READ      address  -         -          R index value
//   3 POLL      address  mask      expected   -
//   4 WAIT      bits     1: clear  -          E
//   5 LOAD      address  words     mask       - (words * 8 bytes of data follow, big-endian words)
//   6 FILL      address  words     byte       -
//   7 DUMP      address  words     -          D index words, then the words in hexadecimal
//   8 MARK      -        -         -          E
//   9 MAP       address  words     -          -
//  10 RESET     cycles   freeze    see below  -
//  11 LINE      -        -         -          E (the interrupt line is 1)
//  12 FLUSH     -        -         -          - (what the results file has so far is there to be read)
//
// Both files may be pipes: then a program writes commands one by one, and reads what comes of them (LINE and FLUSH are for it). The
// simulation stands still while that program thinks, so a run is the same whatever it takes.
//
// RESET: c[31:16] cycles later a reset of the accelerator is asked for, for a cycles; memory and player stay (b, c[0]: freeze
// and drop of sim_memory). With c[1] a register is read c[15:8] cycles before, whose answer is then owed no more. With
// c[2] (c[3]) the memory answers no reads (writes) until the reset begins, so that it owes many.
//
// Further lines: F text (a rule was broken), C name value (counter), H index cycles (hang: no progress for
// +watchdog cycles, or one command took more than +limit), S address value (register read after a hang), Z (end, the file is complete).
`default_nettype none

module sim_player (
    input  wire        clk,       // dla_csb_clk
    input  wire        rst_n,
    input  wire [31:0] log,
    input  wire [63:0] cycle,
    input  wire [63:0] read_beats,
    input  wire [63:0] write_beats,
    input  wire        intr,
    output reg         csb_valid,
    input  wire        csb_ready,
    output reg  [15:0] csb_addr,
    output reg  [31:0] csb_wdat,
    output reg         csb_write,
    input  wire        rsp_valid,
    input  wire [31:0] rsp_data,
    input  wire        rsp_wr_complete,
    input  wire        dla_up,       // the accelerator is not in reset
    output reg         reset_dla,    // reset it
    output wire        reset_drop,
    output wire [1:0]  reset_hold,
    output wire [31:0] reset_freeze,
    output reg  [31:0] position,  // index of the last MARK or WAIT passed
    output reg         done
);

localparam [7:0] OP_END = 0, OP_WRITE = 1, OP_READ = 2, OP_POLL = 3, OP_WAIT = 4, OP_LOAD = 5, OP_FILL = 6,
                 OP_DUMP = 7, OP_MARK = 8, OP_MAP = 9, OP_RESET = 10, OP_LINE = 11, OP_FLUSH = 12;
localparam [2:0] ST_START = 0, ST_WRITE = 1, ST_REQUEST = 2, ST_ANSWER = 3, ST_SLEEP = 4, ST_RESET = 5, ST_DONE = 6,
                 ST_LINE = 7;
localparam [31:0] INTR_STATUS = 32'h100C;
localparam SETTLE = 24;      // cycles between reset and the first request (system.md section 4.1)
localparam SLEEP = 255;      // cycles between two looks at a status that is masked
localparam SILENCE = 5000;   // cycles after which an unanswered read is given up in a diagnosis

integer      fd, got, i;
reg [8*1024-1:0] path;
reg [2:0]    state;
reg [7:0]    op;
reg [31:0]   index, a, b, c;
reg [127:0]  record;
reg [63:0]   word;
reg          been_down; // the reset has reached the accelerator
reg          event_write, running, diagnose, discard, intr_before, was_low;
reg [31:0]   watchdog, limit, idle, spent, wait_count, unit;
reg [63:0]   rise, beats;

// Complaints that a design may give cause for in every cycle: the first as it comes, the last and their number at the end.
localparam [1:0] C_POSTED = 0, C_STRAY = 1, C_OLD = 2;
reg [63:0] times [0:2], last_cycle [0:2];
reg [8*40-1:0] what [0:2];
reg [2:0]  complaints; // of this cycle

// A model of Verilator has a copy of each task for each call, and clears the copy's variables in every cycle. So what is
// rare is asked for here, and called in one place.
reg wants_fetch, wants_diagnosis, wants_end;

initial begin
    for (i = 0; i < 3; i = i + 1) times[i] = 64'd0;
    what[C_POSTED] = "completion of a posted write";
    what[C_STRAY]  = "read data without a read";
    what[C_OLD]    = "read data of a read before the reset";
    if (!$value$plusargs("commands=%s", path)) path = "commands.bin";
    fd = $fopen(path, "rb");
    if (!$value$plusargs("watchdog=%d", watchdog)) watchdog = 200000;
    if (!$value$plusargs("limit=%d", limit)) limit = 200000000;
end

task log_event(input [63:0] when_);
    begin
        $fdisplay(log, "E %0d %0d %0d %0d", index, when_, read_beats, write_beats);
    end
endtask

task request(input [31:0] address, input is_write, input [31:0] value);
    begin
        csb_valid <= 1;
        csb_addr  <= address[17:2];
        csb_write <= is_write;
        csb_wdat  <= value;
        state = is_write ? ST_WRITE : ST_REQUEST;
    end
endtask

task finish_run;
    begin
        for (i = 0; i < 3; i = i + 1) begin
            if (times[i] > 1) $fdisplay(log, "F CSB: %0s: %0d times in all (the last in cycle %0d)", what[i], times[i],
                                        last_cycle[i]);
        end
        sim_top.u_memory.report;
        sim_top.u_activity.report;
        $fdisplay(log, "Z");
        $fflush(log);
        done <= 1;
        csb_valid <= 0;
        state = ST_DONE;
    end
endtask

task load_words;
    begin
        for (i = 0; i < b; i = i + 1) begin
            got = $fread(word, fd);
            sim_top.u_memory.poke(a + i * 8, word, c[7:0]);
        end
    end
endtask

task dump_words;
    begin
        $fdisplay(log, "D %0d %0d", index, b);
        for (i = 0; i < b; i = i + 1) $fdisplay(log, "%h", sim_top.u_memory.peek(a + i * 8));
    end
endtask

// Executes commands until one takes time.
task fetch;
    begin
        running = 1;
        idle = 0;
        spent = 0;
        csb_valid <= 0;
        while (running) begin
            got = $fread(record, fd);
            {op, index[23:0], a, b, c} = (got == 16) ? record : 128'd0;
            index[31:24] = 0;
            if (got != 16) $fdisplay(log, "F the command file ends without END");
            case (op)
                OP_LOAD: load_words;
                OP_FILL: for (i = 0; i < b; i = i + 1) sim_top.u_memory.poke(a + i * 8, {8{c[7:0]}}, 8'hff);
                OP_MAP:  for (i = 0; i < b; i = i + 512) sim_top.u_memory.map(a + i * 8);
                OP_DUMP: dump_words;
                OP_MARK: begin
                    log_event(cycle);
                    position <= index;
                end
                OP_WRITE: begin
                    event_write = c[0];
                    request(a, 1, b);
                    running = 0;
                end
                OP_READ, OP_POLL: begin
                    request(a, 0, 0);
                    running = 0;
                end
                OP_WAIT: begin
                    was_low = !intr;
                    request(INTR_STATUS, 0, 0);
                    running = 0;
                end
                OP_FLUSH: $fflush(log);
                OP_LINE: begin
                    running = 0;
                    state = ST_LINE;
                end
                OP_RESET: begin
                    running = 0;
                    wait_count = 0;
                    been_down = 0;
                    state = ST_RESET;
                end
                default: begin
                    running = 0;
                    wants_end = 1;
                end
            endcase
        end
    end
endtask

// A read has been answered.
task answer;
    begin
        case (op)
            OP_READ: begin
                $fdisplay(log, "R %0d %0d", index, rsp_data);
                wants_fetch = 1;
            end
            OP_POLL: if ((rsp_data & b) == c) wants_fetch = 1; else request(a, 0, 0);
            default: if ((rsp_data & a) == a) begin
                // Between two looks the line rose: that is when the bits came. Else only the look tells.
                log_event((was_low && intr) ? rise : cycle);
                position <= index;
                if (b[0]) begin
                    event_write = 0;
                    request(INTR_STATUS, 1, a);
                end else wants_fetch = 1;
            end else begin
                was_low = !intr;
                wait_count = 0;
                csb_valid <= 0;
                state = ST_SLEEP;
            end
        endcase
    end
endtask

// Byte address of the n-th register read in a diagnosis: S_STATUS and S_POINTER of CDMA (0x3000) to CDP (0xD000), GLB.
function [31:0] diagnosis(input [31:0] n);
    if (n < 22) diagnosis = 32'h3000 + (n >> 1) * 32'h1000 + {29'd0, n[0], 2'd0};
    else        diagnosis = (n == 22) ? 32'h1004 : INTR_STATUS;
endfunction

task next_diagnosis;
    begin
        if (unit == 24) wants_end = 1;
        else begin
            wait_count = 0;
            request(diagnosis(unit), 0, 0);
        end
    end
endtask

assign reset_drop   = op == OP_RESET && c[0];
assign reset_hold   = c[3:2] & {2{op == OP_RESET && !been_down}};
assign reset_freeze = (op == OP_RESET) ? b : 0;

task reset_step;
    begin
        wait_count = wait_count + 1;
        if (csb_ready) csb_valid <= 0;
        if (c[1] && wait_count + {24'd0, c[15:8]} == {16'd0, c[31:16]}) begin
            request(INTR_STATUS, 0, 0);
            state = ST_RESET;
        end
        if (wait_count == {16'd0, c[31:16]} + 1) begin
            reset_dla <= 1;
            csb_valid <= 0;
        end
        if (wait_count == {16'd0, c[31:16]} + 1 + a) reset_dla <= 0;
        if (rsp_valid && been_down) complaints[C_OLD] = 1;
        if (!dla_up) been_down = 1;
        else if (been_down && !reset_dla) begin
            wait_count = 0;
            state = ST_START;
        end
    end
endtask

task step;
    begin
        case (state)
            ST_START: begin
                wait_count = wait_count + 1;
                wants_fetch = wait_count == SETTLE;
            end
            ST_WRITE: if (csb_ready) begin
                if (event_write) log_event(cycle);
                wants_fetch = 1;
            end
            ST_REQUEST: if (csb_ready) begin
                csb_valid <= 0;
                state = ST_ANSWER;
            end
            ST_ANSWER: if (rsp_valid) answer;
            ST_RESET: reset_step;
            ST_LINE: if (intr) begin
                log_event(cycle);
                position <= index;
                wants_fetch = 1;
            end
            ST_SLEEP: begin
                wait_count = wait_count + 1;
                if (intr || wait_count == SLEEP) request(INTR_STATUS, 0, 0);
            end
            default: ;
        endcase
    end
endtask

// After a hang: an access that is under way is ended first, then come the reads of the diagnosis. Each has a limit.
task diagnosis_step;
    begin
        wait_count = wait_count + 1;
        if (wait_count > SILENCE) begin
            $fdisplay(log, "S %0d dead", {csb_addr, 2'd0});
            wants_end = 1;
        end else if (state == ST_WRITE && csb_ready) begin
            discard = 0;
            wants_diagnosis = 1;
        end else if (state == ST_REQUEST && csb_ready) begin
            csb_valid <= 0;
            state = ST_ANSWER;
        end else if (state == ST_ANSWER && rsp_valid) begin
            if (!discard) begin
                $fdisplay(log, "S %0d %0d", diagnosis(unit), rsp_data);
                unit = unit + 1;
            end
            discard = 0;
            wants_diagnosis = 1;
        end
    end
endtask

task watch;
    begin
        if (read_beats + write_beats != beats) idle = 0;
        else idle = idle + 1;
        beats = read_beats + write_beats;
        spent = spent + 1;
        if ((idle > watchdog || spent > limit) && !wants_end) begin
            $fdisplay(log, "H %0d %0d", index, (idle > watchdog) ? watchdog : limit);
            diagnose = 1;
            wait_count = 0;
            discard = state != ST_SLEEP && state != ST_LINE;
            wants_diagnosis = !discard;
        end
    end
endtask

always @(posedge clk) begin
    intr_before <= intr;
    if (intr && !intr_before) rise = cycle;
    if (!rst_n) begin
        csb_valid <= 0;
        reset_dla <= 0;
        done <= 0;
        position <= 0;
        state = ST_START;
        wait_count = 0;
        idle = 0;
        spent = 0;
        diagnose = 0;
        discard = 0;
        unit = 0;
        rise = 0;
        beats = 0;
        intr_before <= 0;
        op = OP_MARK;
        index = 0;
    end else if (state != ST_DONE) begin
        {wants_fetch, wants_diagnosis, wants_end} = 0;
        complaints = 0;
        complaints[C_POSTED] = rsp_wr_complete;
        complaints[C_STRAY] = rsp_valid && state != ST_ANSWER && state != ST_RESET;
        if (diagnose) diagnosis_step;
        else begin
            step;
            if (wants_fetch) fetch;
            watch;
        end
        if (wants_diagnosis) next_diagnosis;
        for (i = 0; i < 3; i = i + 1) if (complaints[i]) begin
            if (times[i] == 0) $fdisplay(log, "F CSB: %0s (cycle %0d)", what[i], cycle);
            times[i] = times[i] + 1;
            last_cycle[i] = cycle;
        end
        if (wants_end) finish_run;
    end
end

endmodule

`default_nettype wire
