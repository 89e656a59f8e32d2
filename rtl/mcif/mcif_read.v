// Read half of the memory interface: clients -> AR, R -> clients (system.md sections 7 and 8).
//
//   req --arbiter--+-----------> [AR register] --> memory --> [R register] --> rsp
//                  +--> [spare] ------^
//
// One cycle from a request to AR, one from R to the response; one beat a cycle each way. A request accepted while the
// memory stalls waits in the spare place, so that arready reaches these registers only, not the clients through the
// arbiter. R is always accepted because a client only asks for what it has room for. `limit` + 1 beats may be
// outstanding, one in the spare place counts.
// A beat that its client did not ask for (after a reset, see mcif_quiet) is dropped: it reaches nobody and is not
// counted down, but told by `stray`.
`default_nettype none

module mcif_read #(
    parameter N = 7 // clients
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            open,     // requests may leave
    output wire            stray,    // a beat has come that nobody is owed
    input  wire [8*N-1:0]  weight,
    input  wire [7:0]      limit,
    input  wire [4*N-1:0]  id,       // bus id of each client, constant
    // clients, client 0 lowest
    input  wire [N-1:0]    req_valid,
    output wire [N-1:0]    req_ready,
    input  wire [29*N-1:0] req_addr,
    output reg  [N-1:0]    rsp_valid,
    output reg  [63:0]     rsp_data,
    // memory
    output reg             arvalid,
    input  wire            arready,
    output reg  [3:0]      arid,
    output reg  [31:3]     araddr,
    input  wire            rvalid,
    input  wire [3:0]      rid,
    input  wire [63:0]     rdata
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (N < 2 || N > 16) begin : g_n_illegal mcif_read_N_is_2_to_16 u_illegal (); end
endgenerate

reg  [8:0]   outstanding;
reg          spare_valid;
wire         free   = !arvalid || arready;
wire         accept = open && !spare_valid && outstanding <= {1'b0, limit};
wire [N-1:0] grant;
wire         send   = accept && |grant;

mcif_arbiter #(.N(N)) u_arbiter (
    .clk (clk), .rst_n (rst_n), .req (req_valid), .weight (weight), .accept (accept), .grant (grant)
);

assign req_ready = grant & {N{accept}};

reg [3:0]  id_sel;
reg [28:0] addr_sel;
integer i;
always @* begin
    id_sel   = 4'd0;
    addr_sel = 29'd0;
    for (i = 0; i < N; i = i + 1) begin
        id_sel   = id_sel | (id[4*i +: 4] & {4{grant[i]}});
        addr_sel = addr_sel | (req_addr[29*i +: 29] & {29{grant[i]}});
    end
end

wire [N-1:0]   mine; // the client whose beat this is
wire [9*N-1:0] owed;
genvar g;
generate
    for (g = 0; g < N; g = g + 1) begin : client
        mcif_owed u_owed (
            .clk    (clk),
            .rst_n  (rst_n),
            .send   (req_ready[g]),
            .answer (rvalid && rid == id[4*g +: 4]),
            .mine   (mine[g]),
            .owed   (owed[9*g +: 9])
        );
    end
endgenerate

wire take = |mine;
assign stray = rvalid && !take;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        arvalid     <= 1'b0;
        spare_valid <= 1'b0;
        rsp_valid   <= {N{1'b0}};
        outstanding <= 9'd0;
    end else begin
        arvalid     <= !free || spare_valid || send;
        spare_valid <= !free && (spare_valid || send);
        rsp_valid   <= mine;
        if (send && !take)      outstanding <= outstanding + 9'd1;
        else if (take && !send) outstanding <= outstanding - 9'd1;
    end
end

reg [3:0]  spare_id;
reg [28:0] spare_addr;
always @(posedge clk) begin
    if (rvalid) rsp_data <= rdata;
    if (send) begin
        spare_id   <= id_sel;
        spare_addr <= addr_sel;
    end
end

// Data, but of a port of the chip: reset, so that no output is ever X.
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        arid   <= 4'd0;
        araddr <= 29'd0;
    end else if (free && (spare_valid || send)) begin
        arid   <= spare_valid ? spare_id : id_sel;
        araddr <= spare_valid ? spare_addr : addr_sel;
    end
end

`ifdef DLA_ASSERT
reg [11:0] sum;
integer k;
always @* begin
    sum = 12'd0;
    for (k = 0; k < N; k = k + 1) sum = sum + {3'd0, owed[9*k +: 9]};
end

always @(posedge clk or negedge rst_n) begin
    if (rst_n && take && outstanding == 9'd0) $error("mcif_read: outstanding below zero");
    if (rst_n && send && outstanding > {1'b0, limit}) $error("mcif_read: outstanding above the limit");
    if (rst_n && outstanding > 9'd256) $error("mcif_read: more than 256 outstanding");
    if (rst_n && sum != {3'd0, outstanding}) $error("mcif_read: outstanding is not the sum of the clients");
end
`else
/* verilator lint_off UNUSEDSIGNAL */ // the assertions look at it
wire unused = |owed;
/* verilator lint_on UNUSEDSIGNAL */
`endif

`ifdef FORMAL_MCIF_READ
`include "mcif_read.vh"
`endif

endmodule

`default_nettype wire
