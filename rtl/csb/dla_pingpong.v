// Control of two register groups: who writes, who runs, when a layer may start.
//
//            +----------+  writable[g]: D_ writes to group g are taken (its OP_EN is 0)
//   bus ---> | PRODUCER | ---------> group registers
//            | OP_EN[g] |  op_en      : level for the datapath, group CONSUMER
//   done --> | CONSUMER |  started[g] : pulse, OP_EN of group g rises at the end of this cycle
//            +----------+  status     : the word S_STATUS
//
// A write of OP_EN shows at `op_en` in the next cycle. `op_en` is 0 in the cycle of `done` and in the
// cycle after it, so that two layers are always separated. Spec: system.md section 5.
`default_nettype none

module dla_pingpong (
    input  wire        clk,
    input  wire        rst_n,
    // bus writes, bit 0 of the data
    input  wire        pointer_write,
    input  wire        op_en_write,
    input  wire        wdata,
    // datapath
    input  wire        done,      // one-cycle pulse: the layer of group CONSUMER has ended
    output wire        op_en,
    output reg         consumer,
    // registers
    output reg         producer,
    output wire [1:0]  writable,
    output wire [1:0]  started,
    output wire [31:0] status,
    output wire        op_en_read, // OP_EN of group PRODUCER
    output wire        settling    // a layer ends: registers change without a bus access, in two cycles
);

reg [1:0] enabled; // OP_EN of both groups
reg       done_d;

assign writable   = ~enabled;
assign started    = writable & {producer, !producer} & {2{op_en_write && wdata}};
assign op_en      = enabled[consumer] && !done && !done_d;
assign op_en_read = enabled[producer];
assign settling   = done || done_d;

wire [1:0] running = enabled & {consumer, !consumer};
wire [1:0] pending = enabled & {!consumer, consumer};
assign status = {14'd0, pending[1], running[1], 14'd0, pending[0], running[0]};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        producer <= 1'b0;
        consumer <= 1'b0;
        enabled  <= 2'b00;
        done_d   <= 1'b0;
    end else begin
        if (pointer_write) producer <= wdata;
        if (done)          consumer <= !consumer;
        enabled <= (enabled & ~({consumer, !consumer} & {2{done}})) | started;
        done_d  <= done;
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && done && !enabled[consumer]) $error("%m: done without a running layer");
end
`endif

`ifdef FORMAL_DLA_PINGPONG
`include "dla_pingpong.vh"
`endif

endmodule

`default_nettype wire
