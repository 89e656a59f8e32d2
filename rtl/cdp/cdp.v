// CDP: channel data processor (local response normalisation, element-wise tables). 8 lanes, one atom a cycle; with fewer
// LANES look-up and output converter, the large part of it, take 8 / LANES cycles an atom.
//
//     rd -> ICVT -> window -> look-up -> multiply, OCVT -> cdp_output -> memory
//     cycle 0       4      6 (or when the next atom comes)  14          17
//
// The pipeline never stalls: an atom is accepted only when the output has a place for it. The window holds the last
// atom back until the next one comes; after the last atom of a layer a flush pushes it out. Registers are read live;
// op_en is low between layers, while the pipeline is empty. The tables are shared by both groups and loaded by software
// while the unit is idle: one copy for read-back, one in each lane.
// Spec: cdp.md; system.md sections 5, 6, 10.
`default_nettype none

module cdp #(
    parameter LANES = 8, // elements a cycle of look-up and output converter: 8, 4, 2 or 1
    parameter LUT_RAMS = 0, // 1: small memories in LUTs, for FPGAs (dla_ram_1r1w)
    parameter CLOCK_GATES = 1 // 1: the clock stops where nothing moves (dla_clock_gate), 0: never
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        ungated, // 1: no clock stops
    output wire        clearing, // the tables are being cleared after reset: no register access yet
    // register bus
    input  wire        reg_clk,   // of the register bus, stops with it
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        reg_settling,
    // from cdp_rdma
    input  wire        rd_valid,
    output wire        rd_ready,
    input  wire [63:0] rd_data,
    input  wire [7:0]  rd_lanes,
    input  wire        rd_pixel_end,
    input  wire        rd_line_end,
    input  wire        rd_layer_end,
    // memory
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done,
    // interrupt, one pulse a layer in the bit of its group
    output wire [1:0]  cdp_intr
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal cdp_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) begin : g_lanes_illegal cdp_LANES_is_1_2_4_or_8 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal cdp_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- registers
wire        op_en, consumer, done;
wire        lut_table, lut_writing, lut_cfg_write, lut_data_write, lut_data_read;
wire [9:0]  lut_addr;
wire [15:0] lut_data;
wire        linear, under_lo_first, over_lo_first, hybrid_lo_first;
wire [7:0]  le_offset, le_select, lo_select;
wire [37:0] le_start, le_end, lo_start, lo_end;
wire [63:0] scales;  // {LE under, LE over, LO under, LO over}
wire [19:0] shifts;
wire        square_bypass, mul_bypass, ram_type, perf_en;
wire [31:0] dst_base, dst_line, dst_surface, stall;
wire [1:0]  reach;
wire [15:0] in_offset, in_scale, out_scale;
wire [4:0]  in_shift;
wire [31:0] out_offset;
wire [5:0]  out_shift;
wire [159:0] counts;
wire        unit_clk;  // of all but the registers

cdp_regs u_regs (
    .clk                                             (reg_clk),
    .rst_n                                           (rst_n),
    .ram_pd                                          (ram_pd),
    .reg_valid                                       (reg_valid),
    .reg_write                                       (reg_write),
    .reg_addr                                        (reg_addr),
    .reg_wdata                                       (reg_wdata),
    .reg_rdata                                       (reg_rdata),
    .op_en                                           (op_en),
    .consumer                                        (consumer),
    .settling                                        (reg_settling),
    .done                                            (done),
    .cfg_lut_access_cfg_lut_table_id                 (lut_table),
    .cfg_lut_access_cfg_lut_access_type              (lut_writing),
    .cfg_lut_cfg_lut_le_function                     (linear),
    .cfg_lut_cfg_lut_uflow_priority                  (under_lo_first),
    .cfg_lut_cfg_lut_oflow_priority                  (over_lo_first),
    .cfg_lut_cfg_lut_hybrid_priority                 (hybrid_lo_first),
    .cfg_lut_info_lut_le_index_offset                (le_offset),
    .cfg_lut_info_lut_le_index_select                (le_select),
    .cfg_lut_info_lut_lo_index_select                (lo_select),
    .cfg_lut_le_start_low                            (le_start[31:0]),
    .cfg_lut_le_start_high                           (le_start[37:32]),
    .cfg_lut_le_end_low                              (le_end[31:0]),
    .cfg_lut_le_end_high                             (le_end[37:32]),
    .cfg_lut_lo_start_low                            (lo_start[31:0]),
    .cfg_lut_lo_start_high                           (lo_start[37:32]),
    .cfg_lut_lo_end_low                              (lo_end[31:0]),
    .cfg_lut_lo_end_high                             (lo_end[37:32]),
    .cfg_lut_le_slope_scale_lut_le_slope_uflow_scale (scales[63:48]),
    .cfg_lut_le_slope_scale_lut_le_slope_oflow_scale (scales[47:32]),
    .cfg_lut_le_slope_shift_lut_le_slope_uflow_shift (shifts[19:15]),
    .cfg_lut_le_slope_shift_lut_le_slope_oflow_shift (shifts[14:10]),
    .cfg_lut_lo_slope_scale_lut_lo_slope_uflow_scale (scales[31:16]),
    .cfg_lut_lo_slope_scale_lut_lo_slope_oflow_scale (scales[15:0]),
    .cfg_lut_lo_slope_shift_lut_lo_slope_uflow_shift (shifts[9:5]),
    .cfg_lut_lo_slope_shift_lut_lo_slope_oflow_shift (shifts[4:0]),
    .cfg_func_bypass_sqsum_bypass                    (square_bypass),
    .cfg_func_bypass_mul_bypass                      (mul_bypass),
    .cfg_dst_base_addr_low                           (dst_base),
    .cfg_dst_line_stride                             (dst_line),
    .cfg_dst_surface_stride                          (dst_surface),
    .cfg_dst_dma_cfg_dst_ram_type                    (ram_type),
    .cfg_lrn_cfg_normalz_len                         (reach),
    .cfg_datin_offset                                (in_offset),
    .cfg_datin_scale                                 (in_scale),
    .cfg_datin_shifter                               (in_shift),
    .cfg_datout_offset                               (out_offset),
    .cfg_datout_scale                                (out_scale),
    .cfg_datout_shifter                              (out_shift),
    .cfg_perf_enable_dma_en                          (perf_en),
    .write_lut_access_cfg                            (lut_cfg_write),
    .write_lut_access_data                           (lut_data_write),
    .read_lut_access_data                            (lut_data_read),
    .sts_lut_access_cfg_lut_addr                     (lut_addr),
    .sts_lut_access_data_lut_data                    (lut_data),
    .sts_perf_write_stall                            (stall),
    .sts_perf_lut_uflow                              (counts[159:128]),
    .sts_perf_lut_oflow                              (counts[127:96]),
    .sts_perf_lut_hybrid                             (counts[95:64]),
    .sts_perf_lut_le_hit                             (counts[63:32]),
    .sts_perf_lut_lo_hit                             (counts[31:0])
);

// Sub-atom address bits are dropped; 8 and 25 bits of the offsets and 6 of the selects are used.
wire unused = &{1'b0, dst_base[2:0], dst_line[2:0], dst_surface[2:0], in_offset[15:8], out_offset[31:25],
                le_select[7:6], lo_select[7:6]};

// ---------------------------------------------------------------- tables: access by software
wire        table_access, table_wr_en, table_rd_en;
wire [8:0]  table_wr_addr, table_rd_addr;
wire [15:0] table_wr_data, table_rd_data;

cdp_lut_access u_lut_access (
    .clk                   (unit_clk),
    .rst_n                 (rst_n),
    .clearing              (clearing),
    .accessed              (table_access),
    .reg_wdata             (reg_wdata),
    .write_lut_access_cfg  (lut_cfg_write),
    .write_lut_access_data (lut_data_write),
    .read_lut_access_data  (lut_data_read),
    .cfg_table             (lut_table),
    .cfg_writing           (lut_writing),
    .lut_addr              (lut_addr),
    .lut_data              (lut_data),
    .table_wr_en           (table_wr_en),
    .table_wr_addr         (table_wr_addr),
    .table_wr_data         (table_wr_data),
    .table_rd_en           (table_rd_en),
    .table_rd_addr         (table_rd_addr),
    .table_rd_data         (table_rd_data)
);

dla_ram_1r1w #(.WIDTH(16), .DEPTH(512)) u_tables (
    .clk     (unit_clk),
    .ram_pd  (ram_pd),
    .wr_en   (table_wr_en),
    .wr_addr (table_wr_addr),
    .wr_data (table_wr_data),
    .rd_en   (table_rd_en),
    .rd_addr (table_rd_addr),
    .rd_data (table_rd_data)
);

// ---------------------------------------------------------------- layer control
localparam PARTS = 8 / LANES;  // of an atom

reg  running;
reg  active;  // atoms of the layer are still to come
wire room;
wire unanswered;
wire start  = op_en && !running;

// ---------------------------------------------------------------- clock
// On while tables are cleared or accessed, a layer runs or its last write is not acknowledged.

wire awake = clearing || table_access || op_en || running || unanswered;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (awake),
    .ungated (ungated),
    .gated   (unit_clk)
);

wire accept = rd_valid && rd_ready;
reg  [PARTS:0] pause; // as many ones as cycles to the next atom, zeros above

assign rd_ready = active && room && !pause[0];

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) pause <= 0;
    else        pause <= (accept ? {1'b0, {PARTS{1'b1}}} : pause) >> 1;
end

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        running <= 1'b0;
        active  <= 1'b0;
    end else begin
        if (start)     running <= 1'b1;
        else if (done) running <= 1'b0;
        if (start)                         active <= 1'b1;
        else if (accept && rd_layer_end)   active <= 1'b0;
    end
end

// ---------------------------------------------------------------- pipeline: control
reg  [3:0]  in_valid;   // bit 3 with y
reg  [3+PARTS:0] in_flush; // highest bit where the next y would come
wire [7:0]  lanes;
wire [2:0]  in_place, window_place, out_place;
reg  [2:0]  place;      // of the atom that leaves the window in parts
wire        window_valid, part_valid, part_last;
reg  [10:0] out_valid, out_last;  // bit 10 with the output

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        in_valid  <= 0;
        in_flush  <= 0;
        out_valid <= 0;
        out_last  <= 0;
    end else begin
        in_valid  <= {in_valid[2:0], accept};
        in_flush  <= {in_flush[2+PARTS:0], accept && rd_layer_end};
        out_valid <= {out_valid[9:0], part_valid};
        out_last  <= {out_last[9:0], part_last};
    end
end

dla_delay #(.WIDTH(8), .CYCLES(3)) u_lanes (.clk(unit_clk), .d(rd_lanes), .q(lanes));
dla_delay #(.WIDTH(3), .CYCLES(4)) u_in_place (
    .clk(unit_clk), .d({rd_layer_end, rd_line_end, rd_pixel_end}), .q(in_place));
dla_delay #(.WIDTH(3), .CYCLES(11)) u_out_place (.clk(unit_clk), .d(place), .q(out_place));

always @(posedge unit_clk) if (window_valid) place <= window_place;

// ---------------------------------------------------------------- pipeline: settings, registered
reg  [15:0]  set_in_scale, set_out_scale;       // magnitudes
reg          set_in_negative, set_out_negative;
reg  [14:0]  set_in_below;                      // bits below the point, see dla_scale
reg  [32:0]  set_out_below;
reg  [155:0] set_references;
reg  [21:0]  set_le_beyond, set_lo_beyond;      // bits of a distance beyond a linear table
reg  [63:0]  set_scales;                        // magnitudes

// Below an exponential table the slope starts where the table does, 2^offset above its START.
wire [38:0] le_first = (!linear && !le_offset[7]) ? 39'd1 << le_offset[5:0] : 39'd0;

wire signed [31:0] le_steps = {{26{le_select[5]}}, le_select[5:0]};
wire signed [31:0] lo_steps = {{26{lo_select[5]}}, lo_select[5:0]};
integer n;

always @(posedge unit_clk) begin
    set_in_scale     <= in_scale[15] ? 16'd0 - in_scale : in_scale;
    set_in_negative  <= in_scale[15];
    set_in_below     <= ~({15{1'b1}} << in_shift);
    set_out_scale    <= out_scale[15] ? 16'd0 - out_scale : out_scale;
    set_out_negative <= out_scale[15];
    set_out_below    <= ~({33{1'b1}} << out_shift);
    set_references   <= {{le_start[37], le_start} + le_first, le_end[37], le_end,
                         lo_start[37], lo_start, lo_end[37], lo_end};
    for (n = 0; n < 22; n = n + 1) begin // tables of 2^6 and 2^8 steps of 2^select
        set_le_beyond[n] <= (le_steps <= n - 6);
        set_lo_beyond[n] <= (lo_steps <= n - 8);
    end
    for (n = 0; n < 4; n = n + 1) begin
        set_scales[16*n +: 16] <= scales[16*n+15] ? 16'd0 - scales[16*n +: 16] : scales[16*n +: 16];
    end
end

// ---------------------------------------------------------------- pipeline: data
wire [71:0]         y, window_y;
wire [175:0]        window_q;
wire [8*31-1:0]     window_atom;   // {y, q} of each lane
wire [31*LANES-1:0] part;
wire [9*LANES-1:0]  part_y, late_y;
wire [5*LANES-1:0]  outcome;
wire [8*LANES-1:0]  out_part;
wire [63:0]         out_data;
wire                out_whole;
wire [1:0]          unused_split;  // atoms come PARTS cycles apart

cdp_window u_window (
    .clk          (unit_clk),
    .rst_n        (rst_n),
    .reach        (reach),
    .bypass       (square_bypass),
    .in_valid     (in_valid[3]),
    .in_flush     (in_flush[3+PARTS]),
    .in_pixel_end (in_place[0]),
    .in_tag       (in_place),
    .in_y         (y),
    .out_valid    (window_valid),
    .out_tag      (window_place),
    .out_y        (window_y),
    .out_q        (window_q)
);

dla_split #(.WIDTH(8*31), .PARTS(PARTS)) u_split (
    .clk        (unit_clk),
    .rst_n      (rst_n),
    .in_valid   (window_valid),
    .in_ready   (unused_split[0]),
    .in_data    (window_atom),
    .next_valid (unused_split[1]),
    .out_valid  (part_valid),
    .out_last   (part_last),
    .out_data   (part)
);

dla_delay #(.WIDTH(9*LANES), .CYCLES(8)) u_late_y (.clk(unit_clk), .d(part_y), .q(late_y));

genvar i;
generate
    for (i = 0; i < 8; i = i + 1) begin : g_input
        assign window_atom[31*i +: 31] = {window_y[9*i +: 9], window_q[22*i +: 22]};

        cdp_icvt_lane u_icvt (
            .clk      (unit_clk),
            .offset   (in_offset[7:0]),
            .scale    (set_in_scale),
            .negative (set_in_negative),
            .shift    (in_shift),
            .below    (set_in_below),
            .x        (rd_data[8*i +: 8]),
            .channel  (lanes[i]),
            .y        (y[9*i +: 9])
        );

    end
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        wire [15:0] value;

        assign part_y[9*i +: 9] = part[31*i+22 +: 9];

        cdp_lut_lane u_lut (
            .clk             (unit_clk),
            .ram_pd          (ram_pd),
            .exponential     (!linear),
            .offset          (le_offset),
            .le_select       (le_select[5:0]),
            .lo_select       (lo_select[5:0]),
            .le_start        (le_start[21:0]),
            .lo_start        (lo_start[21:0]),
            .under_lo_first  (under_lo_first),
            .over_lo_first   (over_lo_first),
            .hybrid_lo_first (hybrid_lo_first),
            .le_beyond       (set_le_beyond),
            .lo_beyond       (set_lo_beyond),
            .references      (set_references),
            .scales          (set_scales),
            .scales_negative ({scales[63], scales[47], scales[31], scales[15]}),
            .shifts          (shifts),
            .table_wr_en     (table_wr_en),
            .table_wr_addr   (table_wr_addr),
            .table_wr_data   (table_wr_data),
            .q               (part[31*i +: 22]),
            .value           (value),
            .outcome         (outcome[5*i +: 5])
        );

        cdp_ocvt_lane u_ocvt (
            .clk        (unit_clk),
            .mul_bypass (mul_bypass),
            .offset     (out_offset[24:0]),
            .scale      (set_out_scale),
            .negative   (set_out_negative),
            .shift      (out_shift),
            .below      (set_out_below),
            .v          (value),
            .y          (late_y[9*i +: 9]),
            .result     (out_part[8*i +: 8])
        );
    end
endgenerate

dla_gather #(.WIDTH(64), .PARTS(PARTS)) u_gather (
    .clk       (unit_clk),
    .in_valid  (out_valid[10]),
    .in_last   (out_last[10]),
    .in_data   (out_part),
    .out_valid (out_whole),
    .out_data  (out_data)
);

cdp_statistics #(.LANES(LANES)) u_statistics (
    .clk     (unit_clk),
    .start   (start),
    .valid   (out_valid[3]),
    .outcome (outcome),
    .counts  (counts)
);

// ---------------------------------------------------------------- output
cdp_output #(.LUT_RAMS(LUT_RAMS)) u_output (
    .clk            (unit_clk),
    .rst_n          (rst_n),
    .ram_pd         (ram_pd),
    .start          (start),
    .consumer       (consumer),
    .ram_type       (ram_type),
    .base           (dst_base[31:3]),
    .line_stride    (dst_line[31:3]),
    .surface_stride (dst_surface[31:3]),
    .perf_en        (perf_en),
    .done           (done),
    .intr           (cdp_intr),
    .unanswered     (unanswered),
    .stall          (stall),
    .accept         (accept),
    .room           (room),
    .in_valid       (out_whole),
    .in_place       (out_place),
    .in_data        (out_data),
    .wr_req_valid   (wr_req_valid),
    .wr_req_ready   (wr_req_ready),
    .wr_req_addr    (wr_req_addr),
    .wr_req_data    (wr_req_data),
    .wr_req_last    (wr_req_last),
    .wr_done        (wr_done)
);

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (rd_valid && rd_ready || wr_req_valid && wr_req_ready || wr_done) && !awake)
        $error("%m: an atom or an acknowledge while the unit sleeps");
end
`endif

endmodule

`default_nettype wire
