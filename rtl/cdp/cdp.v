// CDP: registers and look-up tables of the channel processor.
//
// The unit has its registers, its tables (loaded and read back by software) and its place on the memory bus; it processes
// no layer yet, so a layer that is enabled here waits. Spec: cdp.md section 2.
`default_nettype none

module cdp (
    input  wire        clk,
    input  wire        rst_n,
    output wire        clearing, // the tables are being cleared after reset: no register access yet
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    // from cdp_rdma
    input  wire        rd_valid,
    output wire        rd_ready,
    input  wire [63:0] rd_data,
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

assign rd_ready     = wr_req_ready;
assign wr_req_valid = 1'b0;
assign wr_req_addr  = 29'd0;
assign wr_req_data  = 64'd0;
assign wr_req_last  = 1'b0;
assign cdp_intr     = 2'b00;

wire        lut_table, lut_writing, lut_cfg_write, lut_data_write, lut_data_read;
wire [9:0]  lut_addr;
wire [15:0] lut_data;
wire        table_wr_en, table_rd_en;
wire [8:0]  table_wr_addr, table_rd_addr;
wire [15:0] table_wr_data, table_rd_data;

/* verilator lint_off PINCONNECTEMPTY */ // the fields have no user before the datapath is there
cdp_regs u_regs (
    .clk                                             (clk),
    .rst_n                                           (rst_n),
    .reg_valid                                       (reg_valid),
    .reg_write                                       (reg_write),
    .reg_addr                                        (reg_addr),
    .reg_wdata                                       (reg_wdata),
    .reg_rdata                                       (reg_rdata),
    .op_en                                           (),
    .consumer                                        (),
    .done                                            (1'b0),
    .cfg_lut_access_cfg_lut_table_id                 (lut_table),
    .cfg_lut_access_cfg_lut_access_type              (lut_writing),
    .cfg_lut_cfg_lut_le_function                     (),
    .cfg_lut_cfg_lut_uflow_priority                  (),
    .cfg_lut_cfg_lut_oflow_priority                  (),
    .cfg_lut_cfg_lut_hybrid_priority                 (),
    .cfg_lut_info_lut_le_index_offset                (),
    .cfg_lut_info_lut_le_index_select                (),
    .cfg_lut_info_lut_lo_index_select                (),
    .cfg_lut_le_start_low                            (),
    .cfg_lut_le_start_high                           (),
    .cfg_lut_le_end_low                              (),
    .cfg_lut_le_end_high                             (),
    .cfg_lut_lo_start_low                            (),
    .cfg_lut_lo_start_high                           (),
    .cfg_lut_lo_end_low                              (),
    .cfg_lut_lo_end_high                             (),
    .cfg_lut_le_slope_scale_lut_le_slope_uflow_scale (),
    .cfg_lut_le_slope_scale_lut_le_slope_oflow_scale (),
    .cfg_lut_le_slope_shift_lut_le_slope_uflow_shift (),
    .cfg_lut_le_slope_shift_lut_le_slope_oflow_shift (),
    .cfg_lut_lo_slope_scale_lut_lo_slope_uflow_scale (),
    .cfg_lut_lo_slope_scale_lut_lo_slope_oflow_scale (),
    .cfg_lut_lo_slope_shift_lut_lo_slope_uflow_shift (),
    .cfg_lut_lo_slope_shift_lut_lo_slope_oflow_shift (),
    .cfg_func_bypass_sqsum_bypass                    (),
    .cfg_func_bypass_mul_bypass                      (),
    .cfg_dst_base_addr_low                           (),
    .cfg_dst_line_stride                             (),
    .cfg_dst_surface_stride                          (),
    .cfg_dst_dma_cfg_dst_ram_type                    (),
    .cfg_lrn_cfg_normalz_len                         (),
    .cfg_datin_offset                                (),
    .cfg_datin_scale                                 (),
    .cfg_datin_shifter                               (),
    .cfg_datout_offset                               (),
    .cfg_datout_scale                                (),
    .cfg_datout_shifter                              (),
    .cfg_perf_enable_dma_en                          (),
    .write_lut_access_cfg                            (lut_cfg_write),
    .write_lut_access_data                           (lut_data_write),
    .read_lut_access_data                            (lut_data_read),
    .sts_lut_access_cfg_lut_addr                     (lut_addr),
    .sts_lut_access_data_lut_data                    (lut_data),
    .sts_perf_write_stall                            (32'd0),
    .sts_perf_lut_uflow                              (32'd0),
    .sts_perf_lut_oflow                              (32'd0),
    .sts_perf_lut_hybrid                             (32'd0),
    .sts_perf_lut_le_hit                             (32'd0),
    .sts_perf_lut_lo_hit                             (32'd0)
);
/* verilator lint_on PINCONNECTEMPTY */

cdp_lut_access u_lut_access (
    .clk                   (clk),
    .rst_n                 (rst_n),
    .clearing              (clearing),
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
    .clk     (clk),
    .wr_en   (table_wr_en),
    .wr_addr (table_wr_addr),
    .wr_data (table_wr_data),
    .rd_en   (table_rd_en),
    .rd_addr (table_rd_addr),
    .rd_data (table_rd_data)
);

// Nothing arrives before cdp_rdma sends requests.
wire unused = |{rd_valid, rd_data, wr_done};

endmodule

`default_nettype wire
