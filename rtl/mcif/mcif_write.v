// Write half of the memory interface: clients -> AW and W, B -> done pulses (system.md sections 7 and 8).
//
//   req --arbiter--+-----------+--> [AW register] --> memory --> B --> done
//                  |           +--> [W register]  -->
//                  +--> [spare] ---^
//
// Address and data leave together into two registers that the memory may empty in any order; the W order
// is the AW order. One beat a cycle, one cycle latency. A beat accepted while either register is held waits in the
// spare place, so that awready and wready reach these registers only, not the clients through the arbiter.
// `limit` + 1 beats may be outstanding. A response that no client is owed (after a reset, see mcif_quiet) is dropped
// and told by `stray`.
`default_nettype none

module mcif_write #(
    parameter N = 3 // clients
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            open,     // requests may leave
    output wire            stray,    // a response has come that nobody is owed
    input  wire [8*N-1:0]  weight,
    input  wire [7:0]      limit,
    input  wire [3*N-1:0]  id,       // bus id of each client, constant
    // clients, client 0 lowest
    input  wire [N-1:0]    req_valid,
    output wire [N-1:0]    req_ready,
    input  wire [29*N-1:0] req_addr,
    input  wire [64*N-1:0] req_data,
    input  wire [N-1:0]    req_last,
    output wire [N-1:0]    done,
    // memory
    output reg             awvalid,
    input  wire            awready,
    output reg  [2:0]      awid,
    output reg  [31:3]     awaddr,
    output reg             wvalid,
    input  wire            wready,
    output reg  [63:0]     wdata,
    input  wire            bvalid,
    input  wire [2:0]      bid
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (N < 2 || N > 16) begin : g_n_illegal mcif_write_N_is_2_to_16 u_illegal (); end
endgenerate

reg  [8:0]   outstanding;
reg          spare_valid;
wire         free   = (!awvalid || awready) && (!wvalid || wready);
wire         accept = open && !spare_valid && outstanding <= {1'b0, limit};
wire [N-1:0] hold;
wire [N-1:0] mine;  // the client whose response this is
wire [N-1:0] grant;
wire         send   = accept && |grant;
wire [N-1:0] req    = req_valid & ~(req_last & hold);

mcif_arbiter #(.N(N)) u_arbiter (
    .clk (clk), .rst_n (rst_n), .req (req), .weight (weight),
    .accept (accept), .grant (grant)
);

assign req_ready = grant & {N{accept}};

genvar g;
generate
    for (g = 0; g < N; g = g + 1) begin : client
        mcif_ack u_ack (
            .clk       (clk),
            .rst_n     (rst_n),
            .send      (req_ready[g]),
            .send_last (req_last[g]),
            .ack       (bvalid && bid == id[3*g +: 3]),
            .mine      (mine[g]),
            .hold      (hold[g]),
            .done      (done[g])
        );
    end
endgenerate

wire take = |mine;
assign stray = bvalid && !take;

reg [2:0]  id_sel;
reg [28:0] addr_sel;
reg [63:0] data_sel;
integer i;
always @* begin
    id_sel   = 3'd0;
    addr_sel = 29'd0;
    data_sel = 64'd0;
    for (i = 0; i < N; i = i + 1) begin
        id_sel   = id_sel | (id[3*i +: 3] & {3{grant[i]}});
        addr_sel = addr_sel | (req_addr[29*i +: 29] & {29{grant[i]}});
        data_sel = data_sel | (req_data[64*i +: 64] & {64{grant[i]}});
    end
end

wire load = free && (spare_valid || send); // both registers take the next beat

reg [2:0]  spare_id;
reg [28:0] spare_addr;
reg [63:0] spare_data;
always @(posedge clk) begin
    if (send) begin
        spare_id   <= id_sel;
        spare_addr <= addr_sel;
        spare_data <= data_sel;
    end
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        awvalid     <= 1'b0;
        wvalid      <= 1'b0;
        spare_valid <= 1'b0;
        outstanding <= 9'd0;
    end else begin
        awvalid     <= (awvalid && !awready) || load;
        wvalid      <= (wvalid && !wready) || load;
        spare_valid <= !free && (spare_valid || send);
        if (send && !take)      outstanding <= outstanding + 9'd1;
        else if (take && !send) outstanding <= outstanding - 9'd1;
    end
end

// Data, but of ports of the chip: reset, so that no output is ever X.
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        awid   <= 3'd0;
        awaddr <= 29'd0;
        wdata  <= 64'd0;
    end else if (load) begin
        awid   <= spare_valid ? spare_id : id_sel;
        awaddr <= spare_valid ? spare_addr : addr_sel;
        wdata  <= spare_valid ? spare_data : data_sel;
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && take && outstanding == 9'd0) $error("mcif_write: outstanding below zero");
    if (rst_n && send && outstanding > {1'b0, limit}) $error("mcif_write: outstanding above the limit");
    if (rst_n && outstanding > 9'd256) $error("mcif_write: more than 256 outstanding");
end
`endif

`ifdef FORMAL_MCIF_WRITE
`include "mcif_write.vh"
`endif

endmodule

`default_nettype wire
