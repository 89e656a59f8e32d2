// SDP_RDMA operand engine (used for BS and for BN): fetches operands and offers them as 8 x (ALU, MUL).
//
//     dla_cube_fetch -> parts (beats of a transfer before its last) -> format -> opd_alu, opd_mul
//
// A transfer is 1, 2 or 4 beats (8 operands of 1 or 2 bytes, one or both kinds). Per channel there is one
// transfer a surface, fetched ahead of the surface; per element one a pixel.
//
// opd_valid/opd_ready reserve the next transfer; its operands are on opd_alu/opd_mul exactly LATENCY cycles
// later, with opd_data_valid. So SDP can collect the operands of a late pipeline stage when it accepts the
// pixel, and nothing needs to be delayed along. Throughput: one beat a cycle.
//
// `busy` lasts until the last request of the layer has been accepted, with `hold` until its last transfer has
// been taken. The next layer may start then (`free`): the engine remembers how many beats are left of the one
// before, whose format holds as long. Of two layers before there must be none left.
// Spec: sdp.md sections 4 and 5.
`default_nettype none

module sdp_rdma_operand #(
    parameter DEPTH   = 64, // beats of the latency buffer, a power of two
    parameter LATENCY = 0   // cycles from reservation to data, 0 to 7
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire [31:0]  ram_pd,
    // control
    input  wire         start,       // pulse: fetch the operands of a layer
    output wire         busy,        // the layer is not done here
    output wire         free,        // a layer may be started
    output wire         moves,       // registers change: clk may stop in cycles without and without start
    input  wire         hold,        // the layer is done when its last transfer is taken, not when it is requested
    // registers of the layer
    input  wire         ram_type,    // 1: memory; 0 never requests
    input  wire         both,        // ALU and MUL operands, else one kind
    input  wire         data_size,   // 0: 1 byte, 1: 2 bytes
    input  wire         data_mode,   // 0: per channel, 1: per element
    input  wire [31:3]  base,
    input  wire [31:3]  line_stride,
    input  wire [31:3]  surface_stride,
    input  wire [12:0]  width,       // minus 1
    input  wire [12:0]  height,      // minus 1
    input  wire [9:0]   surfaces,    // minus 1
    // memory
    output wire         rd_req_valid,
    input  wire         rd_req_ready,
    output wire [31:3]  rd_req_addr,
    input  wire         rd_rsp_valid,
    input  wire [63:0]  rd_rsp_data,
    // operands
    output wire         opd_valid,
    input  wire         opd_ready,
    output wire         opd_per_element, // with opd_valid
    output wire         opd_data_valid,
    output wire [127:0] opd_alu,         // 8 x int16, lane 0 lowest
    output wire [127:0] opd_mul
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DEPTH < 16 || DEPTH > 1024 || (DEPTH & (DEPTH - 1)) != 0)
        begin : g_depth_illegal sdp_rdma_operand_DEPTH_is_a_power_of_two_from_16_to_1024 u_illegal (); end
    if (LATENCY < 0 || LATENCY > 7) begin : g_latency_illegal sdp_rdma_operand_LATENCY_is_0_to_7 u_illegal (); end
endgenerate

localparam CNT_W = $clog2(DEPTH) + 1;

// ---------------------------------------------------------------- fetch
wire [1:0] beats      = {both && data_size, both || data_size};  // of a transfer of the layer fetched, minus 1
wire       contiguous = !data_mode || (width == 0 && height == 0);
wire [14:0] row_beats = beats[1] ? {width, 2'b11} : beats[0] ? {1'b0, width, 1'b1} : {2'b00, width};

wire             fetching;
wire             beat_valid;
wire             beat_ready;
wire [63:0]      beat;
wire [CNT_W-1:0] used;
wire             beat_fire = beat_valid && beat_ready;

dla_cube_fetch #(.DEPTH(DEPTH), .SIZE0_W(15), .SIZE1_W(13), .SIZE2_W(10)) u_fetch (
    .clk          (clk),
    .rst_n        (rst_n),
    .ram_pd       (ram_pd),
    .start        (start),
    .allow        (ram_type),
    .busy         (fetching),
    .base         (base),
    .stride0      (29'd1),
    .stride1      (line_stride),
    .stride2      (contiguous ? {27'd0, beats} + 29'd1 : surface_stride),
    .size0        (contiguous ? {13'd0, beats} : row_beats),
    .size1        (contiguous ? 13'd0 : height),
    .size2        (surfaces),
    .rd_req_valid (rd_req_valid),
    .rd_req_ready (rd_req_ready),
    .rd_req_addr  (rd_req_addr),
    .rd_rsp_valid (rd_rsp_valid),
    .rd_rsp_data  (rd_rsp_data),
    .out_valid    (beat_valid),
    .out_ready    (beat_ready),
    .out_data     (beat),
    .used         (used)
);

// ---------------------------------------------------------------- layers
// {data_mode, data_size, both} of the layer fetched last and of the one before it.
reg  [2:0]       fmt, fmt_before;
reg  [CNT_W-1:0] untaken;        // beats requested and not reserved
reg  [CNT_W-1:0] before_untaken; // of these, of the layer before
reg  [CNT_W-1:0] before_used;    // beats of the layer before that have not left the buffer

wire             req_fire   = rd_req_valid && rd_req_ready;
wire             take       = opd_valid && opd_ready;

// The format of the transfer to be reserved next, in registers: sdp decides late in a cycle whether it takes, and everything it
// decides by begins here. What a reservation leaves is computed before that is known. Requests of a layer end with a
// whole transfer, so those of the layer before are over exactly when one takes what is left.
// The format is fmt_before while some of that layer are left, then fmt.
reg              take_each;  // per element
reg  [1:0]       take_beats; // minus 1
wire [CNT_W-1:0] size          = {{(CNT_W-3){1'b0}}, take_beats[1], take_beats == 2'd1, !take_beats[0]};
wire [CNT_W-1:0] untaken_rest  = untaken - size;
wire [CNT_W-1:0] before_rest   = before_untaken - size;
wire             untaken_left  = take ? untaken != size : untaken != 0;
wire             before_left   = take ? before_untaken != size && before_untaken != 0 : before_untaken != 0;
wire [2:0]       take_fmt_next = start ? (untaken_left ? fmt : {data_mode, data_size, both})
                                       : (before_left ? fmt_before : fmt);
wire             out_both   = (before_used != 0) ? fmt_before[0] : fmt[0];
wire             out_size   = (before_used != 0) ? fmt_before[1] : fmt[1];
wire [1:0]       out_beats  = {out_both && out_size, out_both || out_size};

assign busy            = fetching || (hold && used != 0);
assign free            = before_used == 0;
assign opd_per_element = take_each;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        untaken        <= 0;
        before_untaken <= 0;
        before_used    <= 0;
    end else begin
        untaken <= (take ? untaken_rest : untaken) + {{(CNT_W-1){1'b0}}, req_fire};
        if (start) begin
            before_untaken <= take ? untaken_rest : untaken;
            before_used    <= used - {{(CNT_W-1){1'b0}}, beat_fire};
        end else begin
            if (before_untaken != 0 && take)   before_untaken <= before_rest;
            if (before_used != 0 && beat_fire) before_used    <= before_used - 1'b1;
        end
    end
end

// Reset: opd_valid follows from it before the first layer, too.
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        fmt        <= 3'd0;
        take_each  <= 1'b0;
        take_beats <= 2'd0;
    end else begin
        if (start) fmt <= {data_mode, data_size, both};
        take_each  <= take_fmt_next[2];
        take_beats <= {take_fmt_next[0] && take_fmt_next[1], take_fmt_next[0] || take_fmt_next[1]};
    end
end

always @(posedge clk) begin
    if (start) fmt_before <= fmt;
end

// ---------------------------------------------------------------- reservation
// `level` counts beats that are in the buffer and not reserved. It learns of a beat as late as the beat
// needs to get through the buffer, so a reserved transfer is always there. `gap` keeps reservations as far
// apart as the beats of a transfer need to leave the buffer.
reg [CNT_W-1:0] level;
reg [1:0]       gap;
reg [1:0]       arrived;

assign moves     = fetching || used != 0 || gap != 0;
assign opd_valid = (gap == 0) && (level[CNT_W-1:2] != 0 || level[1:0] > take_beats);

wire [CNT_W-1:0] level_up = {{(CNT_W-1){1'b0}}, arrived[1]};
wire [CNT_W-1:0] level_rest = level + level_up - size;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        level   <= 0;
        gap     <= 0;
        arrived <= 0;
    end else begin
        arrived <= {arrived[0], rd_rsp_valid};
        level   <= take ? level_rest : level + level_up;
        if (take)          gap <= take_beats;
        else if (gap != 0) gap <= gap - 1'b1;
    end
end

generate
    if (LATENCY == 0) begin : g_now
        assign opd_data_valid = take;
    end else begin : g_later
        reg [LATENCY-1:0] taken;
        assign opd_data_valid = taken[LATENCY-1];
        always @(posedge clk or negedge rst_n) begin
            if (!rst_n) taken <= 0;
            else        taken <= (taken << 1) | {{(LATENCY-1){1'b0}}, take};
        end
    end
endgenerate

// ---------------------------------------------------------------- assembly
reg [1:0]   index;  // beat of the transfer at the head of the buffer
reg [191:0] parts;  // earlier beats of the transfer, youngest highest

wire         complete = (index == out_beats);
wire [255:0] word     = {beat, parts};

assign beat_ready = complete ? opd_data_valid : 1'b1;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)         index <= 0;
    else if (beat_fire) index <= complete ? 2'd0 : index + 1'b1;
end

always @(posedge clk) begin
    if (beat_fire && !complete) parts <= {beat, parts[191:64]};
end

genvar i;
generate
    for (i = 0; i < 8; i = i + 1) begin : g_lane
        wire [7:0]  single1 = word[192 + 8*i +: 8];
        wire [15:0] single2 = word[128 + 16*i +: 16];
        wire [31:0] both2   = word[32*i +: 32];
        assign opd_alu[16*i +: 16] =
            out_both ? (out_size ? both2[15:0]  : {{8{single2[7]}}, single2[7:0]})
                     : (out_size ? single2      : {{8{single1[7]}}, single1});
        assign opd_mul[16*i +: 16] =
            out_both ? (out_size ? both2[31:16] : {{8{single2[15]}}, single2[15:8]})
                     : (out_size ? single2      : {{8{single1[7]}}, single1});
    end
endgenerate

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && opd_data_valid && !(beat_valid && complete)) $error("%m: reserved operands are not there");
    if (rst_n && start && !free) $error("%m: started with operands of two layers before");
end

// A layer's first transfer is reserved three cycles after the last one of the layer before, or later: sooner, a larger one
// would leave before its beats have been put together. sdp keeps to that: it lets a layer's last atom through first.
reg       layer_new; // the next transfer is the first of its layer
reg [1:0] since;     // cycles since the last one, at most 2

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        layer_new <= 1'b0;
        since     <= 2'd2;
    end else begin
        if (start)     layer_new <= !untaken_left;
        else if (take) layer_new <= before_untaken != 0 && before_untaken == size;
        if (take)               since <= 2'd0;
        else if (since != 2'd2) since <= since + 2'd1;
        if (take && layer_new && since != 2'd2) $error("%m: operands of a layer right behind those of the layer before");
    end
end
`endif

`ifdef FORMAL_SDP_RDMA_OPERAND
`include "sdp_rdma_operand.vh"
`endif

endmodule

`default_nettype wire
