// Register file of CFGROM, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// A constant table: writes do nothing. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module cfgrom (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    output reg  [31:0] reg_rdata
);

reg [31:0] contents;

always @* begin
    case (reg_addr)
        10'd0: contents = 32'h00010001;
        10'd1, 10'd80, 10'd81, 10'd92, 10'd102: contents = 32'h00000001;
        10'd2: contents = 32'h00180002;
        10'd5, 10'd14, 10'd15, 10'd16, 10'd18, 10'd27, 10'd35, 10'd36, 10'd37, 10'd39,
        10'd48, 10'd49, 10'd56, 10'd57, 10'd64, 10'd65, 10'd71, 10'd86, 10'd96: contents = 32'h00000008;
        10'd6: contents = 32'h00000032;
        10'd7: contents = 32'h00000080;
        10'd8: contents = 32'h00000400;
        10'd9: contents = 32'h00340003;
        10'd11, 10'd12, 10'd13, 10'd32, 10'd33, 10'd34, 10'd45, 10'd46, 10'd47, 10'd53,
        10'd54, 10'd55, 10'd62, 10'd63, 10'd76, 10'd77, 10'd91, 10'd101: contents = 32'h00000010;
        10'd17, 10'd26, 10'd38: contents = 32'h00000020;
        10'd19, 10'd28, 10'd40: contents = 32'h00000200;
        10'd21: contents = 32'h0cfff001;
        10'd22, 10'd29, 10'd41, 10'd50, 10'd58, 10'd66, 10'd78: contents = 32'h00000003;
        10'd23: contents = 32'h00180004;
        10'd30: contents = 32'h00300005;
        10'd43, 10'd51: contents = 32'h001c0006;
        10'd59: contents = 32'h00200007;
        10'd68: contents = 32'h000e0008;
        10'd72: contents = 32'h00000009;
        10'd73: contents = 32'h00200009;
        10'd75: contents = 32'h00000018;
        10'd83: contents = 32'h000e000a;
        10'd87: contents = 32'h0000000b;
        10'd88: contents = 32'h0010000b;
        10'd93: contents = 32'h000e000c;
        10'd97: contents = 32'h0000000d;
        10'd98: contents = 32'h0010000d;
        default: contents = 32'd0;
    endcase
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) reg_rdata <= 32'd0;
    else        reg_rdata <= (reg_valid && !reg_write) ? contents : 32'd0;
end

endmodule

`default_nettype wire
