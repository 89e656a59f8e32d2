// The part all generated register files share: bus answer, read-back memory, group control.
//
// What software wrote is read back from a small RAM, not from the flip-flops that steer the datapath:
// no read multiplexer over all registers, and registers nothing depends on have no flip-flops at all.
// A flag per word tells whether it was written since reset; until then its reset value is read.
// Words the hardware changes (S_STATUS, counters, ...) are not in the RAM: `value` brings them.
//
//   t   reg_valid (strobe)      RAM and group registers written, or RAM read and `value` sampled
//   t+1 reg_rdata after a read  (0 in every other cycle)
//
// `clk` may stop where no access is in t or t+1 and nothing settles (csb_master).
//
// Spec: system.md sections 4.2 and 5.
`default_nettype none

module dla_regs #(
    parameter WORD_W = 6,                           // address bits of a word inside the unit, 2..9
    parameter GROUPED = 1,                          // 1: two groups; 0: plain registers only
    parameter FIRST_DUAL = 2,                       // word address of D_OP_ENABLE; all D_ registers follow
    parameter [(1<<(WORD_W+GROUPED))-1:0] STORED = 0 // bit {group, word}: this register is in the RAM
) (
    input  wire              clk,
    input  wire              rst_n,
    input  wire [31:0]       ram_pd,
    // register bus
    input  wire              reg_valid,
    input  wire              reg_write,
    input  wire [9:0]        reg_addr,
    input  wire [31:0]       reg_wdata,
    output wire [31:0]       reg_rdata,
    // the addressed word
    output wire [WORD_W-1:0] word,
    output wire              read,         // strobe
    output wire              single_write, // strobe, a register that exists once
    output wire [1:0]        dual_write,   // strobe per group, not when the write is dropped
    output wire              producer,
    input  wire [31:0]       mask,         // its writable stored bits
    input  wire [31:0]       reset,        // what it reads before the first write
    input  wire [31:0]       value,        // what it reads when it is not stored, else 0
    // datapath
    output wire              op_en,
    output wire              consumer,
    input  wire              done,
    output wire [1:0]        started,      // OP_EN of a group rises
    output wire              settling      // a layer ends: registers change without a bus access
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (WORD_W < 2 || WORD_W > 9) begin : g_word_w_illegal dla_regs_WORD_W_is_2_to_9 u_illegal (); end
    if (GROUPED < 0 || GROUPED > 1) begin : g_grouped_illegal dla_regs_GROUPED_is_0_to_1 u_illegal (); end
endgenerate

localparam ADDR_W = WORD_W + GROUPED;

assign word = reg_addr[WORD_W-1:0];

wire              in_range = reg_addr[9:WORD_W] == 0;
wire              write  = reg_valid && reg_write && in_range;
wire [31:0]       own_value; // of S_STATUS, S_POINTER, D_OP_ENABLE
wire [ADDR_W-1:0] ram_addr;

assign read = reg_valid && !reg_write && in_range;

generate
if (GROUPED != 0) begin : grouped
    localparam [WORD_W-1:0] POINTER   = 1;
    localparam [WORD_W-1:0] OP_ENABLE = FIRST_DUAL;

    wire [31:0] status;
    wire [1:0]  writable;
    wire        op_en_read;
    wire        dual = word >= OP_ENABLE;

    dla_pingpong u_pingpong (
        .clk           (clk),
        .rst_n         (rst_n),
        .pointer_write (write && word == POINTER),
        .op_en_write   (write && word == OP_ENABLE),
        .wdata         (reg_wdata[0]),
        .done          (done),
        .op_en         (op_en),
        .consumer      (consumer),
        .producer      (producer),
        .writable      (writable),
        .started       (started),
        .status        (status),
        .op_en_read    (op_en_read),
        .settling      (settling)
    );

    assign own_value = (word == 0)         ? status :
                       (word == POINTER)   ? {15'd0, consumer, 15'd0, producer} :
                       (word == OP_ENABLE) ? {31'd0, op_en_read} : 32'd0;
    assign dual_write   = {2{write && dual}} & writable & {producer, !producer};
    assign single_write = write && !dual;
    assign ram_addr     = {dual && producer, word};
end else begin : plain
    assign own_value    = 32'd0;
    assign op_en        = done; // no groups: the port is there, its value means nothing
    assign consumer     = 1'b0;
    assign producer     = 1'b0;
    assign started     = 2'd0;
    assign settling    = 1'b0;
    assign dual_write   = 2'd0;
    assign single_write = write;
    assign ram_addr     = word;
end
endgenerate

wire        ram_write = single_write || dual_write != 0;
wire [31:0] ram_wdata = reg_wdata & mask;

reg  [(1<<ADDR_W)-1:0] written;
reg                    from_ram;
reg  [31:0]            other;
wire [31:0]            ram_data;

dla_ram_1r1w #(.WIDTH(32), .DEPTH(1 << ADDR_W)) u_ram (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (ram_write),
    .wr_addr (ram_addr),
    .wr_data (ram_wdata),
    .rd_en   (read),
    .rd_addr (ram_addr),
    .rd_data (ram_data)
);

assign reg_rdata = other | (from_ram ? ram_data : 32'd0);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        written  <= 0;
        from_ram <= 1'b0;
        other    <= 32'd0;
    end else begin
        if (ram_write) written <= written | (STORED & ({{(1<<ADDR_W)-1{1'b0}}, 1'b1} << ram_addr)); // one decoder
        from_ram <= read && written[ram_addr];
        other    <= !read ? 32'd0 : own_value | value | (written[ram_addr] ? 32'd0 : reset);
    end
end

`ifdef FORMAL_DLA_REGS
`include "dla_regs.vh"
`endif

endmodule

`default_nettype wire
