// Read DMA of a cube: walks the cube, keeps up to DEPTH reads in flight, offers the beats in order.
//
//     start -> walk -> rd_req ....memory.... rd_rsp -> latency buffer -> out
//
// A request is sent only when the buffer has a free place for its answer, so responses need no ready.
// Throughput: one beat a cycle while the memory latency is below DEPTH - 4. `busy` covers the time from
// `start` to the last request; the next cube may be started as soon as it is 0, while beats of the
// previous one are still on their way (the buffer keeps the order).
`default_nettype none

module dla_cube_fetch #(
    parameter DEPTH   = 128, // beats in flight and buffered, a power of two
    parameter SIZE0_W = 13,  // bits of the three loop sizes
    parameter SIZE1_W = 13,
    parameter SIZE2_W = 13,
    parameter CNT_W   = $clog2(DEPTH) + 1 // derived, do not set
) (
    input  wire               clk,
    input  wire               rst_n,
    input  wire [31:0]        ram_pd,
    // control: start is a pulse; geometry as in dla_cube_walk, stable while busy
    input  wire               start,
    input  wire               allow,   // 0 holds back all requests
    output reg                busy,
    input  wire [31:3]        base,
    input  wire [31:3]        stride0,
    input  wire [31:3]        stride1,
    input  wire [31:3]        stride2,
    input  wire [SIZE0_W-1:0] size0,
    input  wire [SIZE1_W-1:0] size1,
    input  wire [SIZE2_W-1:0] size2,
    // memory
    output wire               rd_req_valid,
    input  wire               rd_req_ready,
    output wire [31:3]        rd_req_addr,
    input  wire               rd_rsp_valid,
    input  wire [63:0]        rd_rsp_data,
    // beats in order
    output wire               out_valid,
    input  wire               out_ready,
    output wire [63:0]        out_data,
    output reg  [CNT_W-1:0]   used     // beats requested and not yet taken from out
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DEPTH < 2 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal dla_cube_fetch_DEPTH_is_a_power_of_two_from_2 u_illegal (); end
    if (SIZE0_W < 1) begin : g_size0_w_illegal dla_cube_fetch_SIZE0_W_is_at_least_1 u_illegal (); end
    if (SIZE1_W < 1) begin : g_size1_w_illegal dla_cube_fetch_SIZE1_W_is_at_least_1 u_illegal (); end
    if (SIZE2_W < 1) begin : g_size2_w_illegal dla_cube_fetch_SIZE2_W_is_at_least_1 u_illegal (); end
    if (CNT_W != $clog2(DEPTH) + 1) begin : g_cnt_w_illegal dla_cube_fetch_CNT_W_is_derived u_illegal (); end
endgenerate

wire req_fire = rd_req_valid && rd_req_ready;
wire pop;
wire last0, last1, last2;

assign rd_req_valid = busy && allow && !used[CNT_W-1];

dla_cube_walk #(.SIZE0_W(SIZE0_W), .SIZE1_W(SIZE1_W), .SIZE2_W(SIZE2_W)) u_walk (
    .clk     (clk),
    .load    (start),
    .step    (req_fire),
    .base    (base),
    .stride0 (stride0),
    .stride1 (stride1),
    .stride2 (stride2),
    .size0   (size0),
    .size1   (size1),
    .size2   (size2),
    .addr    (rd_req_addr),
    .last0   (last0),
    .last1   (last1),
    .last2   (last2)
);

dla_ram_fifo #(.WIDTH(64), .DEPTH(DEPTH)) u_buffer (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .in_valid  (rd_rsp_valid),
    .in_data   (rd_rsp_data),
    .out_valid (out_valid),
    .out_ready (out_ready),
    .out_data  (out_data),
    .pop       (pop)
);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        busy <= 1'b0;
        used <= 0;
    end else begin
        if (start) busy <= 1'b1;
        else if (req_fire && last0 && last1 && last2) busy <= 1'b0;
        if (req_fire && !pop)      used <= used + 1'b1;
        else if (pop && !req_fire) used <= used - 1'b1;
    end
end

`ifdef DLA_ASSERT
reg [CNT_W-1:0] waited;  // requests not yet answered
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) waited <= 0;
    else begin
        waited <= waited + {{(CNT_W-1){1'b0}}, req_fire} - {{(CNT_W-1){1'b0}}, rd_rsp_valid};
        if (rd_rsp_valid && waited == 0) $error("%m: response without a request");
        if (start && busy) $error("%m: started while busy");
    end
end
`endif

`ifdef FORMAL_DLA_CUBE_FETCH
`include "dla_cube_fetch.vh"
`endif

endmodule

`default_nettype wire
