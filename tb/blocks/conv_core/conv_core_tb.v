// Convolution core without the fetch: csc, cbuf, both halves of cmac, cacc. The bench plays cdma and sdp.
`default_nettype none

module conv_core_tb #(
    parameter ACC_DEPTH  = 16,
    parameter CACC_DEPTH = 32
) (
    input  wire         clk,
    input  wire         rst_n,
    // register bus, unit 0 csc, 1 cmac_a, 2 cmac_b, 3 cacc
    input  wire [1:0]   unit,
    input  wire         reg_valid,
    input  wire         reg_write,
    input  wire [9:0]   reg_addr,
    input  wire [31:0]  reg_wdata,
    output wire [31:0]  reg_rdata,
    // cdma
    input  wire [4:0]   last_data_bank,
    input  wire         wr_valid,
    input  wire [13:0]  wr_addr,
    input  wire [63:0]  wr_data,
    input  wire         dat_entry,
    input  wire         dat_slice,
    input  wire         dat_flush,
    input  wire         wt_entry,
    input  wire         wt_flush,
    output wire         dat_rls_valid,
    output wire [14:0]  dat_rls_entries,
    output wire         wt_rls_valid,
    output wire [14:0]  wt_rls_entries,
    output wire         csc_done,
    // sdp
    output wire         cacc2sdp_valid,
    input  wire         cacc2sdp_ready,
    output wire [255:0] cacc2sdp_data,
    output wire [1:0]   cacc_intr
);

wire [31:0]  csc_rdata, cmac_a_rdata, cmac_b_rdata, cacc_rdata;
wire [1:0]   dat_rd_en;
wire [13:0]  dat_rd_addr0, dat_rd_addr1, wt_rd_addr;
wire [63:0]  dat_rd_data0, dat_rd_data1, wt_rd_data, wt_data, dat_data;
wire         wt_rd_en, wt_valid, wt_pair, wt_upper, dat_valid, dat_swap, dat_first, dat_last, dat_layer_end, credit;
wire [2:0]   wt_sel;
wire [$clog2(ACC_DEPTH)-1:0] dat_index, mac_index;
wire         mac_valid, mac_first, mac_last, mac_layer_end;
wire [75:0]  mac_a_data, mac_b_data;

assign reg_rdata = csc_rdata | cmac_a_rdata | cmac_b_rdata | cacc_rdata;

csc #(.CACC_FIFO_DEPTH(CACC_DEPTH), .ACC_DEPTH(ACC_DEPTH)) u_csc (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_clk (clk), .reg_settling (),
    .reg_valid (reg_valid && unit == 2'd0), .reg_write (reg_write),
    .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (csc_rdata),
    .dat_entry (dat_entry), .dat_slice (dat_slice), .dat_flush (dat_flush), .wt_entry (wt_entry), .wt_flush (wt_flush),
    .dat_rls_valid (dat_rls_valid), .dat_rls_entries (dat_rls_entries),
    .wt_rls_valid (wt_rls_valid), .wt_rls_entries (wt_rls_entries), .csc_done (csc_done),
    .dat_rd_en (dat_rd_en), .dat_rd_addr0 (dat_rd_addr0), .dat_rd_addr1 (dat_rd_addr1),
    .dat_rd_data0 (dat_rd_data0), .dat_rd_data1 (dat_rd_data1),
    .wt_rd_en (wt_rd_en), .wt_rd_addr (wt_rd_addr), .wt_rd_data (wt_rd_data),
    .wt_valid (wt_valid), .wt_sel (wt_sel), .wt_pair (wt_pair), .wt_upper (wt_upper), .wt_data (wt_data),
    .dat_valid (dat_valid), .dat_data (dat_data), .dat_swap (dat_swap), .dat_index (dat_index),
    .dat_first (dat_first), .dat_last (dat_last), .dat_layer_end (dat_layer_end), .credit (credit)
);

cbuf u_cbuf (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .last_data_bank (last_data_bank),
    .wr_valid (wr_valid), .wr_addr (wr_addr), .wr_data (wr_data),
    .dat_rd_en (dat_rd_en), .dat_rd_addr0 (dat_rd_addr0), .dat_rd_addr1 (dat_rd_addr1),
    .dat_rd_data0 (dat_rd_data0), .dat_rd_data1 (dat_rd_data1),
    .wt_rd_en (wt_rd_en), .wt_rd_addr (wt_rd_addr), .wt_rd_data (wt_rd_data)
);

cmac #(.HALF(0), .ACC_DEPTH(ACC_DEPTH)) u_cmac_a (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_clk (clk), .reg_settling (),
    .reg_valid (reg_valid && unit == 2'd1), .reg_write (reg_write),
    .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (cmac_a_rdata),
    .wt_valid (wt_valid), .wt_sel (wt_sel), .wt_pair (wt_pair), .wt_upper (wt_upper), .wt_data (wt_data),
    .dat_valid (dat_valid), .dat_data (dat_data), .dat_swap (dat_swap), .dat_index (dat_index),
    .dat_first (dat_first), .dat_last (dat_last), .dat_layer_end (dat_layer_end),
    .mac_valid (mac_valid), .mac_data (mac_a_data), .mac_index (mac_index),
    .mac_first (mac_first), .mac_last (mac_last), .mac_layer_end (mac_layer_end)
);

/* verilator lint_off PINCONNECTEMPTY */ // both halves run in step: A tells for both
cmac #(.HALF(1), .ACC_DEPTH(ACC_DEPTH)) u_cmac_b (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_clk (clk), .reg_settling (),
    .reg_valid (reg_valid && unit == 2'd2), .reg_write (reg_write),
    .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (cmac_b_rdata),
    .wt_valid (wt_valid), .wt_sel (wt_sel), .wt_pair (wt_pair), .wt_upper (wt_upper), .wt_data (wt_data),
    .dat_valid (dat_valid), .dat_data (dat_data), .dat_swap (dat_swap), .dat_index (dat_index),
    .dat_first (dat_first), .dat_last (dat_last), .dat_layer_end (dat_layer_end),
    .mac_valid (), .mac_data (mac_b_data), .mac_index (), .mac_first (), .mac_last (), .mac_layer_end ()
);
/* verilator lint_on PINCONNECTEMPTY */

cacc #(.FIFO_DEPTH(CACC_DEPTH), .ACC_DEPTH(ACC_DEPTH)) u_cacc (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_valid (reg_valid && unit == 2'd3), .reg_write (reg_write),
    .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (cacc_rdata),
    .mac_valid (mac_valid), .mac_a_data (mac_a_data), .mac_b_data (mac_b_data), .mac_index (mac_index),
    .mac_first (mac_first), .mac_last (mac_last), .mac_layer_end (mac_layer_end), .credit (credit),
    .cacc2sdp_valid (cacc2sdp_valid), .cacc2sdp_ready (cacc2sdp_ready), .cacc2sdp_data (cacc2sdp_data),
    .cacc_intr (cacc_intr)
);

endmodule

`default_nettype wire
