// Register file of CMAC, made by scripts/generate_registers.py from nv_small.rdl: do not edit.
// Field values change only while the group's OP_EN is 0. Ports: docs/architecture.md, register bus.
// A read is answered one cycle after its strobe; an access may come every cycle.
`default_nettype none

module cmac_regs (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        op_en,
    output wire        consumer,
    input  wire        done,
    output wire        settling
);

wire [1:0] word;

reg [31:0] mask;
always @* begin
    case (word)
        2'd3: mask = 32'h00003001;
        default: mask = 32'd0;
    endcase
end

reg [31:0] reset;
always @* begin
    case (word)
        2'd3: reset = 32'h00001000;
        default: reset = 32'd0;
    endcase
end

wire [31:0] value = 32'd0;

/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output
dla_regs #(.WORD_W(2), .GROUPED(1), .FIRST_DUAL(2),
           .STORED(8'h88)) u_regs (
    .clk(clk), .rst_n(rst_n), .ram_pd(ram_pd), .reg_valid(reg_valid), .reg_write(reg_write), .reg_addr(reg_addr),
    .reg_wdata(reg_wdata), .word(word), .mask(mask), .reset(reset), .value(value), .reg_rdata(reg_rdata), .read(),
    .single_write(), .dual_write(), .producer(), .started(), .op_en(op_en), .consumer(consumer), .done(done),
    .settling(settling)
);
/* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
