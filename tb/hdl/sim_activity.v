// Simulation only: what every unit and every interface between units does in each cycle, counted in windows.
//
// Off without +activity=<path>. Each row of the tables below is in exactly one state in a cycle; the file holds how many cycles
// of each window it was in which. A window has 64 cycles; when WINDOWS of them are full, neighbours are joined, and from then
// on windows are twice as long.
//
//   interface   0 nothing   1 transfer   2 lost: the sender has something, the receiver does not take it
//               3 starved: the receiver would take something and is at work, the sender has nothing
//   unit        0 idle   1 computes   2 fetches   3 hands on its results   4 waits for the memory   5, 6, 7 waits for a unit
//
// The file: a line "cocodla activity 1"; lines "cycles N", "window CYCLES", "windows N"; a line for each row, "interface NAME
// SENDER RECEIVER" or "unit NAME FEEDER FEEDER TAKER" (whom it waits for in states 5, 6, 7; "-": nobody); an empty line; then for
// each window its counts, 32-bit words in the machine's byte order, in the order of the lines: states 1 to 3 of an interface,
// 1 to 7 of a unit. The rest of the window's cycles is state 0, and so are states a unit does not know yet (X).
//
// Macro ACTIVITY_UNITS: the DUT is this project's NV_nvdla, and signals in it are looked at. Else the pins tell what they can.
// Sampled at the falling edge, where nothing moves. Read by models/cocodla/program/activity.py.
`default_nettype none

module sim_activity (
    input wire        clk,
    input wire [63:0] cycle,
    input wire        ar_valid, ar_ready, r_valid, r_ready,
    input wire [3:0]  ar_len,
    input wire        aw_valid, aw_ready, w_valid, w_ready, b_valid, b_ready
);

localparam WINDOWS = 4000; // at most
localparam DEPTH = 10;     // bits of the counters of single cycles
localparam [6:0] IDLE = 7'b0000000, COMPUTE = 7'b1000000, FETCH = 7'b0100000, HAND = 7'b0010000, MEMORY = 7'b0001000,
                 FEEDER = 7'b0000100, SECOND = 7'b0000010, TAKER = 7'b0000001;

// Requests without an answer, and results of CSC that have not left CACC.
integer read_owed, write_owed, dat_owed, wt_owed, m_owed, b_owed, n_owed, pdp_owed, cdp_owed, under_way;

// ---- the tables: `INTERFACE(name sender receiver, valid, ready, a unit that needs it is at work), `UNIT(name and whom it waits
// for, state); the first condition that holds gives the state

`define PIN_ROWS \
    `INTERFACE("dbb_ar mcif memory",  ar_valid, ar_ready, 1'b0) \
    `INTERFACE("dbb_r memory mcif",   r_valid, r_ready, read_owed != 0) \
    `INTERFACE("dbb_aw mcif memory",  aw_valid, aw_ready, 1'b0) \
    `INTERFACE("dbb_w mcif memory",   w_valid, w_ready, 1'b0) \
    `INTERFACE("dbb_b memory mcif",   b_valid, b_ready, write_owed != 0) \
    `UNIT("dbb_read - - mcif", \
        r_valid && r_ready ? FETCH : r_valid ? TAKER : ar_valid || read_owed != 0 ? MEMORY : IDLE) \
    `UNIT("dbb_write - - -", \
        w_valid && w_ready ? HAND : aw_valid || w_valid || write_owed != 0 ? MEMORY : IDLE)

`ifdef ACTIVITY_UNITS
`define DLA sim_top.u_dla
`define OPEN(unit) `DLA.unit.u_regs.op_en
`define SENT(stream) (`DLA.``stream``_valid && `DLA.``stream``_ready)

`define OPERANDS_OWED (m_owed != 0 || b_owed != 0 || n_owed != 0)

`define UNIT_ROWS \
    `INTERFACE("cdma_dat_rd_req cdma mcif", `DLA.cdma_dat_rd_req_valid, `DLA.cdma_dat_rd_req_ready, `OPEN(u_cdma)) \
    `INTERFACE("cdma_dat_rd_rsp mcif cdma", `DLA.cdma_dat_rd_rsp_valid, 1'b1, dat_owed != 0) \
    `INTERFACE("cdma_wt_rd_req cdma mcif",  `DLA.cdma_wt_rd_req_valid, `DLA.cdma_wt_rd_req_ready, `OPEN(u_cdma)) \
    `INTERFACE("cdma_wt_rd_rsp mcif cdma",  `DLA.cdma_wt_rd_rsp_valid, 1'b1, wt_owed != 0) \
    `INTERFACE("sdp_rd_req sdp_rdma mcif",  `DLA.sdp_rd_req_valid, `DLA.sdp_rd_req_ready, `OPEN(u_sdp_rdma)) \
    `INTERFACE("sdp_rd_rsp mcif sdp_rdma",  `DLA.sdp_rd_rsp_valid, 1'b1, m_owed != 0) \
    `INTERFACE("sdp_b_rd_req sdp_rdma mcif", `DLA.sdp_b_rd_req_valid, `DLA.sdp_b_rd_req_ready, `OPEN(u_sdp_rdma)) \
    `INTERFACE("sdp_b_rd_rsp mcif sdp_rdma", `DLA.sdp_b_rd_rsp_valid, 1'b1, b_owed != 0) \
    `INTERFACE("sdp_n_rd_req sdp_rdma mcif", `DLA.sdp_n_rd_req_valid, `DLA.sdp_n_rd_req_ready, `OPEN(u_sdp_rdma)) \
    `INTERFACE("sdp_n_rd_rsp mcif sdp_rdma", `DLA.sdp_n_rd_rsp_valid, 1'b1, n_owed != 0) \
    `INTERFACE("pdp_rd_req pdp_rdma mcif",  `DLA.pdp_rd_req_valid, `DLA.pdp_rd_req_ready, `OPEN(u_pdp_rdma)) \
    `INTERFACE("pdp_rd_rsp mcif pdp_rdma",  `DLA.pdp_rd_rsp_valid, 1'b1, pdp_owed != 0) \
    `INTERFACE("cdp_rd_req cdp_rdma mcif",  `DLA.cdp_rd_req_valid, `DLA.cdp_rd_req_ready, `OPEN(u_cdp_rdma)) \
    `INTERFACE("cdp_rd_rsp mcif cdp_rdma",  `DLA.cdp_rd_rsp_valid, 1'b1, cdp_owed != 0) \
    `INTERFACE("cdma2cbuf cdma cbuf",       `DLA.cbuf_wr_valid, 1'b1, `OPEN(u_cdma)) \
    `INTERFACE("csc2cmac_wt csc cmac",      `DLA.wt_valid, 1'b1, `OPEN(u_csc)) \
    `INTERFACE("csc2cmac_dat csc cmac",     `DLA.dat_valid, 1'b1, `OPEN(u_csc)) \
    `INTERFACE("cmac2cacc cmac cacc",       `DLA.mac_valid, 1'b1, `OPEN(u_cacc)) \
    `INTERFACE("cacc2sdp cacc sdp",         `DLA.cacc2sdp_valid, `DLA.cacc2sdp_ready, `OPEN(u_cacc) && `OPEN(u_sdp)) \
    `INTERFACE("mrd sdp_rdma sdp",          `DLA.mrd_valid, `DLA.mrd_ready, `OPEN(u_sdp_rdma) && `OPEN(u_sdp)) \
    `INTERFACE("brd sdp_rdma sdp",          `DLA.brd_valid, `DLA.brd_ready, `OPEN(u_sdp_rdma) && `OPEN(u_sdp)) \
    `INTERFACE("nrd sdp_rdma sdp",          `DLA.nrd_valid, `DLA.nrd_ready, `OPEN(u_sdp_rdma) && `OPEN(u_sdp)) \
    `INTERFACE("sdp2pdp sdp pdp",           `DLA.sdp2pdp_valid, `DLA.sdp2pdp_ready, `OPEN(u_sdp) && `OPEN(u_pdp)) \
    `INTERFACE("pdp_rd pdp_rdma pdp",       `DLA.pdp_rd_valid, `DLA.pdp_rd_ready, `OPEN(u_pdp_rdma) && `OPEN(u_pdp)) \
    `INTERFACE("cdp_rd cdp_rdma cdp",       `DLA.cdp_rd_valid, `DLA.cdp_rd_ready, `OPEN(u_cdp_rdma) && `OPEN(u_cdp)) \
    `INTERFACE("sdp_wr_req sdp mcif",       `DLA.sdp_wr_req_valid, `DLA.sdp_wr_req_ready, `OPEN(u_sdp)) \
    `INTERFACE("pdp_wr_req pdp mcif",       `DLA.pdp_wr_req_valid, `DLA.pdp_wr_req_ready, `OPEN(u_pdp)) \
    `INTERFACE("cdp_wr_req cdp mcif",       `DLA.cdp_wr_req_valid, `DLA.cdp_wr_req_ready, `OPEN(u_cdp)) \
    `UNIT("cdma - - csc", \
        `DLA.cdma_dat_rd_rsp_valid || `DLA.cdma_wt_rd_rsp_valid || `DLA.cbuf_wr_valid ? FETCH : \
        `DLA.cdma_dat_rd_req_valid || `DLA.cdma_wt_rd_req_valid || dat_owed != 0 || wt_owed != 0 ? MEMORY : \
        `OPEN(u_cdma) ? TAKER : IDLE) \
    `UNIT("csc cdma - cacc", \
        `DLA.dat_valid ? COMPUTE : `DLA.wt_valid ? FETCH : !`OPEN(u_csc) ? IDLE : \
        under_way >= `DLA.LEGAL_CACC_DEPTH ? TAKER : FEEDER) \
    `UNIT("cmac csc - -", \
        `DLA.dat_valid || `DLA.mac_valid ? COMPUTE : `OPEN(u_csc) ? FEEDER : IDLE) \
    `UNIT("cacc cmac - sdp", \
        `DLA.mac_valid ? COMPUTE : `SENT(cacc2sdp) ? HAND : `DLA.cacc2sdp_valid ? TAKER : `OPEN(u_cacc) ? FEEDER : IDLE) \
    `UNIT("sdp_rdma - - sdp", \
        `DLA.sdp_rd_rsp_valid || `DLA.sdp_b_rd_rsp_valid || `DLA.sdp_n_rd_rsp_valid ? FETCH : \
        `SENT(mrd) || `SENT(brd) || `SENT(nrd) ? HAND : \
        `DLA.sdp_rd_req_valid || `DLA.sdp_b_rd_req_valid || `DLA.sdp_n_rd_req_valid ? MEMORY : \
        `OPERANDS_OWED ? MEMORY : \
        `OPEN(u_sdp_rdma) || `DLA.mrd_valid || `DLA.brd_valid || `DLA.nrd_valid ? TAKER : IDLE) \
    `UNIT("sdp cacc sdp_rdma pdp", \
        `SENT(cacc2sdp) || `SENT(mrd) ? COMPUTE : `SENT(sdp2pdp) || `SENT(sdp_wr_req) ? HAND : \
        `DLA.sdp2pdp_valid ? TAKER : `DLA.sdp_wr_req_valid ? MEMORY : !`OPEN(u_sdp) ? IDLE : \
        `DLA.cacc2sdp_valid || `DLA.mrd_valid ? SECOND : `OPEN(u_cacc) ? FEEDER : \
        `OPEN(u_sdp_rdma) || `OPERANDS_OWED ? SECOND : MEMORY) \
    `UNIT("pdp_rdma - - pdp", \
        `DLA.pdp_rd_rsp_valid ? FETCH : `SENT(pdp_rd) ? HAND : `DLA.pdp_rd_req_valid || pdp_owed != 0 ? MEMORY : \
        `DLA.pdp_rd_valid || `OPEN(u_pdp_rdma) ? TAKER : IDLE) \
    `UNIT("pdp sdp pdp_rdma -", \
        `SENT(sdp2pdp) || `SENT(pdp_rd) ? COMPUTE : `SENT(pdp_wr_req) ? HAND : `DLA.pdp_wr_req_valid ? MEMORY : \
        !`OPEN(u_pdp) ? IDLE : `DLA.sdp2pdp_valid || `DLA.pdp_rd_valid ? COMPUTE : `OPEN(u_sdp) ? FEEDER : \
        `OPEN(u_pdp_rdma) || pdp_owed != 0 ? SECOND : MEMORY) \
    `UNIT("cdp_rdma - - cdp", \
        `DLA.cdp_rd_rsp_valid ? FETCH : `SENT(cdp_rd) ? HAND : `DLA.cdp_rd_req_valid || cdp_owed != 0 ? MEMORY : \
        `DLA.cdp_rd_valid || `OPEN(u_cdp_rdma) ? TAKER : IDLE) \
    `UNIT("cdp cdp_rdma - -", \
        `SENT(cdp_rd) ? COMPUTE : `SENT(cdp_wr_req) ? HAND : `DLA.cdp_wr_req_valid ? MEMORY : !`OPEN(u_cdp) ? IDLE : \
        `DLA.cdp_rd_valid ? COMPUTE : `OPEN(u_cdp_rdma) || cdp_owed != 0 ? FEEDER : MEMORY)
`else
`define UNIT_ROWS
`endif

// ---- counting: a bit of `hits` for each state but 0 of each row, the first row in the highest bits

`define INTERFACE(text, valid, ready, work) + 3
`define UNIT(text, state) + 7
localparam HITS = 0 `UNIT_ROWS `PIN_ROWS;
`undef INTERFACE
`undef UNIT

bit [HITS-1:0]   hits, carry;
bit [HITS-1:0]   plane [0:DEPTH-1];         // bit n of the counters of all hits; these never see more than 1,023 cycles
bit [31:0]       kept [0:WINDOWS*HITS-1];   // counts of all windows; the last one is being filled
reg [8*1024-1:0] path;
reg              on;
reg [63:0]       window, filled, counted;   // cycles: of a window, of them in the last one, of all
integer          used, fresh, file, n, k;   // full windows; cycles in the planes; ...

initial begin
    on = $value$plusargs("activity=%s", path) != 0;
    window = 64;
    {filled, counted} = 128'd0;
    {used, fresh, file} = 96'd0;
    {read_owed, write_owed, dat_owed, wt_owed, m_owed, b_owed, n_owed, pdp_owed, cdp_owed, under_way} = 320'd0;
end

`define INTERFACE(text, valid, ready, work) , valid && ready, valid && !ready, !valid && ready && work
`define UNIT(text, state) , (state)
task sample;
    begin
        {carry[0], hits} = {1'b0 `UNIT_ROWS `PIN_ROWS};
        carry = hits;
        for (n = 0; carry != 0; n = n + 1) begin
            hits = plane[n];
            plane[n] = hits ^ carry;
            carry = hits & carry;
        end
    end
endtask
`undef INTERFACE
`undef UNIT

// Adds the planes to the window.
task unload;
    begin
        hits = 0;
        for (n = 0; n < DEPTH; n = n + 1) hits = hits | plane[n];
        for (n = 0; n < HITS; n = n + 1) if (hits[n]) begin
            k = used * HITS + HITS - 1 - n;
            kept[k] = kept[k] + {22'd0, plane[9][n], plane[8][n], plane[7][n], plane[6][n], plane[5][n], plane[4][n],
                                 plane[3][n], plane[2][n], plane[1][n], plane[0][n]};
        end
        for (n = 0; n < DEPTH; n = n + 1) plane[n] = 0;
        fresh = 0;
    end
endtask

task follow_requests;
    begin
        read_owed  = read_owed + (ar_valid && ar_ready ? ar_len + 1 : 0) - (r_valid && r_ready);
        write_owed = write_owed + (aw_valid && aw_ready) - (b_valid && b_ready);
`ifdef ACTIVITY_UNITS
        dat_owed  = dat_owed + `SENT(cdma_dat_rd_req) - `DLA.cdma_dat_rd_rsp_valid;
        wt_owed   = wt_owed + `SENT(cdma_wt_rd_req) - `DLA.cdma_wt_rd_rsp_valid;
        m_owed    = m_owed + `SENT(sdp_rd_req) - `DLA.sdp_rd_rsp_valid;
        b_owed    = b_owed + `SENT(sdp_b_rd_req) - `DLA.sdp_b_rd_rsp_valid;
        n_owed    = n_owed + `SENT(sdp_n_rd_req) - `DLA.sdp_n_rd_rsp_valid;
        pdp_owed  = pdp_owed + `SENT(pdp_rd_req) - `DLA.pdp_rd_rsp_valid;
        cdp_owed  = cdp_owed + `SENT(cdp_rd_req) - `DLA.cdp_rd_rsp_valid;
        under_way = under_way + (`DLA.dat_valid && `DLA.dat_last) - `DLA.credit;
`endif
    end
endtask

task join_neighbours;
    begin
        for (n = 0; n < WINDOWS / 2; n = n + 1)
            for (k = 0; k < HITS; k = k + 1)
                kept[n * HITS + k] = kept[2 * n * HITS + k] + kept[(2 * n + 1) * HITS + k];
        for (n = WINDOWS / 2 * HITS; n < WINDOWS * HITS; n = n + 1) kept[n] = 0;
        used = WINDOWS / 2;
        window = window * 2;
    end
endtask

wire counting = clk & on; // a clock of its own: none of Verilator's falling edges has work where nothing is counted
always @(negedge counting) if (cycle != 0) begin
    sample;
    follow_requests;
    counted = counted + 1;
    filled = filled + 1;
    fresh = fresh + 1;
    if (filled == window || fresh == (1 << DEPTH) - 1) unload;
    if (filled == window) begin
        filled = 0;
        used = used + 1;
        if (used == WINDOWS) join_neighbours;
    end
end

// ---- the file

`define INTERFACE(text, valid, ready, work) $fwrite(file, "interface %0s\n", text);
`define UNIT(text, state) $fwrite(file, "unit %0s\n", text);
task report;
    if (on) begin
        unload;
        file = $fopen(path, "wb");
        n = used + (filled != 0);
        $fwrite(file, "cocodla activity 1\ncycles %0d\nwindow %0d\nwindows %0d\n", counted, window, n);
        `UNIT_ROWS
        `PIN_ROWS
        $fwrite(file, "\n");
        for (k = 0; k < n * HITS; k = k + 1) $fwrite(file, "%u", kept[k]);
        $fclose(file);
    end
endtask
`undef INTERFACE
`undef UNIT

endmodule

`default_nettype wire
