// csc with its buffer; the bench plays cdma, the MAC array and cacc.
`default_nettype none

module csc_tb #(
    parameter ACC_DEPTH  = 16,
    parameter CACC_DEPTH = 32
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    // cdma
    input  wire [4:0]  last_data_bank,
    input  wire        wr_valid,
    input  wire [13:0] wr_addr,
    input  wire [63:0] wr_data,
    input  wire        dat_entry,
    input  wire        dat_slice,
    input  wire        dat_flush,
    input  wire        wt_entry,
    input  wire        wt_flush,
    output wire        dat_rls_valid,
    output wire [14:0] dat_rls_entries,
    output wire        wt_rls_valid,
    output wire [14:0] wt_rls_entries,
    output wire        csc_done,
    // cmac
    output wire        wt_valid,
    output wire [2:0]  wt_sel,
    output wire        wt_pair,
    output wire        wt_upper,
    output wire [63:0] wt_data,
    output wire        dat_valid,
    output wire [63:0] dat_data,
    output wire        dat_swap,
    output wire [$clog2(ACC_DEPTH)-1:0] dat_index,
    output wire        dat_first,
    output wire        dat_last,
    output wire        dat_layer_end,
    // cacc
    input  wire        credit
);

wire [1:0]  dat_rd_en;
wire [13:0] dat_rd_addr0, dat_rd_addr1, wt_rd_addr;
wire [63:0] dat_rd_data0, dat_rd_data1, wt_rd_data;
wire        wt_rd_en;

csc #(.CACC_FIFO_DEPTH(CACC_DEPTH), .ACC_DEPTH(ACC_DEPTH)) u_csc (
    .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_clk (clk), .reg_settling (),
    .reg_valid (reg_valid), .reg_write (reg_write),
    .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (reg_rdata),
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

endmodule

`default_nettype wire
