// Simulation only: chip-level top. Clocks, reset, memory, command player and any module NV_nvdla, which is
// touched at its ports only; macro DUT_PARAMETERS, #(.NAME(value), ...), sets its parameters. Macro SIM_AXI: sim_axi_dut, the chip in its AXI shell,
// instead; it holds the parameters of that.
//
//   player --reset--> [dla_reset_guard] --> NV_nvdla dla_* <-- DBB --> [dla_reset_guard] <-- DBB --> memory
//
// The memory is never reset with the accelerator, but told of it: without the guard it stands for a memory system that does
// what docs/reset.md asks of it.
//
// Plusargs: those of sim_player, sim_memory and sim_activity; +ungated: no clock of the accelerator stops; +csb_period=<ps>, even:
// of dla_csb_clk, 0 (the default) for the core clock itself; +ram_c_pd=<hex>, and ma, mb, p, o, a: pins of the memories, 0 by
// default. One model serves all of them.
//
// With macro SIM_CLOCK (Verilator) the clocks come from the main program, and nothing here waits, so that no scheduler is needed of
// delays: a foreign DUT whose RAM models have some is simulated without them (models/cocodla/sim/timing.py).
`default_nettype none

module sim_top #(
    parameter CORE_PERIOD = 10000, // ps of dla_core_clk, even
    parameter GUARD = 0            // 1: dla_reset_guard between accelerator and memory
) (
`ifdef SIM_CLOCK
    input  wire        core_clk,    // both driven by the main program (sim_clock.h): faster than a process
    input  wire        csb_clk,
    output wire [31:0] core_period, // ps, for it
    output wire [31:0] csb_period,
`endif
    output wire        done,      // the run is over, the results file complete
    output wire [31:0] position   // command index of the last MARK or WAIT passed
);

reg rst_n, ungated;
reg [8*1024-1:0] path;
reg [31:0] csb_ps, ram_c_pd, ram_ma_pd, ram_mb_pd, ram_p_pd, ram_o_pd, ram_a_pd;
integer log;

initial begin
    if (!$value$plusargs("results=%s", path)) path = "results.txt";
    log = $fopen(path, "w");
    ungated = $test$plusargs("ungated") != 0;
    if (!$value$plusargs("csb_period=%d", csb_ps)) csb_ps = 0;
    {ram_c_pd, ram_ma_pd, ram_mb_pd, ram_p_pd, ram_o_pd, ram_a_pd} = 192'd0;
    if ($value$plusargs("ram_c_pd=%h", ram_c_pd)) begin end
    if ($value$plusargs("ram_ma_pd=%h", ram_ma_pd)) begin end
    if ($value$plusargs("ram_mb_pd=%h", ram_mb_pd)) begin end
    if ($value$plusargs("ram_p_pd=%h", ram_p_pd)) begin end
    if ($value$plusargs("ram_o_pd=%h", ram_o_pd)) begin end
    if ($value$plusargs("ram_a_pd=%h", ram_a_pd)) begin end
end

`ifdef SIM_CLOCK
assign core_period = CORE_PERIOD;
assign csb_period  = (csb_ps == 0) ? CORE_PERIOD : csb_ps;
`else
reg core_clk, free_clk;
wire csb_clk = (csb_ps == 0) ? core_clk : free_clk;
initial core_clk = 0;
always #(CORE_PERIOD / 2000.0) core_clk = !core_clk;
initial begin
    free_clk = 0;
    #0 if (csb_ps != 0) forever #(csb_ps / 2000.0) free_clk = !free_clk;
end
`endif

