// Hands a word out in PARTS equal parts, the lowest first, one a cycle: before an arithmetic with fewer lanes than an atom has.
//
//     in --+-> part 0 -> out            1 register; a word every PARTS cycles, so with one part just a register
//          +-> part 1 -+   (a cycle each)
//
// There is no back-pressure: the words' own source waits for `in_ready`. `next_valid` is out_valid a cycle ahead.
`default_nettype none

module dla_split #(
    parameter WIDTH  = 256,          // bits of a word
    parameter PARTS  = 1,            // 1, 2, 4 or 8
    parameter PART_W = WIDTH / PARTS // derived, do not set
) (
    input  wire              clk,
    input  wire              rst_n,
    input  wire              in_valid,   // only with in_ready
    output wire              in_ready,
    input  wire [WIDTH-1:0]  in_data,
    output wire              next_valid,
    output reg               out_valid,
    output reg               out_last,   // last part of its word
    output wire [PART_W-1:0] out_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (PARTS != 1 && PARTS != 2 && PARTS != 4 && PARTS != 8)
        begin : g_parts_illegal dla_split_PARTS_is_1_2_4_or_8 u_illegal (); end
    if (PART_W != WIDTH / PARTS) begin : g_part_w_illegal dla_split_PART_W_is_derived u_illegal (); end
    if (WIDTH < 1 || WIDTH % PARTS != 0) begin : g_width_illegal dla_split_WIDTH_is_a_multiple_of_PARTS u_illegal (); end
endgenerate

reg [PARTS:0]   left;  // as many ones as parts are still to come, zeros above
reg [WIDTH-1:0] word;

assign in_ready   = !left[0];
assign next_valid = in_valid || left[0];
assign out_data   = word[PART_W-1:0];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        left      <= 0;
        out_valid <= 1'b0;
        out_last  <= 1'b0;
    end else begin
        left      <= (in_valid ? {1'b0, {PARTS{1'b1}}} : left) >> 1;
        out_valid <= next_valid;
        out_last  <= in_valid ? PARTS == 1 : left == 1;
    end
end

generate
    if (PARTS == 1) begin : g_whole
        always @(posedge clk) word <= in_data;
    end else begin : g_parts
        always @(posedge clk) word <= in_valid ? in_data : word >> PART_W;
    end
endgenerate

`ifdef DLA_ASSERT
always @(posedge clk) if (rst_n && in_valid && !in_ready) $error("%m: a word while parts are left");
`endif
`ifdef FORMAL_DLA_SPLIT
`include "dla_split.vh"
`endif

endmodule

`default_nettype wire
