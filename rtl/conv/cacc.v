// CACC: accumulators of a stripe (ACC_DEPTH positions x 8 kernels x 32 bit), rounding, and delivery to SDP.
//
//   cycle 0  mac_* at the input; the accumulator is read
//   cycle 1  sum: written back, or passed on with the last operation
//   cycle 2  rounding shift, into the delivery FIFO
//   cycle 4  cacc2sdp_valid
//
// One atom a cycle in and out. Two neighbouring atoms never have the same index (a stripe operation takes
// at least two cycles), so an accumulator written in cycle 1 is never read in that cycle. CSC holds one
// credit for each place in the delivery FIFO: there is no back-pressure. Spec: csc_cmac_cacc.md section 6.
`default_nettype none

module cacc #(
    parameter FIFO_DEPTH = 32,               // atoms, a power of two; credits of CSC
    parameter LUT_RAMS   = 0,                // 1: small memories in LUTs, for FPGAs (dla_ram_1r1w)
    parameter ACC_DEPTH  = 16,               // positions of a stripe, a power of two, at least 8
    parameter INDEX_W    = $clog2(ACC_DEPTH) // derived, do not set
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire [31:0]  ram_pd,
    // register bus
    input  wire         reg_valid,
    input  wire         reg_write,
    input  wire [9:0]   reg_addr,
    input  wire [31:0]  reg_wdata,
    output wire [31:0]  reg_rdata,
    // cmac
    input  wire         mac_valid,
    input  wire [75:0]  mac_a_data,
    input  wire [75:0]  mac_b_data,
    input  wire [INDEX_W-1:0] mac_index,
    input  wire         mac_first,
    input  wire         mac_last,
    input  wire         mac_layer_end,
    // csc
    output wire         credit,
    // sdp
    output wire         cacc2sdp_valid,
    input  wire         cacc2sdp_ready,
    output wire [255:0] cacc2sdp_data,
    // glb
    output wire [1:0]   cacc_intr
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal cacc_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (FIFO_DEPTH < 16 || FIFO_DEPTH > 512 || (FIFO_DEPTH & (FIFO_DEPTH - 1)) != 0)
        begin : g_fifo_depth_illegal cacc_FIFO_DEPTH_is_a_power_of_two_from_16_to_512 u_illegal (); end
    if (ACC_DEPTH < 8 || ACC_DEPTH > 512 || (ACC_DEPTH & (ACC_DEPTH - 1)) != 0)
        begin : g_acc_depth_illegal cacc_ACC_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (INDEX_W != $clog2(ACC_DEPTH)) begin : g_index_w_illegal cacc_INDEX_W_is_derived u_illegal (); end
endgenerate

wire [4:0] shift;

// ---------------------------------------------------------------- accumulate
reg          add_valid;
reg          out_valid;
reg  [151:0] products;
reg  [INDEX_W-1:0] index;
reg          first;
reg          last;
reg          add_end;
reg          out_end;
reg  [255:0] out_sum;
wire [255:0] stored;
wire [255:0] sum;

dla_ram_1r1w #(.WIDTH(256), .DEPTH(ACC_DEPTH), .LUTS(LUT_RAMS)) u_accumulators (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (add_valid && !last),
    .wr_addr (index),
    .wr_data (sum),
    .rd_en   (mac_valid && !mac_first),
    .rd_addr (mac_index),
    .rd_data (stored)
);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        add_valid <= 1'b0;
        out_valid <= 1'b0;
    end else begin
        add_valid <= mac_valid;
        out_valid <= add_valid && last;
    end
end

always @(posedge clk) begin
    if (mac_valid) begin
        products <= {mac_b_data, mac_a_data};
        index    <= mac_index;
        first    <= mac_first;
        last     <= mac_last;
        add_end  <= mac_layer_end;
    end
    if (add_valid && last) begin
        out_sum <= sum;
        out_end <= add_end;
    end
end

// ---------------------------------------------------------------- round
// Rounding looks at the bits shift-2 .. shift-16 of the sum below the rounding bit shift-1.
wire [30:0]  below       = ~(31'h7fffffff << shift) >> 1; // bits shift-2 .. 0
wire [30:0]  sticky_mask = below & ~(below >> 15);
wire [255:0] rounded;

genvar k;
generate
for (k = 0; k < 8; k = k + 1) begin : g_lane
    wire [31:0] former = first ? 32'd0 : stored[32*k +: 32];
    assign sum[32*k +: 32] = former + {{13{products[19*k + 18]}}, products[19*k +: 19]};

    cacc_round u_round (
        .v           (out_sum[32*k +: 32]),
        .shift       (shift),
        .sticky_mask (sticky_mask),
        .q           (rounded[32*k +: 32])
    );
end
endgenerate

// ---------------------------------------------------------------- deliver
wire last_of_layer;
reg  intr_group;

dla_ram_fifo #(.WIDTH(257), .DEPTH(FIFO_DEPTH), .LUTS(LUT_RAMS)) u_delivery (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .in_valid  (out_valid),
    .in_data   ({out_end, rounded}),
    .out_valid (cacc2sdp_valid),
    .out_ready (cacc2sdp_ready),
    .out_data  ({last_of_layer, cacc2sdp_data}),
    .pop       (credit)
);

wire taken = credit && last_of_layer;

assign cacc_intr = {taken && intr_group, taken && !intr_group};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)     intr_group <= 1'b0;
    else if (taken) intr_group <= !intr_group;
end

/* verilator lint_off PINCONNECTEMPTY */ // the output size comes with the stream
cacc_regs u_regs (
    .clk                              (clk),
    .rst_n                            (rst_n),
    .ram_pd                           (ram_pd),
    .reg_valid                        (reg_valid),
    .reg_write                        (reg_write),
    .reg_addr                         (reg_addr),
    .reg_wdata                        (reg_wdata),
    .reg_rdata                        (reg_rdata),
    .op_en                            (),
    .consumer                         (),
    .settling                         (),
    .done                             (out_valid && out_end),
    .cfg_dataout_size_0_dataout_width (),
    .cfg_dataout_size_0_dataout_height(),
    .cfg_clip_cfg_clip_truncate       (shift),
    .sts_out_saturation_sat_count     (32'd0)
);
/* verilator lint_on PINCONNECTEMPTY */

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && mac_valid && !mac_first && add_valid && !last && mac_index == index)
        $error("%m: accumulator %0d is used in two successive cycles", index);
end
`endif

`ifdef FORMAL_CACC
`include "cacc.vh"
`endif

endmodule

`default_nettype wire
