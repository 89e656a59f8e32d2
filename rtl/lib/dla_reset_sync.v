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
