// CDP_RDMA: reads the input cube of CDP, all surfaces of a pixel after each other, then the next pixel.
//
//     dla_cube_fetch (surface, column, line) -> rd (one atom a beat, with its place in the cube)
//
// The size of the cube is known here only, so each atom carries what CDP must know of it: the lanes that hold channels
// and whether it ends a pixel, a line, the layer. A layer is done when its last atom has been handed over. Throughput:
// one beat a cycle as long as the memory latency is below DEPTH.
// Spec: cdp.md sections 2.1, 3; system.md sections 5, 9, 10.
`default_nettype none

module cdp_rdma #(
    parameter DEPTH = 128, // beats of the latency buffer, a power of two
    parameter CLOCK_GATES = 1 // 1: the clock stops where nothing moves (dla_clock_gate), 0: never
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        ungated, // 1: no clock stops
    // register bus
    input  wire        reg_clk,   // of the register bus, stops with it
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
    output wire        reg_settling,
    // memory
    output wire        rd_req_valid,
    input  wire        rd_req_ready,
    output wire [31:3] rd_req_addr,
    input  wire        rd_rsp_valid,
    input  wire [63:0] rd_rsp_data,
    // to cdp
    output wire        rd_valid,
    input  wire        rd_ready,
    output wire [63:0] rd_data,
    output wire [7:0]  rd_lanes,     // lanes that hold channels of the cube
    output wire        rd_pixel_end,
    output wire        rd_line_end,  // with the last atom of the line
    output wire        rd_layer_end
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DEPTH < 16 || DEPTH > 1024 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal cdp_rdma_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal cdp_rdma_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- registers
wire        op_en, perf_en, ram_type;
reg         done;
wire [12:0] width, height, channel;
wire [31:0] base, line_stride, surface_stride;
reg  [31:0] stall;
wire        unused_consumer;
wire        unit_clk;  // of all but the registers

cdp_rdma_regs u_regs (
    .clk                           (reg_clk),
    .rst_n                         (rst_n),
    .ram_pd                        (ram_pd),
    .reg_valid                     (reg_valid),
    .reg_write                     (reg_write),
    .reg_addr                      (reg_addr),
    .reg_wdata                     (reg_wdata),
    .reg_rdata                     (reg_rdata),
    .op_en                         (op_en),
    .consumer                      (unused_consumer),
    .settling                      (reg_settling),
    .done                          (done),
    .cfg_data_cube_width_width     (width),
    .cfg_data_cube_height_height   (height),
    .cfg_data_cube_channel_channel (channel),
    .cfg_src_base_addr_low         (base),
    .cfg_src_line_stride           (line_stride),
    .cfg_src_surface_stride        (surface_stride),
    .cfg_src_dma_cfg_src_ram_type  (ram_type),
    .cfg_perf_enable_dma_en        (perf_en),
    .sts_perf_read_stall           (stall)
);

// Addresses are those of atoms.
wire unused = &{1'b0, base[2:0], line_stride[2:0], surface_stride[2:0]};

// ---------------------------------------------------------------- layer control
reg  running;
wire start = op_en && !running;
wire fire  = rd_valid && rd_ready;
wire last0, last1, last2;

// ---------------------------------------------------------------- clock
// On while a layer runs: it ends with its last beat.

wire awake = op_en || running;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (awake),
    .ungated (ungated),
    .gated   (unit_clk)
);
always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) begin
        running <= 1'b0;
        done    <= 1'b0;
    end else begin
        if (start)     running <= 1'b1;
        else if (done) running <= 1'b0;
        done <= fire && rd_layer_end;
    end
end

wire       unused_busy;
wire [$clog2(DEPTH):0] unused_used;

dla_cube_fetch #(.DEPTH(DEPTH), .SIZE0_W(10), .SIZE1_W(13), .SIZE2_W(13)) u_fetch (
    .clk          (unit_clk),
    .rst_n        (rst_n),
    .ram_pd       (ram_pd),
    .start        (start),
    .allow        (ram_type),
    .busy         (unused_busy),
    .base         (base[31:3]),
    .stride0      (surface_stride[31:3]),
    .stride1      (29'd1),
    .stride2      (line_stride[31:3]),
    .size0        (channel[12:3]),
    .size1        (width),
    .size2        (height),
    .rd_req_valid (rd_req_valid),
    .rd_req_ready (rd_req_ready),
    .rd_req_addr  (rd_req_addr),
    .rd_rsp_valid (rd_rsp_valid),
    .rd_rsp_data  (rd_rsp_data),
    .out_valid    (rd_valid),
    .out_ready    (rd_ready),
    .out_data     (rd_data),
    .used         (unused_used)
);

// ---------------------------------------------------------------- place of the atom handed over
wire unused_addr;

dla_cube_walk #(.ADDR_W(1), .SIZE0_W(10), .SIZE1_W(13), .SIZE2_W(13)) u_place (
    .clk     (unit_clk),
    .load    (start),
    .step    (fire),
    .base    (1'b0),
    .stride0 (1'b0),
    .stride1 (1'b0),
    .stride2 (1'b0),
    .size0   (channel[12:3]),
    .size1   (width),
    .size2   (height),
    .addr    (unused_addr),
    .last0   (last0),
    .last1   (last1),
    .last2   (last2)
);

assign rd_pixel_end = last0;
assign rd_line_end  = last0 && last1;
assign rd_layer_end = last0 && last1 && last2;
assign rd_lanes     = last0 ? ~(8'hfe << channel[2:0]) : 8'hff;

always @(posedge unit_clk) begin
    if (start) stall <= 0;
    else if (perf_en && rd_req_valid && !rd_req_ready) stall <= stall + 1'b1;
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (rd_rsp_valid || rd_req_valid && rd_req_ready) && !awake) $error("%m: a beat while the unit sleeps");
end
`endif

`ifdef FORMAL_CDP_RDMA
`include "cdp_rdma.vh"
`endif

endmodule

`default_nettype wire
