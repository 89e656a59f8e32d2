// Deep first-in first-out buffer on a block RAM: the latency buffer behind a read DMA.
//
// The writer must know that there is space (it reserved it when it sent the request), so there is no
// `in_ready`. `pop` pulses once for every word that leaves, to give the reservation back.
// A word written in cycle t is offered at the output in t+2; throughput is one word a cycle.
`default_nettype none

module dla_ram_fifo #(
    parameter WIDTH = 64,  // bits of a word
    parameter DEPTH = 128, // words in the RAM, a power of two
    parameter LUTS  = 0    // of the RAM: see dla_ram_1r1w
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire [31:0]      ram_pd,
    input  wire             in_valid,
    input  wire [WIDTH-1:0] in_data,
    output wire             out_valid,
    input  wire             out_ready,
    output wire [WIDTH-1:0] out_data,
    output wire             pop
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUTS != 0 && LUTS != 1) begin : g_luts_illegal dla_ram_fifo_LUTS_is_0_or_1 u_illegal (); end
    if (WIDTH < 1) begin : g_width_illegal dla_ram_fifo_WIDTH_is_at_least_1 u_illegal (); end
    if (DEPTH < 2 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal dla_ram_fifo_DEPTH_is_a_power_of_two_from_2 u_illegal (); end
endgenerate

localparam PTR_W = $clog2(DEPTH);

reg [PTR_W:0]    wr_ptr;
reg [PTR_W:0]    rd_ptr;
reg              fetched;  // rd_data of the RAM holds a word not yet passed on
wire [WIDTH-1:0] ram_data;

// The output stage is a two-entry FIFO, so that a RAM read can be started before its slot is known free.
reg              head_valid;
reg              tail_valid;
reg [WIDTH-1:0]  head;
reg [WIDTH-1:0]  tail;

wire in_ram = (wr_ptr != rd_ptr);
assign pop  = out_valid && out_ready;

wire [1:0] held  = {1'b0, fetched} + {1'b0, head_valid} + {1'b0, tail_valid};
wire       start = in_ram && (held < 2'd2 || (held == 2'd2 && pop));

dla_ram_1r1w #(.WIDTH(WIDTH), .DEPTH(DEPTH), .LUTS(LUTS)) u_ram (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (in_valid),
    .wr_addr (wr_ptr[PTR_W-1:0]),
    .wr_data (in_data),
    .rd_en   (start),
    .rd_addr (rd_ptr[PTR_W-1:0]),
    .rd_data (ram_data)
);

assign out_valid = head_valid;
assign out_data  = head;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        wr_ptr     <= 0;
        rd_ptr     <= 0;
        fetched    <= 1'b0;
        head_valid <= 1'b0;
        tail_valid <= 1'b0;
    end else begin
        if (in_valid) wr_ptr <= wr_ptr + 1'b1;
        if (start)    rd_ptr <= rd_ptr + 1'b1;
        fetched <= start;
        if (pop || !head_valid) begin
            head_valid <= tail_valid || fetched;
            tail_valid <= tail_valid && fetched;
        end else if (fetched) begin
            tail_valid <= 1'b1;
        end
    end
end

always @(posedge clk) begin
    if (pop || !head_valid) head <= tail_valid ? tail : ram_data;
    if (fetched)            tail <= ram_data;
end

`ifdef FORMAL_DLA_RAM_FIFO
`include "dla_ram_fifo.vh"
`endif

endmodule

`default_nettype wire
