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

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (PARTS != 1 && PARTS != 2 && PARTS != 4 && PARTS != 8)
        begin : g_parts_illegal dla_gather_PARTS_is_1_2_4_or_8 u_illegal (); end
    if (PART_W != WIDTH / PARTS) begin : g_part_w_illegal dla_gather_PART_W_is_derived u_illegal (); end
    if (WIDTH < 1 || WIDTH % PARTS != 0) begin : g_width_illegal dla_gather_WIDTH_is_a_multiple_of_PARTS u_illegal (); end
endgenerate

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
