// APB4 slave to CSB, for an APB bus and an accelerator that are reset apart; NV_NVDLA_apb2csb with dla_csb_link behind it.
//
// An access that a reset of the accelerator or the time-out has cut off ends with pslverr. After a reset of the APB (prstn) the answer to an access
// from before is dropped. Words of 32 bits: a write without all strobes, or an unaligned access, ends with pslverr and does nothing.
// por_rst_n is the reset of the whole; tie it to prstn where there is no other one, and the accelerator's reset, too.
`default_nettype none

module dla_apb2csb #(
    parameter TIMEOUT = 65536, // cycles of pclk, 0: none
    parameter NPOSTED = 0      // 1: a write ends when it has taken effect
) (
    input  wire        pclk,
    input  wire        por_rst_n, // released in step with pclk
    input  wire        prstn,
    input  wire        dla_rstn,  // dla_reset_rstn of the accelerator
    input  wire        test_mode, // resets follow test_rst_n at once
    input  wire        test_rst_n,
    // APB
    input  wire        psel,
    input  wire        penable,
    input  wire        pwrite,
    input  wire [17:0] paddr,
    input  wire [31:0] pwdata,
    input  wire [3:0]  pstrb,
    output wire [31:0] prdata,
    output wire        pready,
    output wire        pslverr,
    // CSB
    output wire        csb2nvdla_valid,
    input  wire        csb2nvdla_ready,
    output wire [15:0] csb2nvdla_addr,
    output wire [31:0] csb2nvdla_wdat,
    output wire        csb2nvdla_write,
    output wire        csb2nvdla_nposted,
    input  wire        nvdla2csb_valid,
    input  wire [31:0] nvdla2csb_data,
    input  wire        nvdla2csb_wr_complete
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (TIMEOUT < 0) begin : g_timeout_illegal dla_apb2csb_TIMEOUT_is_not_negative u_illegal (); end
    if (NPOSTED != 0 && NPOSTED != 1) begin : g_nposted_illegal dla_apb2csb_NPOSTED_is_0_or_1 u_illegal (); end
endgenerate

wire access  = psel && penable;
wire refused = access && (paddr[1:0] != 2'd0 || pwrite && pstrb != 4'hf);
wire ans_valid, ans_error;

assign pready  = !access || refused || ans_valid;
assign pslverr = access && (refused || ans_valid && ans_error);

dla_csb_link #(.TIMEOUT(TIMEOUT), .NPOSTED(NPOSTED)) u_link (
    .clk (pclk), .rst_n (por_rst_n), .host_rstn (prstn), .dla_rstn (dla_rstn),
    .test_mode (test_mode), .test_rst_n (test_rst_n),
    .req_valid (access && !refused), .req_write (pwrite), .req_addr (paddr[17:2]), .req_wdata (pwdata),
    .ans_valid (ans_valid), .ans_error (ans_error), .ans_rdata (prdata),
    .csb2nvdla_valid (csb2nvdla_valid), .csb2nvdla_ready (csb2nvdla_ready), .csb2nvdla_addr (csb2nvdla_addr),
    .csb2nvdla_wdat (csb2nvdla_wdat), .csb2nvdla_write (csb2nvdla_write), .csb2nvdla_nposted (csb2nvdla_nposted),
    .nvdla2csb_valid (nvdla2csb_valid), .nvdla2csb_data (nvdla2csb_data), .nvdla2csb_wr_complete (nvdla2csb_wr_complete)
);

endmodule

`default_nettype wire
