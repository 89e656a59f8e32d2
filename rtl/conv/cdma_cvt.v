// Input converter and the common write pipeline into CBUF.
//
//   A  entry (data: pad bytes in place; weights: as they come)
//   B  v = byte * SCALE + K            K = half - OFFSET * SCALE, one constant a channel
//   C  clamp8(v >> TRUNCATE), minus one for a negative tie --> CBUF write
//
// Rounding is to nearest, ties away from zero: with half = 2^(TRUNCATE-1) in K the shift rounds ties up,
// and a tie (all bits shifted out are 0) with a result <= 0 is corrected by one. |(byte - OFFSET) * SCALE|
// is below 2^31, so TRUNCATE >= 32 always gives 0. `setup` computes the constants of the layer with the
// multipliers of lanes 0-3: K = half + (~OFFSET + 1) * SCALE, high byte, low byte, one.
// Latency 3, one entry a cycle, no back-pressure. Data and weights never come together: the memory
// answers one beat a cycle. PROC_PRECISION is taken as int8. Spec: cdma.md section 5.
`default_nettype none

module cdma_cvt (
    input  wire         clk,
    input  wire         rst_n,
    // layer, constant while it runs
    input  wire         enable,
    input  wire         is_signed,   // bytes are int8, else uint8
    input  wire         three_byte,  // channel of a lane rotates; else lane mod 4
    input  wire [63:0]  offsets,     // 4 x int16, channel 0 lowest
    input  wire [15:0]  scale,
    input  wire [5:0]   truncate,
    input  wire [7:0]   pad_value,
    input  wire         setup,       // pulse: compute the constants
    output wire         ready,       // pulse: constants are there
    // answers
    input  wire         dat_valid,
    input  wire         dat_write,
    input  wire         dat_last,
    input  wire [1:0]   dat_phase,
    input  wire [63:0]  dat_data,
    input  wire [7:0]   dat_pad,
    input  wire         wt_valid,
    input  wire [63:0]  wt_data,
    // CBUF
    output reg          dat_retire,  // the answer of a data read leaves the pipeline
    output reg          dat_wr_valid,
    output reg          dat_wr_last,
    output reg          wt_wr_valid,
    output reg  [63:0]  wr_data
);

// ---- stage A
reg         a_dat, a_write, a_last, a_wt;
reg  [1:0]  a_phase;
reg  [63:0] a_data;
reg  [7:0]  a_raw;   // lanes that are not converted

integer i;
always @(posedge clk) begin
    if (dat_valid || wt_valid) begin
        a_phase <= dat_phase;
        a_raw   <= wt_valid || !enable ? 8'hff : dat_pad;
        for (i = 0; i < 8; i = i + 1)
            a_data[8*i +: 8] <= wt_valid ? wt_data[8*i +: 8]
                              : dat_pad[i] ? pad_value : dat_data[8*i +: 8];
    end
end

// ---- constants
reg  [3:0]   step;    // one-hot, 0 idle: load half, high bytes, low bytes, one
reg  [131:0] k;       // 4 x 33 bit
wire [131:0] product; // of lanes 0-3
wire         busy = |step;
wire [32:0]  half = truncate == 6'd0 ? 33'd0 : 33'd1 << (truncate[4:0] - 5'd1);

assign ready = step[3];

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) step <= 4'd0;
    else        step <= {step[2:0], setup};
end

integer c;
always @(posedge clk) begin
    for (c = 0; c < 4; c = c + 1)
        if (busy) k[33*c +: 33] <= step[0] ? half >> 8
                                 : step[1] ? {product[33*c +: 25], half[7:0]} : product[33*c +: 33];
end

// ---- stage B
reg         b_dat, b_write, b_last, b_wt;
reg  [7:0]  b_raw;
reg  [32:0] v [0:7];

genvar g;
generate
    for (g = 0; g < 8; g = g + 1) begin : lane
        // Channel of the byte, its constant, the byte with its sign.
        localparam CHANNEL = g % 4, TURN_0 = g % 3, TURN_1 = (g + 1) % 3, TURN_2 = (g + 2) % 3;
        wire [7:0] data    = a_data[8*g +: 8];
        wire [1:0] turn    = a_phase == 2'd0 ? TURN_0[1:0] : a_phase == 2'd1 ? TURN_1[1:0] : TURN_2[1:0];
        wire [1:0] channel = three_byte && !busy ? turn : CHANNEL[1:0];
        reg  signed [8:0]  x;
        reg  signed [32:0] addend;
        always @* begin
            case (channel)
                2'd0:    addend = k[0 +: 33];
                2'd1:    addend = k[33 +: 33];
                2'd2:    addend = k[66 +: 33];
                default: addend = k[99 +: 33];
            endcase
        end
        wire signed [32:0] result = x * $signed(scale) + addend;
        if (g < 4) begin : first
            wire [15:0] negated = ~offsets[16*g +: 16];
            always @* x = step[1] ? {negated[15], negated[15:8]}
                        : step[2] ? {1'b0, negated[7:0]}
                        : step[3] ? 9'd1 : {is_signed && data[7], data};
            assign product[33*g +: 33] = result;
        end else begin : other
            always @* x = {is_signed && data[7], data};
        end
        always @(posedge clk) begin
            if (a_dat || a_wt) v[g] <= a_raw[g] ? {25'd0, data} : result;
        end
    end
endgenerate

always @(posedge clk) begin
    if (a_dat || a_wt) b_raw <= a_raw;
end

// ---- stage C
// Registers: the setting stands since the start of the layer, long before its first answer.
reg [31:0] low_mask;  // bits shifted out
reg [32:0] high_mask; // bits that must equal the sign

always @(posedge clk) begin
    low_mask  <= ~(32'hffffffff << truncate[4:0]);
    high_mask <= 33'h1_ffffff80 << truncate[4:0];
end

/* verilator lint_off UNUSEDSIGNAL */ // the high bits are checked with the mask, not after the shift
function [7:0] round_clamp(input [32:0] value, input [5:0] shift, input [31:0] low, input [32:0] high);
    reg [32:0] shifted;
    reg [7:0]  q;
    reg        tie;
    begin
        shifted = $signed(value) >>> shift[4:0];
        q   = shifted[7:0];
        tie = shift[4:0] != 5'd0 && (value[31:0] & low) == 32'd0 && (value[32] || q == 8'd0) && q != 8'h80;
        if (shift[5])                                    round_clamp = 8'd0;
        else if (|((value ^ {33{value[32]}}) & high)) round_clamp = {value[32], {7{!value[32]}}};
        else                                             round_clamp = q - {7'd0, tie};
    end
endfunction
/* verilator lint_on UNUSEDSIGNAL */

integer l;
always @(posedge clk) begin
    if (b_dat || b_wt) begin
        for (l = 0; l < 8; l = l + 1)
            wr_data[8*l +: 8] <= b_raw[l] ? v[l][7:0] : round_clamp(v[l], truncate, low_mask, high_mask);
    end
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {a_dat, a_write, a_last, a_wt} <= 4'b0000;
        {b_dat, b_write, b_last, b_wt} <= 4'b0000;
        {dat_retire, dat_wr_valid, dat_wr_last, wt_wr_valid} <= 4'b0000;
    end else begin
        {a_dat, a_write, a_last, a_wt} <= {dat_valid, dat_valid && dat_write, dat_valid && dat_last, wt_valid};
        {b_dat, b_write, b_last, b_wt} <= {a_dat, a_write, a_last, a_wt};
        {dat_retire, dat_wr_valid, dat_wr_last, wt_wr_valid} <= {b_dat, b_write, b_last, b_wt};
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && dat_valid && wt_valid) $error("%m: data and weights answered in the same cycle");
    if (rst_n && setup && busy) $error("%m: a layer before the constants of the last one");
    if (rst_n && dat_valid && busy) $error("%m: data before the constants");
end
`endif

endmodule

`default_nettype wire
