// Vertical stage: adds row partials to all open output rows at once, and gives out the one that is complete.
//
// 8 banks of 16 columns. Which banks belong to an output row, and which columns of it, is decided by pdp_control:
// with 1, 2, 4 or 8 rows open, a row has 8, 4, 2 or 1 banks, so 128, 64, 32 or 16 columns.
// Events come one a cycle; the value leaves two cycles after the event's cycle 2. Spec: pdp.md 4, 6.
`default_nettype none

module pdp_vertical #(
    parameter LUT_RAMS = 0,                   // 1: small memories in LUTs (dla_ram_1r1w)
    parameter LANES  = 8,                     // elements a cycle: 8, 4, 2 or 1
    parameter DEPTH  = 16 * 8 / LANES,        // derived, do not set: words of a bank, 16 columns
    parameter ADDR_W = $clog2(16 * 8 / LANES) // derived, do not set
) (
    input  wire                clk,
    input  wire [31:0]         ram_pd,
    input  wire                maximum,
    // cycle 2
    input  wire [7:0]          read,        // an event: the banks whose partial result it takes
    input  wire [ADDR_W-1:0]   read_addr,
    // cycle 3
    input  wire                write,       // the same event
    input  wire [ADDR_W-1:0]   write_addr,
    input  wire [7:0]          act,
    input  wire [7:0]          fresh,
    input  wire [7:0]          emit,
    input  wire [11*LANES-1:0] row_partial,
    // cycle 4
    output reg  [14*LANES-1:0] value
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal pdp_vertical_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal pdp_vertical_LANES_is_1_2_4_or_8 u_illegal (); end
    if (DEPTH != 16 * 8 / LANES) begin : g_depth_illegal pdp_vertical_DEPTH_is_derived u_illegal (); end
    if (ADDR_W != $clog2(DEPTH)) begin : g_addr_w_illegal pdp_vertical_ADDR_W_is_derived u_illegal (); end
endgenerate

wire [14*LANES-1:0] result [0:7];
reg  [14*LANES-1:0] chosen;

genvar b;
generate
for (b = 0; b < 8; b = b + 1) begin : g_bank
    pdp_bank #(.LUT_RAMS(LUT_RAMS), .LANES(LANES), .DEPTH(DEPTH)) u_bank (
        .clk         (clk),
        .ram_pd      (ram_pd),
        .maximum     (maximum),
        .read        (read[b]),
        .read_addr   (read_addr),
        .act         (act[b]),
        .fresh       (fresh[b]),
        .write       (write && act[b]),
        .write_addr  (write_addr),
        .row_partial (row_partial),
        .result      (result[b])
    );
end
endgenerate

integer i;
always @* begin
    chosen = {14*LANES{1'b0}};
    for (i = 0; i < 8; i = i + 1) chosen = chosen | result[i] & {14*LANES{emit[i]}};
end

always @(posedge clk) value <= chosen;

endmodule

`default_nettype wire
