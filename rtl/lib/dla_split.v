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

reg [PARTS-1:0] left;  // as many ones as parts are still to come
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
        left      <= in_valid ? {PARTS{1'b1}} >> 1 : left >> 1;
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
