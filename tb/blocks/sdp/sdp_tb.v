// Bench top: sdp_rdma and sdp wired together, every other port of the two at the top.
`default_nettype none

module sdp_tb #(
    parameter LANES         = 8,
    parameter READ_DEPTH    = 128,
    parameter OPERAND_DEPTH = 64
) (
    input  wire         clk,
    input  wire         rst_n,
    // register buses
    input  wire         rdma_reg_valid,
    input  wire         rdma_reg_write,
    input  wire [9:0]   rdma_reg_addr,
    input  wire [31:0]  rdma_reg_wdata,
    output wire [31:0]  rdma_reg_rdata,
    input  wire         sdp_reg_valid,
    input  wire         sdp_reg_write,
    input  wire [9:0]   sdp_reg_addr,
    input  wire [31:0]  sdp_reg_wdata,
    output wire [31:0]  sdp_reg_rdata,
    // memory reads
    output wire         sdp_rd_req_valid,
    input  wire         sdp_rd_req_ready,
    output wire [31:3]  sdp_rd_req_addr,
    input  wire         sdp_rd_rsp_valid,
    input  wire [63:0]  sdp_rd_rsp_data,
    output wire         sdp_b_rd_req_valid,
    input  wire         sdp_b_rd_req_ready,
    output wire [31:3]  sdp_b_rd_req_addr,
    input  wire         sdp_b_rd_rsp_valid,
    input  wire [63:0]  sdp_b_rd_rsp_data,
    output wire         sdp_n_rd_req_valid,
    input  wire         sdp_n_rd_req_ready,
    output wire [31:3]  sdp_n_rd_req_addr,
    input  wire         sdp_n_rd_rsp_valid,
    input  wire [63:0]  sdp_n_rd_rsp_data,
    // cacc, pdp
    input  wire         cacc2sdp_valid,
    output wire         cacc2sdp_ready,
    input  wire [255:0] cacc2sdp_data,
    output wire         sdp2pdp_valid,
    input  wire         sdp2pdp_ready,
    output wire [63:0]  sdp2pdp_data,
    // memory writes
    output wire         wr_req_valid,
    input  wire         wr_req_ready,
    output wire [31:3]  wr_req_addr,
    output wire [63:0]  wr_req_data,
    output wire         wr_req_last,
    input  wire         wr_done,
    // interrupts
    output wire [1:0]   sdp_intr
);

wire         mrd_valid, mrd_ready;
wire [63:0]  mrd_data;
wire         brd_valid, brd_ready, brd_per_element, brd_data_valid;
wire [127:0] brd_alu, brd_mul;
wire         nrd_valid, nrd_ready, nrd_per_element, nrd_data_valid;
wire [127:0] nrd_alu, nrd_mul;

sdp_rdma #(.M_DEPTH(READ_DEPTH), .OPD_DEPTH(OPERAND_DEPTH)) u_sdp_rdma (
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

sdp #(.LANES(LANES)) u_sdp (
    .ungated   (1'b0),
    .ram_pd    (32'd0),
    .reg_clk   (clk),
    .reg_settling (),
    .reg_valid (sdp_reg_valid),
    .reg_write (sdp_reg_write),
    .reg_addr  (sdp_reg_addr),
    .reg_wdata (sdp_reg_wdata),
    .reg_rdata (sdp_reg_rdata),
    .*
);

endmodule

`default_nettype wire
