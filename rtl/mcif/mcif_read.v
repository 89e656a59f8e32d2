// Read half of the memory interface: clients -> AR, R -> clients (system.md sections 7 and 8).
//
//   req --arbiter--> [AR register] --> memory --> [R register] --> rsp
//
// One cycle from a request to AR, one from R to the response; one beat a cycle each way. R is always
// accepted because a client only asks for what it has room for. `limit` + 1 beats may be outstanding.
`default_nettype none

module mcif_read #(
    parameter N = 7 // clients
) (
    input  wire            clk,
    input  wire            rst_n,
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
    if (N < 2 || N > 16) begin : g_n_illegal
        mcif_read_N_is_2_to_16 u_illegal ();
    end
endgenerate

reg  [8:0]   outstanding;
wire         accept = (!arvalid || arready) && outstanding <= {1'b0, limit};
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

reg [N-1:0] rid_match;
integer j;
always @* begin
    for (j = 0; j < N; j = j + 1) rid_match[j] = rid == id[4*j +: 4];
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        arvalid     <= 1'b0;
        rsp_valid   <= {N{1'b0}};
        outstanding <= 9'd0;
    end else begin
        arvalid   <= send || (arvalid && !arready);
        rsp_valid <= rid_match & {N{rvalid}};
        if (send && !rvalid)      outstanding <= outstanding + 9'd1;
        else if (rvalid && !send) outstanding <= outstanding - 9'd1;
    end
end

always @(posedge clk) begin
    if (rvalid) rsp_data <= rdata;
end

// Data, but of a port of the chip: reset, so that no output is ever X.
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        arid   <= 4'd0;
        araddr <= 29'd0;
    end else if (send) begin
        arid   <= id_sel;
        araddr <= addr_sel;
    end
end

endmodule

`default_nettype wire
