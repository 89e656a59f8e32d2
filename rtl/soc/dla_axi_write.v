// Writes of the DBB bus on AXI4: window, bursts, width of the bus, responses.
//
//   dbb aw --> window --> dla_burst --+--> AXI AW              AXI B --> as many responses as the burst had beats --> dbb b
//                                     +--> bursts to send --+
//   dbb w  ---------------> data -------------------------- + --> width --> AXI W
//
// DBB writes are 8 bytes each, one data beat for each address, in the same order. A write outside the window goes to the first
// word of the window, by itself and with all strobes 0: nothing is written, and its response comes in its place; `refused` tells.
// Neither AW nor W waits for the other to be taken (AXI A3.3.1), data follow their address in the same order. Width of the bus:
//   32   two beats for one of DBB      64   as it is      128   two beats of DBB in one, halves without data have strobes 0
// Each AXI response answers a whole burst; how many beats it had is kept per id (DEPTH bursts of an id, ids 0 to 3).
`default_nettype none

module dla_axi_write #(
    parameter DATA_W = 64, // bits of the AXI data bus: 32, 64 or 128
    parameter MAX    = 16, // beats of 8 bytes in a burst: 1, 2, 4, 8 or 16
    parameter WAIT   = 1,  // cycles a burst waits for the next beat
    parameter DEPTH  = 32  // bursts of an id under way, from 2; of no matter with MAX = 1
) (
    input  wire                clk,
    input  wire                rst_n,
    input  wire [31:12]        base,
    input  wire [31:12]        limit,
    output wire                refused,  // pulse: this address is outside of the window
    output wire [31:0]         refused_addr,
    output wire                error,    // pulse
    output wire                error_decode,
    output wire [3:0]          error_id,
    // DBB
    input  wire                dbb_awvalid,
    output wire                dbb_awready,
    input  wire [3:0]          dbb_awid,
    input  wire [31:3]         dbb_awaddr,
    input  wire                dbb_wvalid,
    output wire                dbb_wready,
    input  wire [63:0]         dbb_wdata,
    input  wire [7:0]          dbb_wstrb,
    output wire                dbb_bvalid,
    input  wire                dbb_bready,
    output wire [3:0]          dbb_bid,
    // AXI
    output reg                 awvalid,
    input  wire                awready,
    output reg  [3:0]          awid,
    output wire [31:0]         awaddr,
    output reg  [7:0]          awlen,
    output wire                wvalid,
    input  wire                wready,
    output wire [DATA_W-1:0]   wdata,
    output wire [DATA_W/8-1:0] wstrb,
    output wire                wlast,
    input  wire                bvalid,
    output wire                bready,
    input  wire [3:0]          bid,
    input  wire [1:0]          bresp
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DATA_W != 32 && DATA_W != 64 && DATA_W != 128)
        begin : g_data_w_illegal dla_axi_write_DATA_W_is_32_64_or_128 u_illegal (); end
    if (MAX < 1 || MAX > 16) begin : g_max_illegal dla_axi_write_MAX_is_1_2_4_8_or_16 u_illegal (); end
    if (WAIT < 0 || WAIT > 15) begin : g_wait_illegal dla_axi_write_WAIT_is_0_to_15 u_illegal (); end
    if (DEPTH < 2) begin : g_depth_illegal dla_axi_write_DEPTH_is_at_least_2 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- addresses

wire        in_window = dbb_awaddr[31:12] >= base && dbb_awaddr[31:12] <= limit;
wire        burst_valid, burst_void;
wire [3:0]  burst_id, burst_more;
wire [31:3] burst_addr;
wire        send_ready, lengths_ready;
wire        burst_ready = (!awvalid || awready) && send_ready && lengths_ready;
wire        start       = burst_valid && burst_ready;

assign refused      = dbb_awvalid && dbb_awready && !in_window;
assign refused_addr = {dbb_awaddr, 3'd0};

dla_burst #(.MAX(MAX), .WAIT(WAIT)) u_burst (
    .clk (clk), .rst_n (rst_n),
    .in_valid (dbb_awvalid), .in_ready (dbb_awready), .in_id (dbb_awid),
    .in_addr (in_window ? dbb_awaddr : {base, 9'd0}), .in_alone (!in_window),
    .out_valid (burst_valid), .out_ready (burst_ready), .out_id (burst_id), .out_addr (burst_addr),
    .out_more (burst_more), .out_alone (burst_void)
);

wire [4:0] span = {1'b0, burst_more} + {4'd0, burst_addr[3]}; // with 128 bits
reg [31:3] addr;
wire unused = span[0];

assign awaddr = {addr, 3'd0};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) awvalid <= 1'b0;
    else        awvalid <= start || awvalid && !awready;
end

always @(posedge clk) begin
    if (start) begin
        awid  <= burst_id;
        addr  <= burst_addr;
        awlen <= (DATA_W == 32) ? {3'd0, burst_more, 1'b1} : (DATA_W == 64) ? {4'd0, burst_more} : {4'd0, span[4:1]};
    end
end

// ---------------------------------------------------------------- data

wire        data_valid, data_ready, send_valid, nulled, half;
wire [63:0] data;
wire [7:0]  strobes;
wire [3:0]  more;
reg  [3:0]  sent;                        // beats of the burst that have left the buffer
wire        last = sent == more;
wire        beat = data_valid && send_valid && data_ready;
wire [7:0]  kept = strobes & {8{!nulled}}; // a refused write writes nothing

dla_fifo #(.WIDTH(72), .DEPTH(MAX < 2 ? 4 : 2 * MAX)) u_data (
    .clk (clk), .rst_n (rst_n),
    .in_valid (dbb_wvalid), .in_ready (dbb_wready), .in_data ({dbb_wstrb, dbb_wdata}),
    .out_valid (data_valid), .out_ready (beat), .out_data ({strobes, data})
);

dla_fifo #(.WIDTH(6), .DEPTH(4)) u_send (
    .clk (clk), .rst_n (rst_n),
    .in_valid (start), .in_ready (send_ready), .in_data ({burst_void, burst_addr[3], burst_more}),
    .out_valid (send_valid), .out_ready (beat && last), .out_data ({nulled, half, more})
);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)    sent <= 4'd0;
    else if (beat) sent <= last ? 4'd0 : sent + 4'd1;
end

wire there = data_valid && send_valid;

generate
    if (DATA_W == 64) begin : g_same
        assign wvalid     = there;
        assign wdata      = data;
        assign wstrb      = kept;
        assign wlast      = last;
        assign data_ready = wready;
        wire unused_half = half;
    end else if (DATA_W == 32) begin : g_half
        reg high; // the low half has gone

        assign wvalid     = there;
        assign wdata      = high ? data[63:32] : data[31:0];
        assign wstrb      = high ? kept[7:4] : kept[3:0];
        assign wlast      = last && high;
        assign data_ready = wready && high;

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n)                high <= 1'b0;
            else if (wvalid && wready) high <= !high;
        end
        wire unused_half = half;
    end else begin : g_double
        reg  [71:0] low;  // the half that waits for the upper one
        reg         has_low;
        wire        high = half ^ sent[0];
        wire        wait_for_more = !high && !last;

        assign wvalid     = there && !wait_for_more;
        assign wdata      = high ? {data, low[63:0] & {64{has_low}}} : {64'd0, data};
        assign wstrb      = high ? {kept, low[71:64] & {8{has_low}}} : {8'd0, kept};
        assign wlast      = last;
        assign data_ready = wready || wait_for_more;

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n)    has_low <= 1'b0;
            else if (beat) has_low <= wait_for_more;
        end
        always @(posedge clk) begin
            if (beat) low <= {kept, data};
        end
    end
endgenerate

// ---------------------------------------------------------------- responses

assign error        = bvalid && bready && bresp[1];
assign error_decode = bresp[0];
assign error_id     = bid;

generate
    if (MAX == 1) begin : g_one_each
        assign lengths_ready = 1'b1;
        assign dbb_bvalid    = bvalid;
        assign dbb_bid       = bid;
        assign bready        = dbb_bready;
    end else begin : g_expand
        wire [3:0]  ready_of;
        wire [15:0] length;   // beats - 1 of the oldest burst of each id
        reg  [3:0]  given;    // responses of this burst that have gone
        wire [3:0]  wanted = length[4*bid[1:0] +: 4];
        wire        final_one = given == wanted;
        genvar      g;
        for (g = 0; g < 4; g = g + 1) begin : id
            wire unused_valid;
            dla_fifo #(.WIDTH(4), .DEPTH(DEPTH)) u_lengths (
                .clk (clk), .rst_n (rst_n),
                .in_valid (start && burst_id[1:0] == g), .in_ready (ready_of[g]), .in_data (burst_more),
                .out_valid (unused_valid), .out_ready (bvalid && bready && bid[1:0] == g), .out_data (length[4*g +: 4])
            );
        end
        assign lengths_ready = ready_of[burst_id[1:0]];
        assign dbb_bvalid    = bvalid;
        assign dbb_bid       = bid;
        assign bready        = bvalid && dbb_bready && final_one; // bid says nothing without bvalid

        always @(posedge clk or negedge rst_n) begin
            if (!rst_n)                    given <= 4'd0;
            else if (bvalid && dbb_bready) given <= final_one ? 4'd0 : given + 4'd1;
        end
    end
endgenerate

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && dbb_awvalid && dbb_awid > 4'd3) $error("dla_axi_write: an id above 3");
end
`endif

`ifdef FORMAL_DLA_AXI_WRITE
`include "dla_axi_write.vh"
`endif

endmodule

`default_nettype wire
