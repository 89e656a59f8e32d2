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

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_sync_WIDTH_is_at_least_1 u_illegal (); end
    if (STAGES < 2) begin : g_stages_illegal dla_sync_STAGES_is_at_least_2 u_illegal (); end
endgenerate

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
