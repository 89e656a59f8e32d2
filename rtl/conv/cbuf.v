// Convolution buffer: 32 banks x 512 entries x 8 bytes, entry address = {bank[4:0], row[8:0]}.
//
// Even and odd entries lie in RAMs of their own, so two neighbouring entries are read in one cycle. Two neighbouring
// banks share their RAMs (cbuf_pair). One write port for data and weights alike: the memory answers one beat a cycle
// in all.
//
// Data fill the banks from 0 on, weights those behind them. An odd number of data banks leaves one pair with a bank of
// each: that pair changes places with the last one (`place`), whose banks have RAMs of their own. The contents are void
// when the number changes, so nobody sees places.
//
//   t   *_rd_en, *_rd_addr      [address registers]
//   t+1 RAM access              [RAM output registers]
//   t+2 select one of 32 banks  [output registers]
//   t+3 *_rd_data
//
// Throughput: one write, two neighbouring data reads and one weight read a cycle. A word written in cycle t
// is seen by a read that starts in t or later; what a read gives that started in t - 1 is undefined (csc reads ahead of
// what is there, and uses none of it). Undefined until written. Spec: cdma.md section 2.
`default_nettype none

module cbuf (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // cdma
    input  wire [4:0]  last_data_bank, // a change voids the contents, counts from the next write on
    input  wire        wr_valid,
    input  wire [13:0] wr_addr,
    input  wire [63:0] wr_data,
    // csc, data: when both are enabled one address is even and the other odd
    input  wire [1:0]  dat_rd_en,
    input  wire [13:0] dat_rd_addr0,
    input  wire [13:0] dat_rd_addr1,
    output reg  [63:0] dat_rd_data0,
    output reg  [63:0] dat_rd_data1,
    // csc, weights
    input  wire        wt_rd_en,
    input  wire [13:0] wt_rd_addr,
    output reg  [63:0] wt_rd_data
);

// ---------------------------------------------------------------- places
localparam [3:0] APART = 4'd15; // the pair with a RAM for each bank

// The pair with data and weights. It changes with the first write after last_data_bank has: reads that were under way
// then are over.
reg  [3:0] mixed_before;
wire [3:0] mixed = !wr_valid ? mixed_before : last_data_bank[0] ? APART : last_data_bank[4:1];

always @(posedge clk) mixed_before <= mixed;

function [3:0] place(input [3:0] pair, input [3:0] with_both);
    place = (pair == with_both) ? APART : (pair == APART) ? with_both : pair;
endfunction

wire        swap      = dat_rd_en[0] ? dat_rd_addr0[0] : !dat_rd_addr1[0]; // address 0 is the odd one
wire [12:0] even_addr = swap ? dat_rd_addr1[13:1] : dat_rd_addr0[13:1];
wire [12:0] odd_addr  = swap ? dat_rd_addr0[13:1] : dat_rd_addr1[13:1];
wire [13:0] wr_place  = {place(wr_addr[13:10], mixed), wr_addr[9:0]};

// ---------------------------------------------------------------- banks
// Registers of one reader: stage 1 addresses the RAMs, stage 2 selects the bank. Control bits are
// {valid, parity or swap}.
reg        even_en_1, odd_en_1, swap_1, wt_en_1;
reg [12:0] even_addr_1, odd_addr_1; // {bank, row of the RAM}
reg [13:0] wt_addr_1;
reg        even_en_2, odd_en_2, swap_2, wt_en_2, wt_odd_2;
reg [4:0]  even_bank_2, odd_bank_2, wt_bank_2;

function [31:0] decode(input en, input [4:0] bank);
    decode = {31'd0, en} << bank;
endfunction

wire [31:0] wr_bank       = decode(wr_valid, wr_place[13:9]);
wire [31:0] dat_even_bank = decode(even_en_1, even_addr_1[12:8]);
wire [31:0] dat_odd_bank  = decode(odd_en_1, odd_addr_1[12:8]);
wire [31:0] wt_bank       = decode(wt_en_1, wt_addr_1[13:9]);
wire [31:0] dat_even_sel  = decode(even_en_2, even_bank_2);
wire [31:0] dat_odd_sel   = decode(odd_en_2, odd_bank_2);
wire [31:0] wt_sel        = decode(wt_en_2, wt_bank_2);

wire [16*64-1:0] even, odd, wt; // one word from each pair of banks

genvar g;
generate
    for (g = 0; g < 16; g = g + 1) begin : g_pair
        cbuf_pair #(.SHARED(g != 15)) u_pair (
            .clk          (clk),
            .ram_pd       (ram_pd),
            .wr_even      (wr_bank[2*g +: 2] & {2{!wr_place[0]}}),
            .wr_odd       (wr_bank[2*g +: 2] & {2{wr_place[0]}}),
            .wr_row       (wr_place[8:1]),
            .wr_data      (wr_data),
            .dat_even_en  (dat_even_bank[2*g +: 2]),
            .dat_odd_en   (dat_odd_bank[2*g +: 2]),
            .wt_even_en   (wt_bank[2*g +: 2] & {2{!wt_addr_1[0]}}),
            .wt_odd_en    (wt_bank[2*g +: 2] & {2{wt_addr_1[0]}}),
            .dat_even_row (even_addr_1[7:0]),
            .dat_odd_row  (odd_addr_1[7:0]),
            .wt_row       (wt_addr_1[8:1]),
            .dat_even_sel (dat_even_sel[2*g +: 2]),
            .dat_odd_sel  (dat_odd_sel[2*g +: 2]),
            .wt_even_sel  (wt_sel[2*g +: 2] & {2{!wt_odd_2}}),
            .wt_odd_sel   (wt_sel[2*g +: 2] & {2{wt_odd_2}}),
            .dat_even     (even[64*g +: 64]),
            .dat_odd      (odd[64*g +: 64]),
            .wt           (wt[64*g +: 64])
        );
    end
endgenerate

reg [63:0] even_word, odd_word, wt_word;
integer i;
always @* begin
    even_word = 64'd0;
    odd_word  = 64'd0;
    wt_word   = 64'd0;
    for (i = 0; i < 16; i = i + 1) begin
        even_word = even_word | even[64*i +: 64];
        odd_word  = odd_word | odd[64*i +: 64];
        wt_word   = wt_word | wt[64*i +: 64];
    end
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {even_en_1, odd_en_1, wt_en_1} <= 3'b000;
        {even_en_2, odd_en_2, wt_en_2} <= 3'b000;
    end else begin
        even_en_1 <= swap ? dat_rd_en[1] : dat_rd_en[0];
        odd_en_1  <= swap ? dat_rd_en[0] : dat_rd_en[1];
        wt_en_1   <= wt_rd_en;
        even_en_2 <= even_en_1;
        odd_en_2  <= odd_en_1;
        wt_en_2   <= wt_en_1;
    end
end

always @(posedge clk) begin
    if (|dat_rd_en) begin
        swap_1      <= swap;
        even_addr_1 <= {place(even_addr[12:9], mixed), even_addr[8:0]};
        odd_addr_1  <= {place(odd_addr[12:9], mixed), odd_addr[8:0]};
    end
    if (wt_rd_en) wt_addr_1 <= {place(wt_rd_addr[13:10], mixed), wt_rd_addr[9:0]};
    if (even_en_1 || odd_en_1) begin
        swap_2      <= swap_1;
        even_bank_2 <= even_addr_1[12:8];
        odd_bank_2  <= odd_addr_1[12:8];
    end
    if (wt_en_1) begin
        wt_odd_2  <= wt_addr_1[0];
        wt_bank_2 <= wt_addr_1[13:9];
    end
    if (even_en_2 || odd_en_2) begin
        dat_rd_data0 <= swap_2 ? odd_word : even_word;
        dat_rd_data1 <= swap_2 ? even_word : odd_word;
    end
    if (wt_en_2) wt_rd_data <= wt_word;
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && mixed != mixed_before && (|dat_rd_en || wt_rd_en))
        $error("%m: the banks change while the layer before is read");
    if (rst_n && &dat_rd_en && dat_rd_addr0[0] == dat_rd_addr1[0])
        $error("%m: both data reads go to entries of the same parity");
end
`endif

endmodule

`default_nettype wire
