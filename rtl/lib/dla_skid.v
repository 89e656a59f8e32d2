// Skid buffer: cuts the combinational ready path of a valid/ready stream, full throughput, latency 1.
`default_nettype none

module dla_skid #(
    parameter WIDTH = 8 // bits of the payload
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,
    output reg              out_valid,
    input  wire             out_ready,
    output reg  [WIDTH-1:0] out_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WIDTH < 1) begin : g_width_illegal dla_skid_WIDTH_is_at_least_1 u_illegal (); end
endgenerate

reg             skid_valid;
reg [WIDTH-1:0] skid_data;

assign in_ready = !skid_valid;

wire out_free = !out_valid || out_ready;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        out_valid  <= 1'b0;
        skid_valid <= 1'b0;
    end else if (out_free) begin
        out_valid  <= skid_valid || in_valid;
        skid_valid <= 1'b0;
    end else if (in_valid && in_ready) begin
        skid_valid <= 1'b1;
    end
end

always @(posedge clk) begin
    if (out_free)  out_data  <= skid_valid ? skid_data : in_data;
    if (in_ready)  skid_data <= in_data;
end

`ifdef FORMAL_DLA_SKID
`include "dla_skid.vh"
`endif

endmodule

`default_nettype wire
