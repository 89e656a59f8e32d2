// Resets NV_nvdla in a system whose memory is not reset with it. Optional, outside NV_nvdla (docs/reset.md).
//
//   host: reset_req_n --> guard --> dla_reset_rstn of NV_nvdla
//   NV_nvdla (dla_*)  <-- DBBIF --> guard <-- DBBIF --> memory (mem_*)
//
// The guard has what NV_nvdla lacks: a reset of its own (por_rst_n, that of the memory system), so that it remembers over a
// reset of the accelerator what the memory owes. On a request it
//   1. STOP: lets nothing new through, but what it has presented to the memory stays until it is taken. Address and data of
//      a write are presented in the same cycle (system.md W1), so both halves of it are taken;
//   2. RESET: holds the accelerator in reset, for more than HOLD cycles (HOLD + 1 where nothing is waited for), until
//      reset_req_n has risen and every answer owed has come; these answers are dropped.
// So the memory sees no broken handshake, no half of a write, and the accelerator no answer to what it forgot, however
// late it comes. A memory that never takes a request or never answers keeps the accelerator stopped: `waiting` tells the host,
// and then the memory must be reset, and the guard with it.
//
// The way through is combinational: no cycle is lost. Any number of requests up to 2^COUNT_W - 1 may be under way.
`default_nettype none

module dla_reset_guard #(
    parameter HOLD    = 32, // cycles of clk, >= 2: as long as the slower of the two clocks needs
    parameter COUNT_W = 10  // bits of the counters of requests under way
) (
    input  wire        clk,            // dla_core_clk
    input  wire        por_rst_n,      // reset of the memory system, released in step with clk
    input  wire        reset_req_n,    // any clock; 0: reset the accelerator
    output reg         dla_reset_rstn, // to NV_nvdla
    output wire        waiting,        // the accelerator is stopped or in reset, and the memory owes something
    // NV_nvdla
    input  wire        dla_awvalid,
    output wire        dla_awready,
    input  wire [7:0]  dla_awid,
    input  wire [3:0]  dla_awlen,
    input  wire [31:0] dla_awaddr,
    input  wire        dla_wvalid,
    output wire        dla_wready,
    input  wire [63:0] dla_wdata,
    input  wire [7:0]  dla_wstrb,
    input  wire        dla_wlast,
    output wire        dla_bvalid,
    input  wire        dla_bready,
    output wire [7:0]  dla_bid,
    input  wire        dla_arvalid,
    output wire        dla_arready,
    input  wire [7:0]  dla_arid,
    input  wire [3:0]  dla_arlen,
    input  wire [31:0] dla_araddr,
    output wire        dla_rvalid,
    input  wire        dla_rready,
    output wire [7:0]  dla_rid,
    output wire        dla_rlast,
    output wire [63:0] dla_rdata,
    // memory
    output wire        mem_awvalid,
    input  wire        mem_awready,
    output wire [7:0]  mem_awid,
    output wire [3:0]  mem_awlen,
    output wire [31:0] mem_awaddr,
    output wire        mem_wvalid,
    input  wire        mem_wready,
    output wire [63:0] mem_wdata,
    output wire [7:0]  mem_wstrb,
    output wire        mem_wlast,
    input  wire        mem_bvalid,
    output wire        mem_bready,
    input  wire [7:0]  mem_bid,
    output wire        mem_arvalid,
    input  wire        mem_arready,
    output wire [7:0]  mem_arid,
    output wire [3:0]  mem_arlen,
    output wire [31:0] mem_araddr,
    input  wire        mem_rvalid,
    output wire        mem_rready,
    input  wire [7:0]  mem_rid,
    input  wire        mem_rlast,
    input  wire [63:0] mem_rdata
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (HOLD < 2 || HOLD > 65536) begin : g_hold_illegal dla_reset_guard_HOLD_is_2_to_65536 u_illegal (); end
    if (COUNT_W < 1 || COUNT_W > 32) begin : g_count_w_illegal dla_reset_guard_COUNT_W_is_1_to_32 u_illegal (); end
endgenerate

localparam [1:0] RUN = 2'd0, STOP = 2'd1, RESET = 2'd2;
localparam HOLD_W = $clog2(HOLD + 1);

reg  [1:0]        state;
reg  [HOLD_W-1:0] held;
wire              wanted_n; // reset_req_n in this clock

dla_sync #(.WIDTH(1), .STAGES(2)) u_request (
    .clk (clk), .rst_n (por_rst_n), .d (reset_req_n), .q (wanted_n)
);

// ---------------------------------------------------------------- what has been seen and taken

reg               ar_shown, aw_shown, w_shown; // presented to the memory and not taken yet
reg [COUNT_W-1:0] reads, writes;               // taken and not answered

wire ar_pass = state == RUN || state == STOP && ar_shown;
wire aw_pass = state == RUN || state == STOP && aw_shown;
wire w_pass  = state == RUN || state == STOP && w_shown;

assign mem_arvalid = dla_arvalid && ar_pass;
assign mem_awvalid = dla_awvalid && aw_pass;
assign mem_wvalid  = dla_wvalid && w_pass;
assign dla_arready = mem_arready && ar_pass;
assign dla_awready = mem_awready && aw_pass;
assign dla_wready  = mem_wready && w_pass;

// In reset NV_nvdla's ready pins say nothing: the guard takes the answers itself.
assign mem_rready = dla_rready || state == RESET;
assign mem_bready = dla_bready || state == RESET;
assign dla_rvalid = mem_rvalid && state != RESET;
assign dla_bvalid = mem_bvalid && state != RESET;

wire ar_take = mem_arvalid && mem_arready;
wire aw_take = mem_awvalid && mem_awready;
wire r_take  = mem_rvalid && mem_rready;
wire b_take  = mem_bvalid && mem_bready;

wire whole = !ar_shown && !aw_shown && !w_shown;
wire owed  = reads != 0 || writes != 0;

assign waiting = state == STOP || state == RESET && owed;

always @(posedge clk or negedge por_rst_n) begin
    if (!por_rst_n) begin
        {ar_shown, aw_shown, w_shown} <= 3'd0;
        reads  <= 0;
        writes <= 0;
    end else begin
        ar_shown <= mem_arvalid && !mem_arready;
        aw_shown <= mem_awvalid && !mem_awready;
        w_shown  <= mem_wvalid && !mem_wready;
        if (ar_take != r_take) reads  <= ar_take ? reads + 1'b1 : reads - 1'b1;
        if (aw_take != b_take) writes <= aw_take ? writes + 1'b1 : writes - 1'b1;
    end
end

// ---------------------------------------------------------------- sequence

always @(posedge clk or negedge por_rst_n) begin
    if (!por_rst_n) begin
        state          <= RESET;
        held           <= 0;
        dla_reset_rstn <= 1'b0;
    end else if (state == RUN) begin
        if (!wanted_n) state <= STOP;
    end else if (state == STOP) begin
        held <= 0;
        if (whole) begin
            state          <= RESET;
            dla_reset_rstn <= 1'b0;
        end
    end else if (held != HOLD[HOLD_W-1:0]) begin
        held <= held + 1'b1;
    end else if (wanted_n && !owed) begin
        state          <= RUN;
        dla_reset_rstn <= 1'b1;
    end
end

assign {mem_awid, mem_awlen, mem_awaddr} = {dla_awid, dla_awlen, dla_awaddr};
assign {mem_arid, mem_arlen, mem_araddr} = {dla_arid, dla_arlen, dla_araddr};
assign {mem_wdata, mem_wstrb, mem_wlast} = {dla_wdata, dla_wstrb, dla_wlast};
assign {dla_rid, dla_rlast, dla_rdata}   = {mem_rid, mem_rlast, mem_rdata};
assign dla_bid = mem_bid;

`ifdef DLA_ASSERT
wire            w_take = mem_wvalid && mem_wready;
reg [COUNT_W:0] ahead; // addresses taken less data taken, modulo 2^(COUNT_W+1)

always @(posedge clk or negedge por_rst_n) begin
    if (!por_rst_n) ahead <= 0;
    else            ahead <= ahead + {{COUNT_W{1'b0}}, aw_take} - {{COUNT_W{1'b0}}, w_take};
end

always @(posedge clk or negedge por_rst_n) begin
    if (por_rst_n && r_take && !ar_take && reads == 0) $error("dla_reset_guard: a read beat without a read");
    if (por_rst_n && b_take && !aw_take && writes == 0) $error("dla_reset_guard: a response without a write");
    if (por_rst_n && (&reads || &writes)) $error("dla_reset_guard: COUNT_W is too small");
    if (por_rst_n && state == RESET && !whole) $error("dla_reset_guard: reset in the middle of a request");
    if (por_rst_n && state == RESET && ahead != 0) $error("dla_reset_guard: reset in the middle of a write");
end
`endif

endmodule

`default_nettype wire
