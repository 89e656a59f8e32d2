// Configuration bus: from the CSB pins (csb_clk) to the register bus of the units (clk), and back.
//
//   csb_clk                 clk
//   request -> FIFO (8) --> decode + register --> unit strobe --> rdata of all units ORed --+
//   pins <---- register <-- toggle, data held <---------------------------------------------+
//
// Requests are executed strictly in order, one a cycle. A posted write needs nothing back. One answer at a time
// crosses back: a read or non-posted write waits until the answer before it has been taken over, posted
// writes behind an answered request do not wait. With equal clocks a write reaches the flip-flops of its unit in the 5th
// cycle after acceptance and a read is answered in the 9th; writes pass at one a cycle.
// Units that do not exist answer 0. Spec: system.md section 4.
// Both sides are reset together (csb_rst_n follows rst_n and is released after it), so the FIFO is empty, both toggles are 0
// and nothing is owed: accesses under way are forgotten, none of them is answered later (docs/reset.md).
`default_nettype none

module csb_master #(
    parameter UNIT_COUNT = 14, // units present, numbered from 0 by byte address bits 17:12
    parameter CLOCK_GATES = 1  // 1: the clock stops where nothing moves (dla_clock_gate), 0: never
) (
    // CSB pins
    input  wire             csb_clk,
    input  wire             csb_rst_n,
    input  wire             csb2nvdla_valid,
    output wire             csb2nvdla_ready,
    input  wire [15:0]      csb2nvdla_addr,   // word address
    input  wire [31:0]      csb2nvdla_wdat,
    input  wire             csb2nvdla_write,
    input  wire             csb2nvdla_nposted,
    output reg              nvdla2csb_valid,
    output reg  [31:0]      nvdla2csb_data,
    output reg              nvdla2csb_wr_complete,
    // core clock
    input  wire             clk,
    input  wire             rst_n,
    input  wire             ungated,          // 1: no clock stops
    input  wire             hold,             // requests wait: a unit still clears its memories after reset
    // register bus
    output wire             reg_clk,          // its clock and that of all register files
    input  wire             settling,         // a register file needs it without an access
    output reg  [UNIT_COUNT-1:0] reg_valid,   // one strobe per unit
    output reg              reg_write,
    output reg  [9:0]       reg_addr,
    output reg  [31:0]      reg_wdata,
    input  wire [31:0]      reg_rdata         // of all units ORed
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (UNIT_COUNT < 1 || UNIT_COUNT > 64) begin : g_unit_count_illegal csb_master_UNIT_COUNT_is_1_to_64 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal csb_master_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// Requests

wire        req_valid;
wire        req_ready;
wire        req_write;
wire        req_nposted;
wire [15:0] req_addr;
wire [31:0] req_wdata;

dla_async_fifo #(.WIDTH(50), .DEPTH(8)) u_requests (
    .wr_clk    (csb_clk),
    .wr_rst_n  (csb_rst_n),
    .in_valid  (csb2nvdla_valid),
    .in_ready  (csb2nvdla_ready),
    .in_data   ({csb2nvdla_write, csb2nvdla_nposted, csb2nvdla_addr, csb2nvdla_wdat}),
    .rd_clk    (clk),
    .rd_rst_n  (rst_n),
    .out_valid (req_valid),
    .out_ready (req_ready),
    .out_data  ({req_write, req_nposted, req_addr, req_wdata})
);

reg  strobed;      // the request in reg_* wants an answer; a read has its data in the next cycle
reg  answering;    // the answer is in reg_rdata now
reg  answer_sent;  // toggles with each answer
wire answer_taken; // follows when the pins have it

wire busy    = strobed || answering || answer_sent != answer_taken;
wire answers = !req_write || req_nposted;
wire issue   = req_valid && req_ready;

assign req_ready = !hold && !(answers && busy);

// The clock of the bus and of all register files runs from a request to the cycle after its strobe, or to its answer; and
// after a reset, so that what follows the registers a cycle later shows their reset values.
dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (hold || issue || |reg_valid || strobed || answering || settling),
    .ungated (ungated),
    .gated   (reg_clk)
);

integer u;

always @(posedge reg_clk or negedge rst_n) begin
    if (!rst_n) begin
        reg_valid   <= 0;
        strobed     <= 1'b0;
        answering   <= 1'b0;
        answer_sent <= 1'b0;
    end else begin
        for (u = 0; u < UNIT_COUNT; u = u + 1) reg_valid[u] <= issue && {26'd0, req_addr[15:10]} == u;
        strobed     <= issue && answers;
        answering   <= strobed;
        answer_sent <= answer_sent ^ answering;
    end
end

always @(posedge reg_clk) begin
    if (issue) begin
        reg_write <= req_write;
        reg_addr  <= req_addr[9:0];
        reg_wdata <= req_wdata;
    end
end

// Answers: `answer_*` hold still from the toggle until it has come back.

reg         answer_write; // of the request under way: no other that answers is issued before it is taken
reg  [31:0] answer_data;

always @(posedge reg_clk) begin
    if (issue && answers) answer_write <= req_write;
    if (answering)        answer_data  <= reg_rdata;
end

wire sent_at_csb;
reg  taken;

dla_sync #(.WIDTH(1), .STAGES(2)) u_sent (
    .clk   (csb_clk),
    .rst_n (csb_rst_n),
    .d     (answer_sent),
    .q     (sent_at_csb)
);

dla_sync #(.WIDTH(1), .STAGES(2)) u_taken (
    .clk   (clk),
    .rst_n (rst_n),
    .d     (taken),
    .q     (answer_taken)
);

wire take = sent_at_csb != taken;

always @(posedge csb_clk or negedge csb_rst_n) begin
    if (!csb_rst_n) begin
        taken                 <= 1'b0;
        nvdla2csb_valid       <= 1'b0;
        nvdla2csb_wr_complete <= 1'b0;
        nvdla2csb_data        <= 32'd0; // the pins show no X before the first read
    end else begin
        taken                 <= sent_at_csb;
        nvdla2csb_valid       <= take && !answer_write;
        nvdla2csb_wr_complete <= take && answer_write;
        if (take && !answer_write) nvdla2csb_data <= answer_data;
    end
end

`ifdef DLA_ASSERT
reg one_sided; // for a whole cycle: both fall at the same time, in whatever order a simulator does that
always @(posedge csb_clk) begin
    one_sided <= csb_rst_n && !rst_n;
    if (one_sided && csb_rst_n && !rst_n) $error("csb_master: clk is in reset and csb_clk is not");
end
`endif

`ifdef FORMAL_CSB_MASTER
`include "csb_master.vh"
`endif

endmodule

`default_nettype wire
