// Simulation only: a memory of a compiler as dla_ram_1r1w takes it in place of its own array (DLA_RAM_CELL, docs/memories.md),
// with a defect that the test pins bring out.
//
// +stuck_ram=PATH: in the wrapper PATH (below the top of the simulation) bit 0 of each word is stuck at 1 while ram_pd[0] is 1.
// Pins 31 to 1 have no function.
`default_nettype none

module sim_ram_cell #(
    parameter WIDTH = 64, // bits of a word
    parameter DEPTH = 256 // words
) (
    input  wire                     clk,
    input  wire [31:0]              ram_pd,
    input  wire                     wr_en,
    input  wire [$clog2(DEPTH)-1:0] wr_addr,
    input  wire [WIDTH-1:0]         wr_data,
    input  wire                     rd_en,
    input  wire [$clog2(DEPTH)-1:0] rd_addr,
    output wire [WIDTH-1:0]         rd_data
);

reg [WIDTH-1:0] mem [0:DEPTH-1];
reg [WIDTH-1:0] word;

reg [8*256-1:0] wanted, here;
reg             defective;
initial begin
    $sformat(here, "%m");
    defective = 1'b0;
    if ($value$plusargs("stuck_ram=%s", wanted)) begin
        wanted = {wanted[8*249-1:0], ".u_cell"};
        defective = (wanted == here);
    end
end

wire [WIDTH-1:0] stuck = {{WIDTH-1{1'b0}}, defective && ram_pd[0]};

assign rd_data = word | stuck;

always @(posedge clk) begin
    if (rd_en) word <= mem[rd_addr];
    if (wr_en) mem[wr_addr] <= wr_data;
end

wire unused = |ram_pd[31:1];

endmodule

`default_nettype wire
