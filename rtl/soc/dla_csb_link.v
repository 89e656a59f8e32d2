// CSB between a host-side bridge and an accelerator that are reset apart: one access at a time, each ends exactly once.
//
//   bridge: req --> FREE --> ASK (CSB has not taken it) --> ANSWER (is owed) --> ans, error or not
//
//   * The accelerator is reset (dla_rstn low): an access it has not taken is kept and asked again; one it has taken is lost and ends with
//     error. Nothing is asked meanwhile.
//   * The bridge is reset (host_rstn low): what it asked for is an orphan. It goes on in here, its answer is dropped, and the next
//     access waits for that. So no answer is ever taken for that of another access.
//   * Time-out (TIMEOUT cycles after req_valid rises, 0: none): the access ends with error and is an orphan from then on. A write that
//     was not taken yet may still happen later.
// Writes are non-posted with NPOSTED = 1 (they end when they have taken effect) and end with CSB's ready otherwise.
//
// Both resets may have any length: they are caught asynchronously and seen for at least two cycles. rst_n is that of the whole,
// released in step with clk. Latency: a request is on CSB one cycle after req_valid; the answer passes combinationally.
`default_nettype none

module dla_csb_link #(
    parameter TIMEOUT = 65536, // cycles of clk, 0: none
    parameter NPOSTED = 1      // writes wait until they are complete
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        host_rstn, // of the bridge, any clock
    input  wire        dla_rstn,  // of the accelerator, any clock
    input  wire        test_mode, // resets follow test_rst_n at once
    input  wire        test_rst_n,
    // bridge: req_valid and what goes with it stand until ans_valid
    input  wire        req_valid,
    input  wire        req_write,
    input  wire [15:0] req_addr,
    input  wire [31:0] req_wdata,
    output wire        ans_valid, // one cycle
    output wire        ans_error, // lost in a reset, or timed out
    output wire [31:0] ans_rdata,
    // CSB
    output wire        csb2nvdla_valid,
    input  wire        csb2nvdla_ready,
    output reg  [15:0] csb2nvdla_addr,
    output reg  [31:0] csb2nvdla_wdat,
    output reg         csb2nvdla_write,
    output wire        csb2nvdla_nposted,
    input  wire        nvdla2csb_valid,
    input  wire [31:0] nvdla2csb_data,
    input  wire        nvdla2csb_wr_complete
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (TIMEOUT < 0) begin : g_timeout_illegal dla_csb_link_TIMEOUT_is_not_negative u_illegal (); end
    if (NPOSTED != 0 && NPOSTED != 1) begin : g_nposted_illegal dla_csb_link_NPOSTED_is_0_or_1 u_illegal (); end
endgenerate

localparam [1:0] FREE = 2'd0, ASK = 2'd1, ANSWER = 2'd2;
localparam COUNT_W = $clog2(TIMEOUT + 2);
localparam [31:0] LAST = TIMEOUT;

wire host_caught, dla_caught, host_up, dla_up;

dla_reset_sync u_host_catch (
    .clk(clk), .rst_in_n(host_rstn), .test_mode(test_mode), .test_rst_n(test_rst_n), .rst_n(host_caught)
);
dla_reset_sync u_dla_catch (
    .clk(clk), .rst_in_n(dla_rstn), .test_mode(test_mode), .test_rst_n(test_rst_n), .rst_n(dla_caught)
);
dla_sync #(.WIDTH(2)) u_levels (.clk(clk), .rst_n(rst_n), .d({host_caught, dla_caught}), .q({host_up, dla_up}));

reg [1:0]         state;
reg               orphan; // nobody waits for the access any more
reg [COUNT_W-1:0] count;

wire expired = TIMEOUT != 0 && count == LAST[COUNT_W-1:0];
wire live    = host_caught && host_up; // low from the beginning of a reset, however short, until the orphan is known
wire wanted  = req_valid && live;
wire start   = state == FREE && wanted && !expired;
wire taken   = csb2nvdla_valid && csb2nvdla_ready;
wire posted  = csb2nvdla_write && NPOSTED == 0;
wire came    = csb2nvdla_write ? nvdla2csb_wr_complete : nvdla2csb_valid;
wire lost    = state == ANSWER && !dla_up;
wire ends    = lost || state == ANSWER && came || taken && posted;

assign csb2nvdla_valid   = state == ASK && dla_up;
assign csb2nvdla_nposted = csb2nvdla_write && NPOSTED != 0;
assign ans_valid         = wanted && (ends && !orphan || expired);
assign ans_error         = !(ends && !orphan) || lost && !came;
assign ans_rdata         = ans_error ? 32'd0 : nvdla2csb_data;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        state  <= FREE;
        orphan <= 1'b0;
        count  <= 0;
    end else begin
        if (start)      state <= ASK;
        else if (ends)  state <= FREE;
        else if (taken) state <= ANSWER;
        if (ends || state == FREE)     orphan <= 1'b0;
        else if (!live || expired) orphan <= 1'b1;
        count <= (!wanted || ans_valid || TIMEOUT == 0) ? {COUNT_W{1'b0}} : count + 1'b1;
    end
end

always @(posedge clk) begin
    if (start) {csb2nvdla_write, csb2nvdla_addr, csb2nvdla_wdat} <= {req_write, req_addr, req_wdata};
end

`ifdef FORMAL_DLA_CSB_LINK
`include "dla_csb_link.vh"
`endif

endmodule

`default_nettype wire
