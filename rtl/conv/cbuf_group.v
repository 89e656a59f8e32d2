// Four banks of the convolution buffer: eight RAMs of 256 x 64, even and odd entries of each bank.
//
//   t   wr_* / rd_* (one-hot over the four banks)     RAM written, RAM read
//   t+1 *_sel pick what comes out: dat_even, dat_odd, wt (0 where nothing is selected, for an OR tree)
//
// Each RAM has one read port. Data and weights never share a bank, so the two readers never meet.
`default_nettype none

module cbuf_group (
    input  wire        clk,
    // write, already decoded; even and odd RAMs separately
    input  wire [3:0]  wr_even,
    input  wire [3:0]  wr_odd,
    input  wire [7:0]  wr_row,
    input  wire [63:0] wr_data,
    // read, cycle t
    input  wire [3:0]  dat_even_en,
    input  wire [3:0]  dat_odd_en,
    input  wire [3:0]  wt_even_en,
    input  wire [3:0]  wt_odd_en,
    input  wire [7:0]  dat_even_row,
    input  wire [7:0]  dat_odd_row,
    input  wire [7:0]  wt_row,
    // select, cycle t+1
    input  wire [3:0]  dat_even_sel,
    input  wire [3:0]  dat_odd_sel,
    input  wire [3:0]  wt_even_sel,
    input  wire [3:0]  wt_odd_sel,
    output reg  [63:0] dat_even,
    output reg  [63:0] dat_odd,
    output reg  [63:0] wt
);

wire [4*64-1:0] even;
wire [4*64-1:0] odd;

genvar g;
generate
    for (g = 0; g < 4; g = g + 1) begin : bank
        dla_ram_1r1w #(.WIDTH(64), .DEPTH(256)) u_even (
            .clk     (clk),
            .wr_en   (wr_even[g]),
            .wr_addr (wr_row),
            .wr_data (wr_data),
            .rd_en   (dat_even_en[g] || wt_even_en[g]),
            .rd_addr (wt_even_en[g] ? wt_row : dat_even_row),
            .rd_data (even[64*g +: 64])
        );
        dla_ram_1r1w #(.WIDTH(64), .DEPTH(256)) u_odd (
            .clk     (clk),
            .wr_en   (wr_odd[g]),
            .wr_addr (wr_row),
            .wr_data (wr_data),
            .rd_en   (dat_odd_en[g] || wt_odd_en[g]),
            .rd_addr (wt_odd_en[g] ? wt_row : dat_odd_row),
            .rd_data (odd[64*g +: 64])
        );
    end
endgenerate

integer i;
always @* begin
    dat_even = 64'd0;
    dat_odd  = 64'd0;
    wt       = 64'd0;
    for (i = 0; i < 4; i = i + 1) begin
        dat_even = dat_even | (even[64*i +: 64] & {64{dat_even_sel[i]}});
        dat_odd  = dat_odd | (odd[64*i +: 64] & {64{dat_odd_sel[i]}});
        wt       = wt | (even[64*i +: 64] & {64{wt_even_sel[i]}}) | (odd[64*i +: 64] & {64{wt_odd_sel[i]}});
    end
end

`ifdef DLA_ASSERT
always @(posedge clk) begin
    if (|(dat_even_en & wt_even_en) || |(dat_odd_en & wt_odd_en))
        $error("%m: data and weights read from the same bank");
end
`endif

endmodule

`default_nettype wire
