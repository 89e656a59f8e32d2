// CMAC: one half of the MAC array, four cells for the kernels 4*HALF .. 4*HALF+3 of a group.
//
//   cycle 0  atom at the input
//   cycle 1  data register; active weights       <- shadow weights, loaded while the former set works
//   cycle 2  sums of four products
//   cycle 3  mac_*
//
// Latency 3 cycles, one atom a cycle, no back-pressure. Registers hold still when nothing is valid.
// Weights come as eight lanes of one kernel or as four lanes of two (`wt_pair`), and those four go to
// lanes 0-3 (4-7 become 0) or with `wt_upper` to lanes 4-7 (0-3 stay).
// Spec: csc_cmac_cacc.md sections 4 and 5.
`default_nettype none

module cmac #(
    parameter HALF      = 0,                // 0: kernels 0-3 (CMAC_A), 1: kernels 4-7 (CMAC_B)
    parameter DSP       = 1,                // 1: products by multipliers, 0: by logic, for FPGAs
    parameter ACC_DEPTH = 16,               // positions of a stripe, a power of two, at least 8
    parameter INDEX_W   = $clog2(ACC_DEPTH) // derived, do not set
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    // register bus
    input  wire        reg_clk,   // of the register bus, stops with it
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        reg_settling,
    // csc
    input  wire        wt_valid,
    input  wire [2:0]  wt_sel,
    input  wire        wt_pair,
    input  wire        wt_upper,
    input  wire [63:0] wt_data,
    input  wire        dat_valid,
    input  wire [63:0] dat_data,
    input  wire        dat_swap,
    input  wire [INDEX_W-1:0] dat_index,
    input  wire        dat_first,
    input  wire        dat_last,
    input  wire        dat_layer_end,
    // cacc
    output wire        mac_valid,
    output wire [75:0] mac_data,
    output wire [INDEX_W-1:0] mac_index,
    output wire        mac_first,
    output wire        mac_last,
    output wire        mac_layer_end
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (HALF < 0 || HALF > 1) begin : g_half_illegal cmac_HALF_is_0_to_1 u_illegal (); end
    if (DSP != 0 && DSP != 1) begin : g_dsp_illegal cmac_DSP_is_0_or_1 u_illegal (); end
    if (ACC_DEPTH < 8 || ACC_DEPTH > 512 || (ACC_DEPTH & (ACC_DEPTH - 1)) != 0)
        begin : g_acc_depth_illegal cmac_ACC_DEPTH_is_a_power_of_two_from_8_to_512 u_illegal (); end
    if (INDEX_W != $clog2(ACC_DEPTH)) begin : g_index_w_illegal cmac_INDEX_W_is_derived u_illegal (); end
endgenerate

reg [2:0]  valid; // cycles 1 to 3
reg [63:0] data;
reg [INDEX_W+2:0] tag_1, tag_2, tag_3;
reg [3:0]  present; // kernels of the shadow set

wire       here    = (wt_sel[2] == HALF[0]);
wire       new_set = wt_valid && (wt_sel == 3'd0) && !wt_upper;
wire       load_1  = wt_valid && here;
wire [3:0] load    = {2'd0, load_1 && wt_pair, load_1} << wt_sel[1:0];

// Lanes of the cells with even and with odd kernels. A pair has the even kernel in the lower half.
wire [63:0] wt_even = {wt_upper ? wt_data[31:0] : wt_pair ? 32'd0 : wt_data[63:32], wt_data[31:0]};
wire [63:0] wt_odd  = {(wt_pair && !wt_upper) ? 32'd0 : wt_data[63:32], wt_pair ? wt_data[63:32] : wt_data[31:0]};

assign mac_valid = valid[2];
assign {mac_index, mac_first, mac_last, mac_layer_end} = tag_3;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        valid   <= 3'd0;
        present <= 4'd0;
    end else begin
        valid   <= {valid[1:0], dat_valid};
        present <= (new_set ? 4'd0 : present) | load;
    end
end

always @(posedge clk) begin
    if (dat_valid) begin
        data  <= dat_data;
        tag_1 <= {dat_index, dat_first, dat_last, dat_layer_end};
    end
    if (valid[0]) tag_2 <= tag_1;
    if (valid[1]) tag_3 <= tag_2;
end

genvar k;
generate
for (k = 0; k < 4; k = k + 1) begin : g_cell
    cmac_cell #(.DSP(DSP)) u_cell (
        .clk         (clk),
        .load_low    (load[k] && !wt_upper),
        .load_high   (load[k]),
        .wt_data     ((k % 2 == 1) ? wt_odd : wt_even),
        .swap        (dat_valid && dat_swap),
        .present     (present[k]),
        .dat_valid_1 (valid[0]),
        .dat_data    (data),
        .dat_valid_2 (valid[1]),
        .sum         (mac_data[19*k +: 19])
    );
end
endgenerate

/* verilator lint_off PINCONNECTEMPTY */ // no setting of this unit has an effect
cmac_regs u_regs (
    .clk       (reg_clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .reg_valid (reg_valid),
    .reg_write (reg_write),
    .reg_addr  (reg_addr),
    .reg_wdata (reg_wdata),
    .reg_rdata (reg_rdata),
    .op_en     (),
    .consumer  (),
    .settling  (reg_settling),
    .done      (mac_valid && mac_layer_end)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
