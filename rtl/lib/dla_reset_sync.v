// Reset synchroniser: asserts at once, releases on the second clock edge after `rst_in_n` rises.
//
// With `test_mode` the output follows `test_rst_n` directly. Spec: system.md section 3.
`default_nettype none

module dla_reset_sync #(
    parameter STAGES = 2 // flops, >= 2
) (
    input  wire clk,
    input  wire rst_in_n,
    input  wire test_mode,
    input  wire test_rst_n,
    output wire rst_n
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (STAGES < 2) begin : g_stages_illegal dla_reset_sync_STAGES_is_at_least_2 u_illegal (); end
endgenerate

wire released;

dla_sync #(.WIDTH(1), .STAGES(STAGES)) u_sync (
    .clk   (clk),
    .rst_n (rst_in_n),
    .d     (1'b1),
    .q     (released)
);

assign rst_n = test_mode ? test_rst_n : released;

`ifdef FORMAL_DLA_RESET_SYNC
`include "dla_reset_sync.vh"
`endif

endmodule

`default_nettype wire
