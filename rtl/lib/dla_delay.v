// Delay line without reset: carries a payload beside a pipeline.
`default_nettype none

module dla_delay #(
    parameter WIDTH  = 8, // bits
    parameter CYCLES = 2  // >= 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] d,
    output wire [WIDTH-1:0] q
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_delay_WIDTH_is_at_least_1 u_illegal (); end
    if (CYCLES < 1) begin : g_cycles_illegal dla_delay_CYCLES_is_at_least_1 u_illegal (); end
endgenerate

reg [WIDTH*CYCLES-1:0] line;

assign q = line[WIDTH*CYCLES-1 -: WIDTH];

generate
    if (CYCLES == 1) begin : g_one
        always @(posedge clk) line <= d;
    end else begin : g_many
        always @(posedge clk) line <= {line[WIDTH*(CYCLES-1)-1:0], d};
    end
endgenerate

`ifdef FORMAL_DLA_DELAY
`include "dla_delay.vh"
`endif

endmodule

`default_nettype wire
