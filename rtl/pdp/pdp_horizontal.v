// Horizontal stage: reduces the columns of a window to one value a lane, one window a cycle.
//
//   cycle 0     1            2                 3
//   shift ->  8 atoms -> mask, tree 8:2 -> tree 2:1 + padding -> row partial
//
// The atoms are a shift register, so any stride and any number of overlapping windows costs the same tree.
// Minimum works as maximum of inverted numbers; the inversion is undone in pdp_average.
// A masked atom counts as the smallest number or as 0. Spec: pdp.md 4, average step 1.
`default_nettype none

module pdp_horizontal #(
    parameter LANES = 8 // elements a cycle: 8, 4, 2 or 1
) (
    input  wire                clk,
    input  wire                maximum,     // maximum or minimum, else sum
    input  wire                invert,      // minimum
    input  wire [7*11-1:0]     pad_values,  // sum of 1 to 7 padded columns
    // cycle 0
    input  wire                shift,
    input  wire [63:0]         atom,
    // cycle 1
    input  wire [7:0]          mask,        // atoms of the window, bit 0 the newest
    input  wire [2:0]          pads,        // columns that are padding
    input  wire [2:0]          part,        // of the atoms, LANES elements each
    // cycle 3
    output reg  [11*LANES-1:0] row_partial  // 11 bits signed a lane
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal pdp_horizontal_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

reg [63:0] window [0:7];
reg [10:0]        pad;

integer i;
always @(posedge clk) begin
    if (shift) begin
        window[0] <= atom ^ {64{invert}};
        for (i = 1; i < 8; i = i + 1) window[i] <= window[i-1];
    end
    pad <= 11'd0;
    for (i = 1; i < 8; i = i + 1) if (!maximum && pads == i[2:0]) pad <= pad_values[11*(i-1) +: 11];
end

genvar lane, n;
generate
for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
    wire [63:0] leaf;
    wire [35:0] pair;
    wire [19:0] quad;
    reg  [19:0] quad_q;
    for (n = 0; n < 8; n = n + 1) begin : g_leaf
        wire [7:0] element = window[n][8*(LANES*{3'd0, part} + lane) +: 8];
        assign leaf[8*n +: 8] = {mask[n] ? element[7] : maximum, element[6:0] & {7{mask[n]}}};
    end
    for (n = 0; n < 4; n = n + 1) begin : g_pair
        pdp_combine #(.WIDTH(8)) u_combine (.maximum(maximum), .a(leaf[16*n +: 8]), .b(leaf[16*n+8 +: 8]),
                                            .y(pair[9*n +: 9]));
    end
    for (n = 0; n < 2; n = n + 1) begin : g_quad
        pdp_combine #(.WIDTH(9)) u_combine (.maximum(maximum), .a(pair[18*n +: 9]), .b(pair[18*n+9 +: 9]),
                                            .y(quad[10*n +: 10]));
    end
    wire [10:0] all;
    pdp_combine #(.WIDTH(10)) u_all (.maximum(maximum), .a(quad_q[9:0]), .b(quad_q[19:10]), .y(all));
    always @(posedge clk) begin
        quad_q                      <= quad;
        row_partial[11*lane +: 11] <= all + pad; // wraps, as specified
    end
end
endgenerate

endmodule

`default_nettype wire
