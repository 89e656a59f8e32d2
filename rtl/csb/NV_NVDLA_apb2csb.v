// APB3 slave to CSB master, one access at a time.
//
// A write ends when the CSB takes it (pready = csb2nvdla_ready). A read is requested once and ends when its data come.
// Addresses are byte addresses of the 256 KiB window. No error response. Spec: system.md section 4.4.
//
// prstn must be low whenever the accelerator is reset: an accelerator in reset forgets a read it has taken, and only
// its data end the access. With both in reset an access the master holds on to is requested again afterwards.
// Where they are reset apart, dla_apb2csb (rtl/soc) takes its place.
`default_nettype none

module NV_NVDLA_apb2csb (
    input  wire        pclk,
    input  wire        prstn,
    // APB
    input  wire        psel,
    input  wire        penable,
    input  wire        pwrite,
    input  wire [31:0] paddr,
    input  wire [31:0] pwdata,
    output wire [31:0] prdata,
    output wire        pready,
    // CSB
    output wire        csb2nvdla_valid,
    input  wire        csb2nvdla_ready,
    output wire [15:0] csb2nvdla_addr,
    output wire [31:0] csb2nvdla_wdat,
    output wire        csb2nvdla_write,
    output wire        csb2nvdla_nposted,
    input  wire        nvdla2csb_valid,
    input  wire [31:0] nvdla2csb_data
);

wire access = psel && penable;
wire read   = access && !pwrite;
reg  accepted; // the CSB has the read, its data are on the way

assign csb2nvdla_valid   = access && pwrite || read && !accepted;
assign csb2nvdla_addr    = paddr[17:2];
assign csb2nvdla_wdat    = pwdata;
assign csb2nvdla_write   = pwrite;
assign csb2nvdla_nposted = 1'b0;

assign prdata = nvdla2csb_data;
assign pready = !access || (pwrite ? csb2nvdla_ready : nvdla2csb_valid);

always @(posedge pclk or negedge prstn) begin
    if (!prstn)                       accepted <= 1'b0;
    else if (nvdla2csb_valid)         accepted <= 1'b0;
    else if (read && csb2nvdla_ready) accepted <= 1'b1;
end

// The window is 256 KiB of words: the other address bits are the business of the decoder in front.
wire unused = |{paddr[31:18], paddr[1:0]};

endmodule

`default_nettype wire
