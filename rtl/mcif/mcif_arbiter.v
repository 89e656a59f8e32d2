// Weighted round robin between N clients (system.md section 7).
//
// The owner of the grant keeps it for up to `weight` grants in a row while it keeps requesting; then the
// next requesting client in circular order takes over. Weight 0 removes a client. The grant is
// combinational; it may change as long as it is not accepted.
`default_nettype none

module mcif_arbiter #(
    parameter N = 7 // clients, >= 2
) (
    input  wire           clk,
    input  wire           rst_n,
    input  wire [N-1:0]   req,
    input  wire [8*N-1:0] weight, // client 0 lowest
    input  wire           accept, // the granted request is taken in this cycle
    output wire [N-1:0]   grant   // one-hot, 0 without a request
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (N < 2) begin : g_n_illegal mcif_arbiter_N_is_at_least_2 u_illegal (); end
endgenerate

reg [N-1:0] owner;  // last client granted
reg [7:0]   left;   // grants it may still have in a row

reg  [N-1:0] want;
reg  [N-1:0] above; // clients after the owner
integer i;
always @* begin
    for (i = 0; i < N; i = i + 1) want[i] = req[i] && weight[8*i +: 8] != 8'd0;
    above[0] = 1'b0;
    for (i = 1; i < N; i = i + 1) above[i] = above[i-1] | owner[i-1];
end

wire         keep   = |(want & owner) && left != 8'd0;
wire [N-1:0] after  = want & above;
wire [N-1:0] search = |after ? after : want;
assign grant = keep ? owner : search & (~search + 1'b1); // lowest bit set

reg [7:0] quota;
integer j;
always @* begin
    quota = keep ? left : 8'd0;
    for (j = 0; j < N; j = j + 1)
        quota = quota | (weight[8*j +: 8] & {8{grant[j] && !keep}});
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        owner <= {1'b1, {N-1{1'b0}}}; // so that the first search starts at client 0
        left  <= 8'd0;
    end else if (accept && |grant) begin
        owner <= grant;
        left  <= quota - 8'd1;
    end
end

`ifdef FORMAL_MCIF_ARBITER
`include "mcif_arbiter.vh"
`endif

endmodule

`default_nettype wire
