// Channel window of CDP: squares, and their sums over the neighbouring channels of a pixel.
//
//     y -> [square] next -> current -> previous        (atoms of the stream, surfaces of a pixel in order)
//                     \--------+---------/  [9-input sums] -> q
//
// An atom leaves when the one after it (or `flush`, at the end of the layer) pushes it: the window reaches 4
// channels, so it needs half of each neighbour. Between pixels the neighbours count as 0. Throughput: one atom
// a cycle. Spec: cdp.md section 4.2.
`default_nettype none

module cdp_window #(
    parameter TAG_W = 3 // bits that travel with an atom
) (
    input  wire             clk,
    input  wire             rst_n,
    // layer settings
    input  wire [1:0]       reach,     // channels to each side, minus 1
    input  wire             bypass,    // q = y
    // atoms
    input  wire             in_valid,
    input  wire             in_flush,  // no atom, pushes the last one out; excludes in_valid
    input  wire             in_pixel_end,
    input  wire [TAG_W-1:0] in_tag,
    input  wire [71:0]      in_y,      // 8 x 9 bits signed
    output wire             out_valid, // combinational, registered by the caller
    output wire [TAG_W-1:0] out_tag,
    output wire [71:0]      out_y,
    output wire [175:0]     out_q      // 8 x 22 bits signed
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (TAG_W < 1) begin : g_tag_w_illegal cdp_window_TAG_W_is_at_least_1 u_illegal (); end
endgenerate

reg             next_valid, next_flush, next_end;
reg             current_valid, current_end, current_first;
reg [TAG_W-1:0] next_tag, current_tag;
reg [71:0]      next_y, current_y;
reg [135:0]     next_square, current_square;  // 8 x 17 bits
reg [67:0]      previous_square;              // lanes 4 to 7

wire push = next_valid || next_flush;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        next_valid    <= 1'b0;
        next_flush    <= 1'b0;
        current_valid <= 1'b0;
    end else begin
        next_valid <= in_valid;
        next_flush <= in_flush;
        if (push) current_valid <= next_valid;
    end
end

always @(posedge clk) begin
    next_end <= in_pixel_end;
    next_tag <= in_tag;
    next_y   <= in_y;
    if (push) begin
        current_end     <= next_end;
        current_first   <= !current_valid || current_end;
        current_tag     <= next_tag;
        current_y       <= next_y;
        current_square  <= next_square;
        previous_square <= current_square[135:68];
    end
end

assign out_valid = push && current_valid;
assign out_tag   = current_tag;
assign out_y     = current_y;

// ---------------------------------------------------------------- sums
// Squares of channels -4 .. 11 of the current atom, 17 bits each.
wire [67:0]  below  = current_first ? 68'd0 : previous_square;
wire [67:0]  above  = current_end ? 68'd0 : next_square[67:0];
wire [271:0] window = {above, current_square, below};

genvar i;
generate
    for (i = 0; i < 8; i = i + 1) begin : g_lane
        wire [8:0]  yc = current_y[9*i +: 9];
        wire [16:0] square;
        wire [20:0] s0 = {4'd0, window[17*(i+4) +: 17]};
        wire [20:0] s1 = {4'd0, window[17*(i+3) +: 17]} + {4'd0, window[17*(i+5) +: 17]};
        wire [20:0] s2 = {4'd0, window[17*(i+2) +: 17]} + {4'd0, window[17*(i+6) +: 17]};
        wire [20:0] s3 = {4'd0, window[17*(i+1) +: 17]} + {4'd0, window[17*(i+7) +: 17]};
        wire [20:0] s4 = {4'd0, window[17*(i+0) +: 17]} + {4'd0, window[17*(i+8) +: 17]};
        wire [20:0] sum = s0 + s1 + (reach >= 2'd1 ? s2 : 21'd0) + (reach >= 2'd2 ? s3 : 21'd0)
                        + (reach == 2'd3 ? s4 : 21'd0);

        cdp_square u_square (.y(in_y[9*i +: 9]), .square(square));

        always @(posedge clk) next_square[17*i +: 17] <= square;
        assign out_q[22*i +: 22] = bypass ? {{13{yc[8]}}, yc} : {1'b0, sum};
    end
endgenerate

endmodule

`default_nettype wire
