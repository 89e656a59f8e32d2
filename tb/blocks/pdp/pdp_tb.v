// Bench top: pdp_rdma and pdp wired together, every other port of the two at the top.
`default_nettype none

module pdp_tb #(
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
    input  wire        pdp_reg_valid,
    input  wire        pdp_reg_write,
    input  wire [9:0]  pdp_reg_addr,
    input  wire [31:0] pdp_reg_wdata,
    output wire [31:0] pdp_reg_rdata,
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
    // sdp
    input  wire        sdp2pdp_valid,
    output wire        sdp2pdp_ready,
    input  wire [63:0] sdp2pdp_data,
    // interrupts
    output wire [1:0]  pdp_intr
);

wire        rd_valid, rd_ready;
wire [63:0] rd_data;

pdp_rdma #(.BUFFER_DEPTH(READ_DEPTH)) u_pdp_rdma (
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

pdp #(.LANES(LANES)) u_pdp (
    .ungated   (1'b0),
    .ram_pd    (32'd0),
    .reg_clk   (clk),
    .reg_settling (),
    .reg_valid (pdp_reg_valid),
    .reg_write (pdp_reg_write),
    .reg_addr  (pdp_reg_addr),
    .reg_wdata (pdp_reg_wdata),
    .reg_rdata (pdp_reg_rdata),
    .*
);

endmodule

`default_nettype wire
