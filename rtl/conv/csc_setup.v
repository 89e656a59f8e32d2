// Products of a layer that CSC needs before its first atom: one shared multiplier, one product a cycle.
//
//   cycle 0     1     2      3      4..5 (image mode)
//         SY*E  DY*E  PT*E   OW-1   OW*(OH-1) + OW-1   (E entries of a line)
//
// `done` rises when all results are stable and stays until the next `start`.
`default_nettype none

module csc_setup (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,
    output reg         done,
    input  wire        image,
    input  wire [13:0] line_entries,  // - 1
    input  wire [2:0]  stride_y,      // - 1
    input  wire [4:0]  dilation_y,    // - 1
    input  wire [4:0]  pad_top,
    input  wire [4:0]  pad_left,
    input  wire [12:0] out_width,     // - 1
    input  wire [12:0] out_height,    // - 1
    input  wire [20:0] atomics,       // - 1
    input  wire [5:0]  column_step,   // feature: stride; image: bytes from output column to output column
    output reg  [14:0] step_line,     // entries from output line to output line
    output reg  [14:0] dilation_line, // entries from kernel row to kernel row
    output reg  [14:0] pad_line,      // entries of the lines above the input
    output reg  [17:0] end_x,         // column {entry, byte} of the last output position of a line
    output reg  [20:0] positions      // output positions - 1
);

reg [2:0]  phase;
reg        active;
reg [20:0] product;
reg [2:0]  product_of;
reg        product_valid;

wire [14:0] entries = {1'b0, line_entries} + 15'd1;
wire [14:0] columns = {2'd0, out_width} + 15'd1;
reg  [14:0] factor_a;
reg  [6:0]  factor_b;
reg  [14:0] end_column;

always @* begin
    factor_a = entries;
    case (phase)
        3'd0:    factor_b = {4'd0, stride_y} + 7'd1;
        3'd1:    factor_b = image ? 7'd1 : {2'd0, dilation_y} + 7'd1;
        3'd2:    factor_b = {2'd0, pad_top};
        3'd3:    {factor_a, factor_b} = {2'd0, out_width, 1'b0, column_step};
        3'd4:    {factor_a, factor_b} = {columns, 1'b0, out_height[12:7]};
        default: {factor_a, factor_b} = {columns, out_height[6:0]};
    endcase
end

wire last_phase = image ? (phase == 3'd5) : (phase == 3'd3);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        active        <= 1'b0;
        product_valid <= 1'b0;
        done          <= 1'b0;
    end else begin
        if (start)           active <= 1'b1;
        else if (last_phase) active <= 1'b0;
        product_valid <= active;
        if (start)                         done <= 1'b0;
        else if (product_valid && !active) done <= 1'b1;
    end
end

always @(posedge clk) begin
    if (start)       phase <= 3'd0;
    else if (active) phase <= phase + 3'd1;
    if (active) begin
        product    <= {6'd0, factor_a} * {14'd0, factor_b};
        product_of <= phase;
    end
end

always @* end_column = product[14:0] - {10'd0, pad_left};

always @(posedge clk) begin
    if (product_valid) begin
        case (product_of)
            3'd0:    step_line     <= product[14:0];
            3'd1:    dilation_line <= product[14:0];
            3'd2:    pad_line      <= product[14:0];
            3'd3:    end_x         <= image ? product[17:0] : {end_column, 3'd0};
            3'd4:    positions     <= positions + {product[13:0], 7'd0};
            default: positions     <= positions + product[20:0];
        endcase
    end
    if (start) positions <= image ? {8'd0, out_width} : atomics;
end

endmodule

`default_nettype wire
