// Two-flop synchroniser for a level that crosses into `clk`.
`default_nettype none

module dla_sync #(
    parameter WIDTH = 1,  // independent bits (or a Gray code)
    parameter STAGES = 2  // flops, >= 2
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire [WIDTH-1:0] d,
    output wire [WIDTH-1:0] q
);

reg [WIDTH*STAGES-1:0] chain;

assign q = chain[WIDTH*STAGES-1 -: WIDTH];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) chain <= 0;
    else        chain <= {chain[WIDTH*(STAGES-1)-1:0], d};
end

`ifdef FORMAL_DLA_SYNC
`include "dla_sync.vh"
`endif

endmodule

`default_nettype wire
