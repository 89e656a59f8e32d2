// Pooling read DMA: fetches a cube, strip by strip, and hands it to pdp as a stream of atoms.
//
//   registers -> strip geometry -> address walk -> rd_req       rd_rsp -> latency buffer (128 atoms) -> rd_*
//                                       ^---- free places of the buffer, returned as atoms leave ----|
//
// Order: strip, surface, line, column. One request a cycle, line and surface changes included; a strip costs two
// cycles more. A request is sent only when its answer has a place, so 128 reads may be in flight.
// The layer ends (`done`) when its last read has been accepted: the group is free for the next layer, whose
// reads follow the old ones at once while those are still on their way to pdp.
// Source RAM type 0 (there is no such memory) never sends a request. Spec: pdp.md 2.1, 5, 7; system.md 9, 10.
`default_nettype none

module pdp_rdma #(
    parameter BUFFER_DEPTH = 128 // atoms in the latency buffer, a power of two: bounds the reads in flight
) (
    input  wire        clk,
    input  wire        rst_n,
    // register bus
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    input  wire [31:0] reg_wdata,
    output wire [31:0] reg_rdata,
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

localparam FREE_W = $clog2(BUFFER_DEPTH) + 1;

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

/* verilator lint_off PINCONNECTEMPTY */ // the group is of no interest here
pdp_rdma_regs u_regs (
    .clk                                        (clk),
    .rst_n                                      (rst_n),
    .reg_valid                                  (reg_valid),
    .reg_write                                  (reg_write),
    .reg_addr                                   (reg_addr),
    .reg_wdata                                  (reg_wdata),
    .reg_rdata                                  (reg_rdata),
    .op_en                                      (op_en),
    .consumer                                   (),
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

// Walk

localparam [1:0] IDLE = 2'd0, STRIP = 2'd1, RUN = 2'd2, DONE = 2'd3;

reg [1:0]  state;
reg        first;                        // first strip
reg [7:0]  strips_left;                  // after the current one
reg [9:0]  surfaces_left;
reg [12:0] lines_left, columns_left;
reg [12:0] width;                        // columns of the strip - 1
reg [31:3] addr, line_base, surface_base, strip_base;

wire [12:0] strip_width;
wire [4:0]  overlap;

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

wire take         = rd_req_valid && rd_req_ready;
wire line_end     = take && columns_left == 13'd0;
wire surface_end  = line_end && lines_left == 13'd0;
wire strip_end    = surface_end && surfaces_left == 10'd0;
wire layer_end    = strip_end && strips_left == 8'd0;

wire [31:3] next_line    = line_base + line_stride[31:3];
wire [31:3] next_surface = surface_base + surface_stride[31:3];
// Columns from this strip's start to the next one's
wire [11:0] strip_step   = {2'd0, first ? first_width : mid_width} + 12'd1 - (first ? {{7{overlap[4]}}, overlap} : 12'd0);

assign done = (state == DONE);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) state <= IDLE;
    else case (state)
        IDLE:    if (op_en) state <= STRIP;
        STRIP:   state <= RUN;
        RUN:     if (strip_end) state <= layer_end ? DONE : STRIP;
        default: state <= IDLE;
    endcase
end

always @(posedge clk) begin
    if (state == IDLE) begin
        first       <= 1'b1;
        strips_left <= split_num;
    end else if (strip_end) begin
        first       <= 1'b0;
        strips_left <= strips_left - 8'd1;
    end
    if (state == STRIP) width <= strip_width;
end

always @(posedge clk) begin
    if (state == STRIP) begin
        columns_left  <= strip_width;
        lines_left    <= cube_height;
        surfaces_left <= cube_channel[12:3];
    end else begin
        if (take)        columns_left  <= line_end ? width : columns_left - 13'd1;
        if (line_end)    lines_left    <= surface_end ? cube_height : lines_left - 13'd1;
        if (surface_end) surfaces_left <= surfaces_left - 10'd1;
    end
end

always @(posedge clk) begin
    if (state == IDLE)    strip_base <= base_addr[31:3];
    else if (strip_end)   strip_base <= strip_base + {{17{strip_step[11]}}, strip_step};

    if (state == STRIP)   surface_base <= strip_base;
    else if (surface_end) surface_base <= next_surface;

    if (state == STRIP)   line_base <= strip_base;
    else if (line_end)    line_base <= surface_end ? next_surface : next_line;

    if (state == STRIP)   addr <= strip_base;
    else if (take)        addr <= surface_end ? next_surface : line_end ? next_line : addr + 29'd1;
end

// Requests and latency buffer

reg  [FREE_W-1:0] free; // places of the buffer neither filled nor promised
wire              leave;

assign rd_req_valid = (state == RUN) && ram_type && free != 0;
assign rd_req_addr  = addr;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)              free <= BUFFER_DEPTH[FREE_W-1:0];
    else if (take && !leave) free <= free - 1'b1;
    else if (leave && !take) free <= free + 1'b1;
end

dla_ram_fifo #(.WIDTH(64), .DEPTH(BUFFER_DEPTH)) u_buffer (
    .clk       (clk),
    .rst_n     (rst_n),
    .in_valid  (rd_rsp_valid),
    .in_data   (rd_rsp_data),
    .out_valid (rd_valid),
    .out_ready (rd_ready),
    .out_data  (rd_data),
    .pop       (leave)
);

// Stall counter, per layer

always @(posedge clk) begin
    if (state == IDLE)                                             stalls <= 32'd0;
    else if (count_stalls && rd_req_valid && !rd_req_ready) stalls <= stalls + 32'd1;
end

// Atoms are aligned (pdp.md 2.1); the lanes of the last surface are always whole
wire unused = |{base_addr[2:0], line_stride[2:0], surface_stride[2:0], cube_channel[2:0], kernel_width[3]};

`ifdef DLA_ASSERT
always @(posedge clk) begin
    if (rst_n && free > BUFFER_DEPTH[FREE_W-1:0]) $error("pdp_rdma: more places free than there are");
end
`endif

endmodule

`default_nettype wire
