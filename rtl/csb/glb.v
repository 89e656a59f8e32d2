// Version and interrupts.
//
//   pulse -> register -> S_INTR_STATUS -> and not S_INTR_MASK, or -> register -> 3 flops on csb_clk -> dla_intr
//
// A set (pulse or S_INTR_SET) wins over a clear in the same cycle. Sources that nv_small lacks have a mask bit that
// can be read back and nothing else. Spec: system.md section 6.
`default_nettype none

module glb (
    input  wire        clk,
    input  wire        rst_n,
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output reg  [31:0] reg_rdata,
    // done pulses, bit g: group g
    input  wire [1:0]  sdp_intr,
    input  wire [1:0]  cdp_intr,
    input  wire [1:0]  pdp_intr,
    input  wire [1:0]  cdma_dat_intr,
    input  wire [1:0]  cdma_wt_intr,
    input  wire [1:0]  cacc_intr,
    // pin
    input  wire        csb_clk,
    input  wire        csb_rst_n,
    output wire        dla_intr
);

localparam [31:0] VERSION = 32'h00303031;

localparam [9:0] HW_VERSION  = 10'd0;
localparam [9:0] INTR_MASK   = 10'd1;
localparam [9:0] INTR_SET    = 10'd2;
localparam [9:0] INTR_STATUS = 10'd3;

// The 16 sources of the register layout, without the gap between bits 9 and 16.
localparam [15:0] PRESENT = 16'b111111_0000_111111;

reg [15:0] mask;
reg [15:0] status;
reg [15:0] pulse;
reg        any;

wire        write   = reg_valid && reg_write;
wire [15:0] wbits   = {reg_wdata[21:16], reg_wdata[9:0]};
wire [15:0] set     = pulse | (write && reg_addr == INTR_SET ? wbits : 16'd0);
wire [15:0] clear   = write && reg_addr == INTR_STATUS ? wbits : 16'd0;
wire [15:0] visible = (reg_addr == INTR_MASK)   ? mask :
                      (reg_addr == INTR_STATUS) ? status : 16'd0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        mask      <= 16'd0;
        status    <= 16'd0;
        pulse     <= 16'd0;
        any       <= 1'b0;
        reg_rdata <= 32'd0;
    end else begin
        pulse  <= {cacc_intr, cdma_wt_intr, cdma_dat_intr, 4'd0, pdp_intr, cdp_intr, sdp_intr};
        status <= (set | (status & ~clear)) & PRESENT;
        any    <= |(status & ~mask);
        if (write && reg_addr == INTR_MASK) mask <= wbits;
        if (reg_valid && !reg_write) begin
            reg_rdata <= (reg_addr == HW_VERSION) ? VERSION : {10'd0, visible[15:10], 6'd0, visible[9:0]};
        end else begin
            reg_rdata <= 32'd0;
        end
    end
end

dla_sync #(.WIDTH(1), .STAGES(3)) u_intr (
    .clk   (csb_clk),
    .rst_n (csb_rst_n),
    .d     (any),
    .q     (dla_intr)
);

// Reserved bits of the data are not looked at.
wire unused = |{reg_wdata[31:22], reg_wdata[15:10]};

`ifdef FORMAL_GLB
`include "glb.vh"
`endif

endmodule

`default_nettype wire
