// Both halves of the MAC array on one input, as in the chip.
`default_nettype none

module cmac_tb #(
    parameter DSP       = 1,
    parameter ACC_DEPTH = 16,
    parameter INDEX_W   = $clog2(ACC_DEPTH) // derived, do not set
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire         unit, // 0: registers of CMAC_A, 1: of CMAC_B
    input  wire         reg_valid,
    input  wire         reg_write,
    input  wire [9:0]   reg_addr,
    input  wire [31:0]  reg_wdata,
    output wire [31:0]  reg_rdata,
    input  wire         wt_valid,
    input  wire [2:0]   wt_sel,
    input  wire         wt_pair,
    input  wire         wt_upper,
    input  wire [63:0]  wt_data,
    input  wire         dat_valid,
    input  wire [63:0]  dat_data,
    input  wire         dat_swap,
    input  wire [INDEX_W-1:0] dat_index,
    input  wire         dat_first,
    input  wire         dat_last,
    input  wire         dat_layer_end,
    output wire [1:0]   mac_valid,
    output wire [151:0] mac_data,
    output wire [2*INDEX_W-1:0] mac_index,
    output wire [1:0]   mac_first,
    output wire [1:0]   mac_last,
    output wire [1:0]   mac_layer_end
);

wire [63:0] rdata;
assign reg_rdata = rdata[31:0] | rdata[63:32];

genvar h;
generate
for (h = 0; h < 2; h = h + 1) begin : g_half
    cmac #(.HALF(h), .DSP(DSP), .ACC_DEPTH(ACC_DEPTH)) u_cmac (
        .clk (clk), .rst_n (rst_n), .ram_pd (32'd0), .reg_clk (clk), .reg_settling (),
        .reg_valid (reg_valid && unit == h[0]), .reg_write (reg_write),
        .reg_addr (reg_addr), .reg_wdata (reg_wdata), .reg_rdata (rdata[32*h +: 32]),
        .wt_valid (wt_valid), .wt_sel (wt_sel), .wt_pair (wt_pair), .wt_upper (wt_upper), .wt_data (wt_data),
        .dat_valid (dat_valid), .dat_data (dat_data), .dat_swap (dat_swap), .dat_index (dat_index),
        .dat_first (dat_first), .dat_last (dat_last), .dat_layer_end (dat_layer_end),
        .mac_valid (mac_valid[h]), .mac_data (mac_data[76*h +: 76]), .mac_index (mac_index[INDEX_W*h +: INDEX_W]),
        .mac_first (mac_first[h]), .mac_last (mac_last[h]), .mac_layer_end (mac_layer_end[h])
    );
end
endgenerate

endmodule

`default_nettype wire
