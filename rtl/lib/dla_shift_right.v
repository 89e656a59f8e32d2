// Logical right shift, of which only the low bits are wanted. Combinational.
//
//     number -> [by 2^(AMOUNT_W-1)] -> ... -> [by 2] -> [by 1] -> result
//
// The long steps come first, so each step is only as wide as the shorter ones behind it can bring down.
`default_nettype none

module dla_shift_right #(
    parameter IN_W     = 49, // bits of the number
    parameter OUT_W    = 33, // bits of the result, at most IN_W
    parameter AMOUNT_W = 6   // bits of the amount
) (
    input  wire [IN_W-1:0]     number,
    input  wire [AMOUNT_W-1:0] amount,
    output wire [OUT_W-1:0]    result
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (IN_W < 1) begin : g_in_w_illegal dla_shift_right_IN_W_is_at_least_1 u_illegal (); end
    if (OUT_W < 1 || OUT_W > IN_W) begin : g_out_w_illegal dla_shift_right_OUT_W_is_1_to_IN_W u_illegal (); end
    if (AMOUNT_W < 1 || AMOUNT_W > 30) begin : g_amount_w_illegal dla_shift_right_AMOUNT_W_is_1_to_30 u_illegal (); end
endgenerate

genvar i;
generate
    for (i = AMOUNT_W; i >= 0; i = i - 1) begin : g_after // the steps of 2^i and more are done
        localparam REACH = OUT_W + (1 << i) - 1;
        localparam WIDTH = REACH < IN_W ? REACH : IN_W;
        wire [IN_W-1:0] value;
        wire unused = &{1'b0, value}; // what no shorter step brings down is 0
        if (i == AMOUNT_W) begin : g_input
            assign value = number;
        end else begin : g_step
            localparam [IN_W-1:0] KEPT = {IN_W{1'b1}} >> (IN_W - WIDTH);
            wire [IN_W-1:0] shifted;
            if ((1 << i) < IN_W) begin : g_some
                assign shifted = g_after[i+1].value >> (1 << i);
            end else begin : g_none
                assign shifted = {IN_W{1'b0}};
            end
            assign value = (amount[i] ? shifted : g_after[i+1].value) & KEPT;
        end
    end
endgenerate

assign result = g_after[0].value[OUT_W-1:0];

`ifdef FORMAL_DLA_SHIFT_RIGHT
`include "dla_shift_right.vh"
`endif

endmodule

`default_nettype wire
