// Puts the parts of a word together again, the lowest first: behind an arithmetic with fewer lanes than an atom has.
//
//     in -> kept parts -+
//        \--------------+-> out        combinational with the last part; with one part nothing but wires
`default_nettype none

module dla_gather #(
    parameter WIDTH  = 64,           // bits of a word
    parameter PARTS  = 1,            // 1, 2, 4 or 8
    parameter PART_W = WIDTH / PARTS // derived, do not set
) (
    input  wire              clk,
    input  wire              in_valid,
    input  wire              in_last,
    input  wire [PART_W-1:0] in_data,
    output wire              out_valid,
    output wire [WIDTH-1:0]  out_data
);

assign out_valid = in_valid && in_last;

generate
    if (PARTS == 1) begin : g_whole
        wire unused = clk;
        assign out_data = in_data;
    end else begin : g_parts
        reg [WIDTH-PART_W-1:0] kept;  // the newest highest
        always @(posedge clk) if (in_valid) kept <= out_data[WIDTH-1:PART_W];
        assign out_data = {in_data, kept};
    end
endgenerate

`ifdef FORMAL_DLA_GATHER
`include "dla_gather.vh"
`endif

endmodule

`default_nettype wire
