// Answers that the memory owes one read client: an answer is its own only while there are any.
`default_nettype none

module mcif_owed (
    input  wire       clk,
    input  wire       rst_n,
    input  wire       send,   // a request is taken from the client
    input  wire       answer, // an answer with the client's id
    output wire       mine,   // with answer: the client has asked for it
    output reg  [8:0] owed
);

assign mine = answer && owed != 9'd0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)             owed <= 9'd0;
    else if (send && !mine) owed <= owed + 9'd1;
    else if (mine && !send) owed <= owed - 9'd1;
end

`ifdef FORMAL_MCIF_OWED
`include "mcif_owed.vh"
`endif

endmodule

`default_nettype wire
