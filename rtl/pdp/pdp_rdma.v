// Pooling read DMA: fetches a cube, strip by strip, and hands it to pdp as a stream of atoms.
//
//   registers -> strip geometry -> dla_cube_fetch (address walk, rd_req, latency buffer) -> rd_*
//
// Order: strip, surface, line, column. One request a cycle, line and surface changes included; a strip costs two
// cycles more. The buffer bounds the reads in flight.
// The layer ends (`done`) when its last read has been accepted: the group is free for the next layer, whose
// reads follow the old ones at once while those are still on their way to pdp.
// Source RAM type 0 (there is no such memory) never sends a request. Spec: pdp.md 2.1, 5, 7; system.md 9, 10.
`default_nettype none

module pdp_rdma #(
    parameter BUFFER_DEPTH = 128, // atoms in the latency buffer, a power of two: bounds the reads in flight
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
    // to pdp
    output wire        rd_valid,
    input  wire        rd_ready,
    output wire [63:0] rd_data
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (BUFFER_DEPTH < 16 || BUFFER_DEPTH > 1024 || (BUFFER_DEPTH & (BUFFER_DEPTH - 1)) != 0)
        begin : g_buffer_depth_illegal pdp_rdma_BUFFER_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (CLOCK_GATES != 0 && CLOCK_GATES != 1) begin : g_clock_gates_illegal pdp_rdma_CLOCK_GATES_is_0_or_1 u_illegal (); end
endgenerate

// Registers

wire        op_en;
wire        done;
wire [12:0] cube_width, cube_height, cube_channel;
wire [31:0] base_addr, line_stride, surface_stride;
wire        ram_type;
wire [7:0]  split_num;
wire [3:0]  kernel_width, stride_width;
wire [9:0]  first_width, last_width, mid_width;
wire        count_stalls;
reg  [31:0] stalls;
wire        unit_clk;  // of all but the registers

/* verilator lint_off PINCONNECTEMPTY */ // the group is of no interest here
pdp_rdma_regs u_regs (
    .clk                                        (reg_clk),
    .rst_n                                      (rst_n),
    .ram_pd                                     (ram_pd),
    .reg_valid                                  (reg_valid),
    .reg_write                                  (reg_write),
    .reg_addr                                   (reg_addr),
    .reg_wdata                                  (reg_wdata),
    .reg_rdata                                  (reg_rdata),
    .op_en                                      (op_en),
    .consumer                                   (),
    .settling                                   (reg_settling),
    .done                                       (done),
    .cfg_data_cube_in_width_cube_in_width       (cube_width),
    .cfg_data_cube_in_height_cube_in_height     (cube_height),
    .cfg_data_cube_in_channel_cube_in_channel   (cube_channel),
    .cfg_src_base_addr_low                      (base_addr),
    .cfg_src_line_stride                        (line_stride),
    .cfg_src_surface_stride                     (surface_stride),
    .cfg_src_ram_cfg_src_ram_type               (ram_type),
    .cfg_operation_mode_cfg_split_num           (split_num),
    .cfg_pooling_kernel_cfg_kernel_width        (kernel_width),
    .cfg_pooling_kernel_cfg_kernel_stride_width (stride_width),
    .cfg_partial_width_in_first                 (first_width),
    .cfg_partial_width_in_last                  (last_width),
    .cfg_partial_width_in_mid                   (mid_width),
    .cfg_perf_enable_dma_en                     (count_stalls),
    .sts_perf_read_stall                        (stalls)
);
/* verilator lint_on PINCONNECTEMPTY */

// Strips

localparam [1:0] IDLE = 2'd0, STRIP = 2'd1, RUN = 2'd2, DONE = 2'd3;

reg [1:0]   state;
reg         first;         // first strip
reg  [7:0]  strips_left;   // after the current one
reg  [31:3] strip_base;
wire [12:0] strip_width;
wire [4:0]  overlap;
wire        busy;
wire [$clog2(BUFFER_DEPTH):0] used;

// ---------------------------------------------------------------- clock
// On while a layer is requested or its beats are not taken.

wire awake = op_en || state != IDLE || used != 0;

dla_clock_gate #(.PRESENT(CLOCK_GATES)) u_gate (
    .clk     (clk),
    .enable  (awake),
    .ungated (ungated),
    .gated   (unit_clk)
);
pdp_strip_width u_width (
    .cube_width   (cube_width),
    .split        (split_num != 8'd0),
    .first_width  (first_width),
    .mid_width    (mid_width),
    .last_width   (last_width),
    .kernel_width (kernel_width[2:0]),
    .stride_width (stride_width),
    .first        (first),
    .last         (strips_left == 8'd0),
    .overlap      (overlap),
    .width        (strip_width)
);

// Columns from the start of this strip to that of the next
wire [11:0] pitch = {2'd0, first ? first_width : mid_width} + 12'd1 - (first ? {{7{overlap[4]}}, overlap} : 12'd0);

wire next_strip = (state == RUN) && !busy && strips_left != 8'd0;

assign done = (state == DONE);

always @(posedge unit_clk or negedge rst_n) begin
    if (!rst_n) state <= IDLE;
    else case (state)
        IDLE:    if (op_en) state <= STRIP;
        STRIP:   state <= RUN;
        RUN:     if (!busy) state <= (strips_left == 8'd0) ? DONE : STRIP;
        default: state <= IDLE;
    endcase
end

always @(posedge unit_clk) begin
    if (state == IDLE) begin
        first       <= 1'b1;
        strips_left <= split_num;
        strip_base  <= base_addr[31:3];
    end else if (next_strip) begin
        first       <= 1'b0;
        strips_left <= strips_left - 8'd1;
        strip_base  <= strip_base + {{17{pitch[11]}}, pitch};
    end
end

// The geometry must stand still while busy: `first` and `strips_left` do
/* verilator lint_off PINCONNECTEMPTY */ // the fill level is of no interest
dla_cube_fetch #(.DEPTH(BUFFER_DEPTH), .SIZE2_W(10)) u_fetch (
    .clk          (unit_clk),
    .rst_n        (rst_n),
    .ram_pd       (ram_pd),
    .start        (state == STRIP),
    .allow        (ram_type),
    .busy         (busy),
    .base         (strip_base),
    .stride0      (29'd1),
    .stride1      (line_stride[31:3]),
    .stride2      (surface_stride[31:3]),
    .size0        (strip_width),
    .size1        (cube_height),
    .size2        (cube_channel[12:3]),
    .rd_req_valid (rd_req_valid),
    .rd_req_ready (rd_req_ready),
    .rd_req_addr  (rd_req_addr),
    .rd_rsp_valid (rd_rsp_valid),
    .rd_rsp_data  (rd_rsp_data),
    .out_valid    (rd_valid),
    .out_ready    (rd_ready),
    .out_data     (rd_data),
    .used         (used)
);
/* verilator lint_on PINCONNECTEMPTY */

// Stall counter, per layer

always @(posedge unit_clk) begin
    if (state == IDLE)                                      stalls <= 32'd0;
    else if (count_stalls && rd_req_valid && !rd_req_ready) stalls <= stalls + 32'd1;
end

// Atoms are aligned (pdp.md 2.1); the lanes of the last surface are always whole
wire unused = |{base_addr[2:0], line_stride[2:0], surface_stride[2:0], cube_channel[2:0], kernel_width[3]};

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && (rd_rsp_valid || rd_req_valid && rd_req_ready) && !awake) $error("%m: a beat while the unit sleeps");
end
`endif

`ifdef FORMAL_PDP_RDMA
`include "pdp_rdma.vh"
`endif

endmodule

`default_nettype wire
