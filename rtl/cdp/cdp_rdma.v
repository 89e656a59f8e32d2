// CDP_RDMA: registers of the read DMA of the channel processor.
//
// The unit has its registers and its place on the memory bus; it starts no request yet, so a layer that is enabled
// here waits. Spec: cdp.md section 2.1.
`default_nettype none

module cdp_rdma (
    input  wire        clk,
    input  wire        rst_n,
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    // memory
    output wire        rd_req_valid,
    input  wire        rd_req_ready,
    output wire [31:3] rd_req_addr,
    input  wire        rd_rsp_valid,
    input  wire [63:0] rd_rsp_data,
    // to cdp
    output wire        rd_valid,
    input  wire        rd_ready,
    output wire [63:0] rd_data
);

assign rd_req_valid = 1'b0;
assign rd_req_addr  = 29'd0;
assign rd_valid     = rd_rsp_valid;
assign rd_data      = rd_rsp_data;

/* verilator lint_off PINCONNECTEMPTY */ // the fields have no user before the datapath is there
cdp_rdma_regs u_regs (
    .clk                        (clk),
    .rst_n                      (rst_n),
    .reg_valid                  (reg_valid),
    .reg_write                  (reg_write),
    .reg_addr                   (reg_addr),
    .reg_wdata                  (reg_wdata),
    .reg_rdata                  (reg_rdata),
    .op_en                      (),
    .consumer                   (),
    .done                       (1'b0),
    .cfg_data_cube_width_width     (),
    .cfg_data_cube_height_height   (),
    .cfg_data_cube_channel_channel (),
    .cfg_src_base_addr_low      (),
    .cfg_src_line_stride        (),
    .cfg_src_surface_stride     (),
    .cfg_src_dma_cfg_src_ram_type (),
    .cfg_perf_enable_dma_en     (),
    .sts_perf_read_stall        (32'd0)
);
/* verilator lint_on PINCONNECTEMPTY */

// No requests, so nothing to wait for.
wire unused = |{rd_req_ready, rd_ready};

endmodule

`default_nettype wire
