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

reg [N-1:0] owner;   // last client granted
reg [7:0]   allowed; // grants it may still have in a row, the last one not taken off where that began the row:
reg         begun;   // no subtraction behind the choice of the weight
wire [7:0]  left = allowed - {7'd0, begun};

reg  [N-1:0] want;
reg  [N-1:0] above;        // clients after the owner
reg  [N-1:0] first_after;  // lowest of after
reg  [N-1:0] first;        // lowest of want
reg          earlier_after, earlier;
integer i;
always @* begin
    for (i = 0; i < N; i = i + 1) want[i] = req[i] && weight[8*i +: 8] != 8'd0;
    above[0] = 1'b0;
    for (i = 1; i < N; i = i + 1) above[i] = above[i-1] | owner[i-1];
    earlier_after = 1'b0;
    earlier       = 1'b0;
    for (i = 0; i < N; i = i + 1) begin
        first_after[i] = want[i] && above[i] && !earlier_after;
        first[i]       = want[i] && !earlier;
        earlier_after  = earlier_after || (want[i] && above[i]);
        earlier        = earlier || want[i];
    end
end

wire         keep  = |(want & owner) && allowed != {7'd0, begun};
wire [N-1:0] other = earlier_after ? first_after : first;
assign grant = keep ? owner : other;

reg [7:0] quota; // of the client that takes over
integer j;
always @* begin
    quota = 8'd0;
    for (j = 0; j < N; j = j + 1) quota = quota | (weight[8*j +: 8] & {8{other[j]}});
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        owner   <= {1'b1, {N-1{1'b0}}}; // so that the first search starts at client 0
        allowed <= 8'd0;
        begun   <= 1'b0;
    end else if (accept && |want) begin
        owner   <= grant;
        allowed <= keep ? left - 8'd1 : quota;
        begun   <= !keep;
    end
end

`ifdef FORMAL_MCIF_ARBITER
`include "mcif_arbiter.vh"
`endif

endmodule

`default_nettype wire
