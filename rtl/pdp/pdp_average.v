// Final stage: padded rows and the two reciprocals of the average. One output a cycle, latency 5 cycles.
//
//   cycle 4: value + padding   5, 6: * width reciprocal   7, 8: * height reciprocal   9: result
//
// Maximum and minimum pass through unchanged: no padding, both reciprocals 1.0. Spec: pdp.md 4, average steps 2 and 3.
`default_nettype none

module pdp_average #(
    parameter LANES = 8 // elements a cycle
) (
    input  wire                clk,
    input  wire                maximum,      // maximum or minimum
    input  wire                invert,       // minimum
    input  wire [7*14-1:0]     pad_values,   // sum of 1 to 7 padded columns
    input  wire [2:0]          kernel_width, // columns - 1
    input  wire [16:0]         recip_width,
    input  wire [16:0]         recip_height,
    // cycle 2
    input  wire [2:0]          row_pads,     // rows of the window that are padding
    // cycle 4
    input  wire [14*LANES-1:0] value,
    // cycle 9
    output wire [8*LANES-1:0]  result
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal pdp_average_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

localparam [16:0] ONE = 17'h10000;

reg  [13:0] pad;       // cycle 3: sum of row_pads padded elements
reg  [13:0] row_pad;   // cycle 4: of that many rows of kernel_width elements

integer i;
always @(posedge clk) begin
    pad <= 14'd0;
    for (i = 1; i < 8; i = i + 1) if (!maximum && row_pads == i[2:0]) pad <= pad_values[14*(i-1) +: 14];
    row_pad <= pad * ({11'd0, kernel_width} + 14'd1);
end

wire [16:0] width_factor  = maximum ? ONE : recip_width;
wire [16:0] height_factor = maximum ? ONE : recip_height;

genvar lane;
generate
for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
    wire [13:0] partial = value[14*lane +: 14];
    wire [7:0]  extreme = partial[7:0] ^ {8{invert}};
    wire [13:0] operand = maximum ? {{6{extreme[7]}}, extreme} : partial;
    reg  [14:0] total;
    wire [10:0] across;
    always @(posedge clk) total <= {operand[13], operand} + {row_pad[13], row_pad};
    pdp_scale #(.IN_WIDTH(15), .OUT_WIDTH(11)) u_width (
        .clk(clk), .number(total), .reciprocal(width_factor), .result(across)
    );
    pdp_scale #(.IN_WIDTH(11), .OUT_WIDTH(8)) u_height (
        .clk(clk), .number(across), .reciprocal(height_factor), .result(result[8*lane +: 8])
    );
end
endgenerate

endmodule

`default_nettype wire
