// Block RAM wrapper: one synchronous read port, one write port, one clock.
//
// Read data appear one cycle after `rd_en` and hold until the next read. A read and a write of the same
// address in the same cycle: the write takes place, what is read is undefined. Block RAMs and compiled memories
// differ there, and tools build registers and comparators around those that do not give the old word: nobody may
// rely on it (`no_rw_check` tells Yosys). Contents are undefined until written.
//
// With macro DLA_RAM_CELL, the name of a module, that stands here in place of the array: a memory of a compiler with its
// test and power pins, which get `ram_pd` (docs/memories.md). Ours has no use for them.
`default_nettype none

module dla_ram_1r1w #(
    parameter WIDTH  = 64,           // bits of a word
    parameter DEPTH  = 256,          // words
    parameter LUTS   = 0,            // 1: of LUTs (distributed RAM) up to 32 words, 0: as the FPGA tool likes
    parameter ADDR_W = $clog2(DEPTH) // derived, do not set
) (
    input  wire              clk,
    input  wire [31:0]       ram_pd,  // test and power pins of a cell
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire              rd_en,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [WIDTH-1:0]  rd_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_ram_1r1w_WIDTH_is_at_least_1 u_illegal (); end
    if (DEPTH < 2) begin : g_depth_illegal dla_ram_1r1w_DEPTH_is_at_least_2 u_illegal (); end
    if (LUTS != 0 && LUTS != 1) begin : g_luts_illegal dla_ram_1r1w_LUTS_is_0_or_1 u_illegal (); end
    if (ADDR_W != $clog2(DEPTH)) begin : g_addr_w_illegal dla_ram_1r1w_ADDR_W_is_derived u_illegal (); end
endgenerate

`ifdef DLA_RAM_CELL
wire [WIDTH-1:0] word;
`DLA_RAM_CELL #(.WIDTH(WIDTH), .DEPTH(DEPTH)) u_cell (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (wr_en),
    .wr_addr (wr_addr),
    .wr_data (wr_data),
    .rd_en   (rd_en),
    .rd_addr (rd_addr),
    .rd_data (word)
);
`ifdef DLA_ASSERT
// In simulation what is undefined is wrong, so that whoever uses it is found.
reg collided; // with a write, the last read
always @(posedge clk) if (rd_en) collided <= wr_en && wr_addr == rd_addr;
assign rd_data = (collided === 1'b1) ? ~word : word;
`else
assign rd_data = word;
`endif
`else
/* verilator lint_off UNUSEDPARAM */ // for synthesis
localparam STYLE = (LUTS != 0 && DEPTH <= 32) ? "distributed" : "auto";
/* verilator lint_on UNUSEDPARAM */

(* no_rw_check, ram_style = STYLE *)
reg [WIDTH-1:0] mem [0:DEPTH-1];
reg [WIDTH-1:0] word;

assign rd_data = word;

always @(posedge clk) begin
`ifdef DLA_ASSERT
    // In simulation what is undefined is wrong, so that whoever uses it is found.
    if (rd_en) word <= (wr_en && wr_addr == rd_addr) ? ~mem[rd_addr] : mem[rd_addr];
`else
    if (rd_en) word <= mem[rd_addr];
`endif
`ifdef VERILATOR
    // No copy of each word on its way, for speed: nobody else reads `mem`.
    /* verilator lint_off BLKSEQ */
    if (wr_en) mem[wr_addr] = wr_data;
    /* verilator lint_on BLKSEQ */
`else
    if (wr_en) mem[wr_addr] <= wr_data;
`endif
end

/* verilator lint_off UNUSEDSIGNAL */ // pins of a cell
wire unused = |ram_pd;
/* verilator lint_on UNUSEDSIGNAL */
`endif

`ifdef FORMAL_DLA_RAM_1R1W
`include "dla_ram_1r1w.vh"
`endif

endmodule

`default_nettype wire
