// The two look-up tables of one lane of CDP: two neighbouring entries a cycle. Latency 1.
//
// Even and odd entries lie in RAMs of their own, so entry i and i+1 are read together. Entries: LO from 0, LE from
// 384, as cdp_lut_access writes them. Every lane has its copy.
`default_nettype none

module cdp_tables (
    input  wire        clk,
    input  wire [31:0] ram_pd,
    input  wire        wr_en,
    input  wire [8:0]  wr_addr,
    input  wire [15:0] wr_data,
    input  wire [8:0]  entry,
    output wire [15:0] value,  // of entry
    output wire [15:0] upper   // of entry + 1
);

wire [15:0] even, odd;
reg         is_odd;

always @(posedge clk) is_odd <= entry[0];

assign value = is_odd ? odd : even;
assign upper = is_odd ? even : odd;

dla_ram_1r1w #(.WIDTH(16), .DEPTH(256)) u_even (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (wr_en && !wr_addr[0]),
    .wr_addr (wr_addr[8:1]),
    .wr_data (wr_data),
    .rd_en   (!wr_en), // written only while no layer runs
    .rd_addr (entry[8:1] + {7'd0, entry[0]}),
    .rd_data (even)
);

dla_ram_1r1w #(.WIDTH(16), .DEPTH(256)) u_odd (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (wr_en && wr_addr[0]),
    .wr_addr (wr_addr[8:1]),
    .wr_data (wr_data),
    .rd_en   (!wr_en), // written only while no layer runs
    .rd_addr (entry[8:1]),
    .rd_data (odd)
);

endmodule

`default_nettype wire
