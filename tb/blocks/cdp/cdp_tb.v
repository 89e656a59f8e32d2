// Bench top: cdp_rdma and cdp wired together, every other port of the two at the top.
`default_nettype none

module cdp_tb #(
    parameter LANES      = 8,
    parameter READ_DEPTH = 128
) (
    input  wire        clk,
    input  wire        rst_n,
    // register buses
    input  wire        rdma_reg_valid,
    input  wire        rdma_reg_write,
    input  wire [9:0]  rdma_reg_addr,
    input  wire [31:0] rdma_reg_wdata,
    output wire [31:0] rdma_reg_rdata,
    input  wire        cdp_reg_valid,
    input  wire        cdp_reg_write,
    input  wire [9:0]  cdp_reg_addr,
    input  wire [31:0] cdp_reg_wdata,
    output wire [31:0] cdp_reg_rdata,
    output wire        clearing,
    // memory
    output wire        rd_req_valid,
    input  wire        rd_req_ready,
    output wire [31:3] rd_req_addr,
    input  wire        rd_rsp_valid,
    input  wire [63:0] rd_rsp_data,
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        wr_done,
    // interrupts
    output wire [1:0]  cdp_intr
);

wire        rd_valid, rd_ready, rd_pixel_end, rd_line_end, rd_layer_end;
wire [63:0] rd_data;
wire [7:0]  rd_lanes;

cdp_rdma #(.DEPTH(READ_DEPTH)) u_cdp_rdma (
    .ungated   (1'b0),
    .ram_pd    (32'd0),
    .reg_clk   (clk),
    .reg_settling (),
    .reg_valid (rdma_reg_valid),
    .reg_write (rdma_reg_write),
    .reg_addr  (rdma_reg_addr),
    .reg_wdata (rdma_reg_wdata),
    .reg_rdata (rdma_reg_rdata),
    .*
);

cdp #(.LANES(LANES)) u_cdp (
    .ungated   (1'b0),
    .ram_pd    (32'd0),
    .reg_clk   (clk),
    .reg_settling (),
    .reg_valid (cdp_reg_valid),
    .reg_write (cdp_reg_write),
    .reg_addr  (cdp_reg_addr),
    .reg_wdata (cdp_reg_wdata),
    .reg_rdata (cdp_reg_rdata),
    .*
);

endmodule

`default_nettype wire