// The waveform of the reference harness: 20 cycles high, 20 low, then high.
reg dla_rst_n;
reg [5:0] edges;
initial {dla_rst_n, rst_n, edges} = {1'b1, 1'b0, 6'd0};
always @(posedge core_clk) begin
    if (!rst_n) begin
        edges <= edges + 6'd1;
        if (edges == 6'd19) dla_rst_n <= 1'b0;
        if (edges == 6'd39) {dla_rst_n, rst_n} <= 2'b11;
    end
end

wire        reset_dla, reset_drop;
wire [1:0]  reset_hold;
wire [31:0] reset_freeze;
wire        reset_n = dla_rst_n && !reset_dla; // as the host asks
wire        dut_rst_n;                         // as NV_nvdla gets it

wire        csb_valid, csb_ready, csb_write, rsp_valid, rsp_wr_complete, intr, idle;
wire [15:0] csb_addr;
wire [31:0] csb_wdat, rsp_data;
wire [63:0] cycle, read_beats, write_beats;

wire        aw_valid, aw_ready, w_valid, w_ready, w_last, b_valid, b_ready, ar_valid, ar_ready, r_valid, r_ready, r_last;
wire [7:0]  aw_id, b_id, ar_id, r_id, w_strb;
wire [3:0]  aw_len, ar_len;
wire [31:0] aw_addr, ar_addr;
wire [63:0] w_data, r_data;

wire        d_aw_valid, d_aw_ready, d_w_valid, d_w_ready, d_w_last, d_b_valid, d_b_ready, d_ar_valid, d_ar_ready, d_r_valid,
            d_r_ready, d_r_last;
wire [7:0]  d_aw_id, d_b_id, d_ar_id, d_r_id, d_w_strb;
wire [3:0]  d_aw_len, d_ar_len;
wire [31:0] d_aw_addr, d_ar_addr;
wire [63:0] d_w_data, d_r_data;

generate
    if (GUARD == 0) begin : g_no_guard
        assign dut_rst_n = reset_n;
        assign {aw_valid, aw_id, aw_len, aw_addr} = {d_aw_valid, d_aw_id, d_aw_len, d_aw_addr};
        assign {w_valid, w_data, w_strb, w_last}  = {d_w_valid, d_w_data, d_w_strb, d_w_last};
        assign {ar_valid, ar_id, ar_len, ar_addr} = {d_ar_valid, d_ar_id, d_ar_len, d_ar_addr};
        assign {b_ready, r_ready}                 = {d_b_ready, d_r_ready};
        assign {d_aw_ready, d_w_ready, d_ar_ready} = {aw_ready, w_ready, ar_ready};
        assign {d_b_valid, d_b_id}                 = {b_valid, b_id};
        assign {d_r_valid, d_r_id, d_r_last, d_r_data} = {r_valid, r_id, r_last, r_data};
    end else begin : g_guard
        /* verilator lint_off PINCONNECTEMPTY */
        dla_reset_guard u_guard (
            .clk(core_clk), .por_rst_n(rst_n), .reset_req_n(reset_n), .dla_reset_rstn(dut_rst_n), .waiting(),
            .dla_awvalid(d_aw_valid), .dla_awready(d_aw_ready), .dla_awid(d_aw_id), .dla_awlen(d_aw_len),
            .dla_awaddr(d_aw_addr), .dla_wvalid(d_w_valid), .dla_wready(d_w_ready), .dla_wdata(d_w_data),
            .dla_wstrb(d_w_strb), .dla_wlast(d_w_last), .dla_bvalid(d_b_valid), .dla_bready(d_b_ready), .dla_bid(d_b_id),
            .dla_arvalid(d_ar_valid), .dla_arready(d_ar_ready), .dla_arid(d_ar_id), .dla_arlen(d_ar_len),
            .dla_araddr(d_ar_addr), .dla_rvalid(d_r_valid), .dla_rready(d_r_ready), .dla_rid(d_r_id),
            .dla_rlast(d_r_last), .dla_rdata(d_r_data),
            .mem_awvalid(aw_valid), .mem_awready(aw_ready), .mem_awid(aw_id), .mem_awlen(aw_len), .mem_awaddr(aw_addr),
            .mem_wvalid(w_valid), .mem_wready(w_ready), .mem_wdata(w_data), .mem_wstrb(w_strb), .mem_wlast(w_last),
            .mem_bvalid(b_valid), .mem_bready(b_ready), .mem_bid(b_id),
            .mem_arvalid(ar_valid), .mem_arready(ar_ready), .mem_arid(ar_id), .mem_arlen(ar_len), .mem_araddr(ar_addr),
            .mem_rvalid(r_valid), .mem_rready(r_ready), .mem_rid(r_id), .mem_rlast(r_last), .mem_rdata(r_data)
        );
        /* verilator lint_on PINCONNECTEMPTY */
    end
endgenerate

sim_player u_player (
    .clk(csb_clk), .rst_n(rst_n), .log(log), .cycle(cycle), .read_beats(read_beats), .write_beats(write_beats),
    .intr(intr), .csb_valid(csb_valid), .csb_ready(csb_ready), .csb_addr(csb_addr), .csb_wdat(csb_wdat),
    .csb_write(csb_write), .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_wr_complete(rsp_wr_complete),
    .dla_up(dut_rst_n), .reset_dla(reset_dla), .reset_hold(reset_hold), .reset_drop(reset_drop),
    .reset_freeze(reset_freeze),
    .position(position), .done(done)
);

sim_memory u_memory (
    .clk(core_clk), .rst_n(rst_n), .log(log),
    .dla_up(dut_rst_n || !rst_n), .guarded(GUARD != 0), .hold(reset_hold), .drop(reset_drop),
    .freeze(reset_freeze),
    .cycle(cycle), .read_beats(read_beats), .write_beats(write_beats), .idle(idle),
    .aw_valid(aw_valid), .aw_ready(aw_ready), .aw_id(aw_id), .aw_len(aw_len), .aw_addr(aw_addr),
    .w_valid(w_valid), .w_ready(w_ready), .w_data(w_data), .w_strb(w_strb), .w_last(w_last),
    .b_valid(b_valid), .b_ready(b_ready), .b_id(b_id),
    .ar_valid(ar_valid), .ar_ready(ar_ready), .ar_id(ar_id), .ar_len(ar_len), .ar_addr(ar_addr),
    .r_valid(r_valid), .r_ready(r_ready), .r_id(r_id), .r_last(r_last), .r_data(r_data)
);

sim_activity u_activity (
    .clk(core_clk), .cycle(cycle),
    .ar_valid(ar_valid), .ar_ready(ar_ready), .ar_len(ar_len), .r_valid(r_valid), .r_ready(r_ready),
    .aw_valid(aw_valid), .aw_ready(aw_ready), .w_valid(w_valid), .w_ready(w_ready), .b_valid(b_valid), .b_ready(b_ready)
);

sim_layers u_layers (.clk(core_clk));

sim_streams u_streams (.up(rst_n), .log(log), .cycle(cycle));

sim_x_check u_x_check (
    .core_clk(core_clk), .csb_clk(csb_clk), .rst_n(rst_n), .log(log), .cycle(cycle),
    .csb_ready(csb_ready), .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_wr_complete(rsp_wr_complete), .intr(intr),
    .aw_valid(aw_valid), .aw_id(aw_id), .aw_len(aw_len), .aw_addr(aw_addr),
    .w_valid(w_valid), .w_data(w_data), .w_strb(w_strb), .w_last(w_last), .b_ready(b_ready),
    .ar_valid(ar_valid), .ar_id(ar_id), .ar_len(ar_len), .ar_addr(ar_addr), .r_ready(r_ready)
);

`ifndef DUT_PARAMETERS
`define DUT_PARAMETERS
`endif
`ifdef SIM_AXI
sim_axi_dut u_dla (
`else
NV_nvdla `DUT_PARAMETERS u_dla (
`endif
    .dla_core_clk(core_clk), .dla_csb_clk(csb_clk), .global_clk_ovr_on(ungated), .tmc2slcg_disable_clock_gating(1'b0),
    .dla_reset_rstn(dut_rst_n), .direct_reset_(dut_rst_n), .test_mode(1'b0),
    .csb2nvdla_valid(csb_valid), .csb2nvdla_ready(csb_ready), .csb2nvdla_addr(csb_addr), .csb2nvdla_wdat(csb_wdat),
    .csb2nvdla_write(csb_write), .csb2nvdla_nposted(1'b0),
    .nvdla2csb_valid(rsp_valid), .nvdla2csb_data(rsp_data), .nvdla2csb_wr_complete(rsp_wr_complete),
    .nvdla_core2dbb_aw_awvalid(d_aw_valid), .nvdla_core2dbb_aw_awready(d_aw_ready), .nvdla_core2dbb_aw_awid(d_aw_id),
    .nvdla_core2dbb_aw_awlen(d_aw_len), .nvdla_core2dbb_aw_awaddr(d_aw_addr),
    .nvdla_core2dbb_w_wvalid(d_w_valid), .nvdla_core2dbb_w_wready(d_w_ready), .nvdla_core2dbb_w_wdata(d_w_data),
    .nvdla_core2dbb_w_wstrb(d_w_strb), .nvdla_core2dbb_w_wlast(d_w_last),
    .nvdla_core2dbb_b_bvalid(d_b_valid), .nvdla_core2dbb_b_bready(d_b_ready), .nvdla_core2dbb_b_bid(d_b_id),
    .nvdla_core2dbb_ar_arvalid(d_ar_valid), .nvdla_core2dbb_ar_arready(d_ar_ready), .nvdla_core2dbb_ar_arid(d_ar_id),
    .nvdla_core2dbb_ar_arlen(d_ar_len), .nvdla_core2dbb_ar_araddr(d_ar_addr),
    .nvdla_core2dbb_r_rvalid(d_r_valid), .nvdla_core2dbb_r_rready(d_r_ready), .nvdla_core2dbb_r_rid(d_r_id),
    .nvdla_core2dbb_r_rlast(d_r_last), .nvdla_core2dbb_r_rdata(d_r_data),
    .dla_intr(intr),
    .nvdla_pwrbus_ram_c_pd(ram_c_pd), .nvdla_pwrbus_ram_ma_pd(ram_ma_pd), .nvdla_pwrbus_ram_mb_pd(ram_mb_pd),
    .nvdla_pwrbus_ram_p_pd(ram_p_pd), .nvdla_pwrbus_ram_o_pd(ram_o_pd), .nvdla_pwrbus_ram_a_pd(ram_a_pd)
);

endmodule

`default_nettype wire
