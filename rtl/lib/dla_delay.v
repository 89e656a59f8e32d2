// Delay line without reset: carries a payload beside a pipeline.
`default_nettype none

module dla_delay #(
    parameter WIDTH  = 8, // bits
    parameter CYCLES = 2  // >= 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] in,
    output wire [WIDTH-1:0] out
);

reg [WIDTH*CYCLES-1:0] line;

assign out = line[WIDTH*CYCLES-1 -: WIDTH];

generate
    if (CYCLES == 1) begin : g_one
        always @(posedge clk) line <= in;
    end else begin : g_many
        always @(posedge clk) line <= {line[WIDTH*(CYCLES-1)-1:0], in};
    end
endgenerate

`ifdef FORMAL_DLA_DELAY
`include "dla_delay.vh"
`endif

endmodule

`default_nettype wire
