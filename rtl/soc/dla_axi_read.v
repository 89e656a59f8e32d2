// Reads of the DBB bus on AXI4: window, bursts, width of the bus, errors.
//
//   dbb ar --> window --> dla_burst --> AXI AR          AXI R --> width --> dbb r
//
// DBB reads are 8 bytes each. A read outside the window is sent to the first word of the window instead, by itself: so it
// keeps its place in the order of its id without a way of its own, and the accelerator gets an answer it can go on with; `refused` tells.
// Width of the bus:
//   32   each DBB beat is two of AXI, low half first; halves of different ids may come in any order
//   64   as it is
//   128  two DBB beats in one of AXI. Which half of its first and last beat a burst wants is kept per id (DEPTH bursts of an id)
// An answer with SLVERR or DECERR is passed on like any other; `error` tells, once for each AXI beat.
`default_nettype none

module dla_axi_read #(
    parameter DATA_W = 64, // bits of the AXI data bus: 32, 64 or 128
    parameter MAX    = 16, // beats of 8 bytes in a burst: 1, 2, 4, 8 or 16
    parameter WAIT   = 1,  // cycles a burst waits for the next beat
    parameter DEPTH  = 32  // bursts of an id under way with 128 bits, a power of two from 2
) (
    input  wire              clk,
    input  wire              rst_n,
    input  wire [31:12]      base,
    input  wire [31:12]      limit,
    output wire              refused,  // pulse: this address is outside of the window
    output wire [31:0]       refused_addr,
    output wire              error,    // pulse
    output wire              error_decode,
    output wire [3:0]        error_id,
    // DBB
    input  wire              dbb_arvalid,
    output wire              dbb_arready,
    input  wire [3:0]        dbb_arid,
    input  wire [31:3]       dbb_araddr,
    output wire              dbb_rvalid,
    input  wire              dbb_rready,
    output wire [3:0]        dbb_rid,
    output wire [63:0]       dbb_rdata,
    // AXI
    output wire              arvalid,
    input  wire              arready,
    output wire [3:0]        arid,
    output wire [31:0]       araddr,
    output wire [7:0]        arlen,
    input  wire              rvalid,
    output wire              rready,
    input  wire [3:0]        rid,
    input  wire [DATA_W-1:0] rdata,
    input  wire [1:0]        rresp,
    input  wire              rlast
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DATA_W != 32 && DATA_W != 64 && DATA_W != 128)
        begin : g_data_w_illegal dla_axi_read_DATA_W_is_32_64_or_128 u_illegal (); end
    if (MAX < 1 || MAX > 16) begin : g_max_illegal dla_axi_read_MAX_is_1_2_4_8_or_16 u_illegal (); end
    if (WAIT < 0 || WAIT > 15) begin : g_wait_illegal dla_axi_read_WAIT_is_0_to_15 u_illegal (); end
    if (DEPTH < 2 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal dla_axi_read_DEPTH_is_a_power_of_two_from_2 u_illegal (); end
endgenerate

wire        in_window = dbb_araddr[31:12] >= base && dbb_araddr[31:12] <= limit;
wire        burst_valid, burst_ready, unused_alone, room;
wire [3:0]  id, more;
wire [31:3] addr;
wire [7:0]  len;

assign refused      = dbb_arvalid && dbb_arready && !in_window;
assign refused_addr = {dbb_araddr, 3'd0};

dla_burst #(.MAX(MAX), .WAIT(WAIT)) u_burst (
    .clk (clk), .rst_n (rst_n),
    .in_valid (dbb_arvalid), .in_ready (dbb_arready), .in_id (dbb_arid),
    .in_addr (in_window ? dbb_araddr : {base, 9'd0}), .in_alone (!in_window),
    .out_valid (burst_valid), .out_ready (burst_ready), .out_id (id), .out_addr (addr), .out_more (more),
    .out_alone (unused_alone)
);

assign error        = rvalid && rready && rresp[1];
assign error_decode = rresp[0];
assign error_id     = rid;
assign dbb_rid      = rid;

wire unused = unused_alone;

// A register, so that the next burst grows while the memory has not taken this one.
generate
    if (MAX == 1) begin : g_through
        assign arvalid     = burst_valid && room;
        assign burst_ready = arready && room;
        assign arid        = id;
        assign araddr      = {addr, 3'd0};
        assign arlen       = len;
    end else begin : g_register
        reg         waits;
        reg  [40:0] request;
        assign arvalid     = waits;
        assign burst_ready = (!waits || arready) && room;
        assign {arid, araddr[31:3], arlen} = request;
        assign araddr[2:0] = 3'd0;

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n) waits <= 1'b0;
            else        waits <= burst_valid && burst_ready || waits && !arready;
        end
        always @(posedge clk) begin
            if (burst_valid && burst_ready) request <= {id, addr, len};
        end
    end
endgenerate

generate
    if (DATA_W == 64) begin : g_same
        assign room        = 1'b1;
        assign len         = {4'd0, more};
        assign dbb_rvalid  = rvalid;
        assign dbb_rdata   = rdata;
        assign rready      = dbb_rready;
        wire unused_last = rlast;
    end else if (DATA_W == 32) begin : g_half
        reg  [31:0] low [0:15]; // of each id
        reg  [15:0] has_low;
        wire        whole = has_low[rid];

        assign room        = 1'b1;
        assign len         = {3'd0, more, 1'b1};
        assign dbb_rvalid  = rvalid && whole;
        assign dbb_rdata   = {rdata, low[rid]};
        assign rready      = rvalid && (dbb_rready || !whole); // rid says nothing without rvalid

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n)                has_low <= 16'd0;
            else if (rvalid && rready) has_low[rid] <= !whole;
        end
        always @(posedge clk) begin
            if (rvalid && !whole) low[rid] <= rdata;
        end
        wire unused_last = rlast;
    end else begin : g_double
        localparam P = $clog2(DEPTH);
        reg  [1:0]          ends [0:16*DEPTH-1]; // of a burst: starts in the upper half, ends in the lower half
        reg  [16*(P+1)-1:0] asked, answered;     // bursts of each id, modulo 2 * DEPTH
        reg  [15:0]         under_way;           // the first beat of the oldest burst has come
        reg                 upper;               // the lower half of this beat has gone
        wire [P:0]          ask  = asked[(P+1)*id +: P+1];
        wire [P:0]          take = answered[(P+1)*rid +: P+1];
        wire                go   = burst_valid && burst_ready;
        wire [4:0]          span = {1'b0, more} + {4'd0, addr[3]};
        wire [1:0]          end_of = ends[{rid, take[P-1:0]}];
        wire                only_upper = end_of[1] && !under_way[rid];
        wire                only_lower = end_of[0] && rlast;
        wire                final_half = upper || only_upper || only_lower;

        assign room        = ask != {~answered[(P+1)*id + P], answered[(P+1)*id +: P]};
        assign len         = {4'd0, span[4:1]};
        assign dbb_rvalid  = rvalid;
        assign dbb_rdata   = (upper || only_upper) ? rdata[127:64] : rdata[63:0];
        assign rready      = rvalid && dbb_rready && final_half; // rid says nothing without rvalid

        always @(posedge clk) begin
            if (go) ends[{id, ask[P-1:0]}] <= {addr[3], !span[0]};
        end
        always @(posedge clk or negedge rst_n) begin
            if (!rst_n) begin
                asked     <= 0;
                answered  <= 0;
                under_way <= 16'd0;
                upper     <= 1'b0;
            end else begin
                if (go) asked[(P+1)*id +: P+1] <= ask + 1'b1;
                if (rvalid && dbb_rready) upper <= !final_half;
                if (rvalid && rready) begin
                    under_way[rid] <= !rlast;
                    if (rlast) answered[(P+1)*rid +: P+1] <= take + 1'b1;
                end
            end
        end
    end
endgenerate

`ifdef FORMAL_DLA_AXI_READ
`include "dla_axi_read.vh"
`endif

endmodule

`default_nettype wire
