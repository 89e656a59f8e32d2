// Two-flop synchroniser for a level that crosses into `clk`.
//
// A flop that samples a moving level takes the old or the new value: with DLA_SKEW (simulation, proofs) each change is
// taken an edge late now and then.
//
// The attributes keep tools from moving, merging or remaking the flops: placed side by side (ASYNC_REG), left as they are
// (dont_touch). constraints/ finds them by the names u_sync, `chain`; docs/crossings.md.
`default_nettype none

module dla_sync #(
    parameter WIDTH = 1,  // independent bits, or a code
    parameter STAGES = 2, // flops, >= 2
    parameter CODE = 0    // 1: a Gray code; who sends it has the model of its bits that arrive apart
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
    if (CODE < 0 || CODE > 1) begin : g_code_illegal dla_sync_CODE_is_0_or_1 u_illegal (); end
endgenerate

/* verilator lint_off SYNCASYNCNET */ // of a reset: besides the flip-flops it resets, others look at it
(* ASYNC_REG = "TRUE", dont_touch = "true" *) reg [WIDTH*STAGES-1:0] chain;
/* verilator lint_on SYNCASYNCNET */

assign q = chain[WIDTH*STAGES-1 -: WIDTH];

wire [WIDTH-1:0] taken;

`ifdef DLA_SKEW
`ifdef FORMAL
(* anyseq *) wire [WIDTH-1:0] late;
`else
reg [WIDTH-1:0] late;
initial late = 0;
always @(posedge clk) late <= $random;
`endif
reg  [WIDTH-1:0] missed; // changes that were taken late at the last edge
wire [WIDTH-1:0] miss = (d ^ chain[WIDTH-1:0]) & late & ~missed & {WIDTH{CODE == 0}};
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) missed <= 0;
    else        missed <= miss;
end
assign taken = d ^ miss;
`else
assign taken = d;
`endif

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) chain <= 0;
    else        chain <= {chain[WIDTH*(STAGES-1)-1:0], taken};
end

`ifdef FORMAL_DLA_SYNC
`include "dla_sync.vh"
`endif

endmodule

`default_nettype wire
