// For path lengths: what remains of the RAM wrappers once their clocked parts are cut out.
// A block RAM has no path from an input to its output; a register file has one of a LUT (per 6 address bits)
// from the read address to the data.
module dla_ram_1r1w #(
    parameter WIDTH = 64, parameter DEPTH = 256, parameter LUTS = 0, parameter ADDR_W = $clog2(DEPTH)
) (
    input clk, input [31:0] ram_pd, input wr_en, input [ADDR_W-1:0] wr_addr, input [WIDTH-1:0] wr_data,
    input rd_en, input [ADDR_W-1:0] rd_addr, output [WIDTH-1:0] rd_data
);
endmodule

module dla_regfile_1r1w #(
    parameter WIDTH = 32, parameter DEPTH = 16, parameter ADDR_W = $clog2(DEPTH)
) (
    input clk, input wr_en, input [ADDR_W-1:0] wr_addr, input [WIDTH-1:0] wr_data,
    input [ADDR_W-1:0] rd_addr, output [WIDTH-1:0] rd_data
);
genvar i;
generate
    for (i = 0; i < WIDTH; i = i + 1) begin : bit_of_word
        \$lut #(.WIDTH(ADDR_W), .LUT({(1 << ADDR_W){1'b0}})) lut (.A(rd_addr), .Y(rd_data[i]));
    end
endgenerate
endmodule
