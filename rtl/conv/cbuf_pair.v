// Two neighbouring banks of the convolution buffer, even and odd entries in RAMs of their own.
//
//   t   wr_* / rd_* (one-hot over the two banks)      RAM written, RAM read
//   t+1 *_sel pick what comes out: dat_even, dat_odd, wt (0 where nothing is selected, for an OR tree)
//
// SHARED = 1: both banks in one RAM of 512 x 64 for the even entries and one for the odd ones, which fill a block RAM
// of 36 kbit each. One read a cycle and RAM: the two banks belong both to the data or both to the weights.
// SHARED = 0: four RAMs of 256 x 64, so that one bank may hold data and the other weights.
`default_nettype none

module cbuf_pair #(
    parameter SHARED = 1 // 0 or 1
) (
    input  wire        clk,
    input  wire [31:0] ram_pd,
    // write, already decoded; even and odd RAMs separately
    input  wire [1:0]  wr_even,
    input  wire [1:0]  wr_odd,
    input  wire [7:0]  wr_row,
    input  wire [63:0] wr_data,
    // read, cycle t
    input  wire [1:0]  dat_even_en,
    input  wire [1:0]  dat_odd_en,
    input  wire [1:0]  wt_even_en,
    input  wire [1:0]  wt_odd_en,
    input  wire [7:0]  dat_even_row,
    input  wire [7:0]  dat_odd_row,
    input  wire [7:0]  wt_row,
    // select, cycle t+1
    input  wire [1:0]  dat_even_sel,
    input  wire [1:0]  dat_odd_sel,
    input  wire [1:0]  wt_even_sel,
    input  wire [1:0]  wt_odd_sel,
    output wire [63:0] dat_even,
    output wire [63:0] dat_odd,
    output wire [63:0] wt
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (SHARED != 0 && SHARED != 1) begin : g_shared_illegal cbuf_pair_SHARED_is_0_or_1 u_illegal (); end
endgenerate

genvar g;
generate
if (SHARED != 0) begin : g_shared
    wire [63:0] even, odd;

    dla_ram_1r1w #(.WIDTH(64), .DEPTH(512)) u_even (
        .clk     (clk),
        .ram_pd  (ram_pd),
        .wr_en   (|wr_even),
        .wr_addr ({wr_even[1], wr_row}),
        .wr_data (wr_data),
        .rd_en   (|dat_even_en || |wt_even_en),
        .rd_addr (|wt_even_en ? {wt_even_en[1], wt_row} : {dat_even_en[1], dat_even_row}),
        .rd_data (even)
    );
    dla_ram_1r1w #(.WIDTH(64), .DEPTH(512)) u_odd (
        .clk     (clk),
        .ram_pd  (ram_pd),
        .wr_en   (|wr_odd),
        .wr_addr ({wr_odd[1], wr_row}),
        .wr_data (wr_data),
        .rd_en   (|dat_odd_en || |wt_odd_en),
        .rd_addr (|wt_odd_en ? {wt_odd_en[1], wt_row} : {dat_odd_en[1], dat_odd_row}),
        .rd_data (odd)
    );

    assign dat_even = even & {64{|dat_even_sel}};
    assign dat_odd  = odd & {64{|dat_odd_sel}};
    assign wt       = (even & {64{|wt_even_sel}}) | (odd & {64{|wt_odd_sel}});
end else begin : g_apart
    wire [2*64-1:0] even, odd;

    for (g = 0; g < 2; g = g + 1) begin : g_bank
        dla_ram_1r1w #(.WIDTH(64), .DEPTH(256)) u_even (
            .clk     (clk),
            .ram_pd  (ram_pd),
            .wr_en   (wr_even[g]),
            .wr_addr (wr_row),
            .wr_data (wr_data),
            .rd_en   (dat_even_en[g] || wt_even_en[g]),
            .rd_addr (wt_even_en[g] ? wt_row : dat_even_row),
            .rd_data (even[64*g +: 64])
        );
        dla_ram_1r1w #(.WIDTH(64), .DEPTH(256)) u_odd (
            .clk     (clk),
            .ram_pd  (ram_pd),
            .wr_en   (wr_odd[g]),
            .wr_addr (wr_row),
            .wr_data (wr_data),
            .rd_en   (dat_odd_en[g] || wt_odd_en[g]),
            .rd_addr (wt_odd_en[g] ? wt_row : dat_odd_row),
            .rd_data (odd[64*g +: 64])
        );
    end

    assign dat_even = (even[63:0] & {64{dat_even_sel[0]}}) | (even[127:64] & {64{dat_even_sel[1]}});
    assign dat_odd  = (odd[63:0] & {64{dat_odd_sel[0]}}) | (odd[127:64] & {64{dat_odd_sel[1]}});
    assign wt       = (even[63:0] & {64{wt_even_sel[0]}}) | (even[127:64] & {64{wt_even_sel[1]}})
                    | (odd[63:0] & {64{wt_odd_sel[0]}}) | (odd[127:64] & {64{wt_odd_sel[1]}});
end
endgenerate

`ifdef DLA_ASSERT
wire [1:0] even_both = dat_even_en & wt_even_en;
wire [1:0] odd_both  = dat_odd_en & wt_odd_en;
always @(posedge clk) begin
    if (SHARED != 0 ? (|dat_even_en && |wt_even_en) || (|dat_odd_en && |wt_odd_en) : |even_both || |odd_both)
        $error("%m: data and weights read from the same RAM");
end
`endif

endmodule

`default_nettype wire
