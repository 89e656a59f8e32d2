// Answer side of the data fetch: memory atoms -> CBUF entries (combinational, with holding registers).
//
//   atom --> channel order --> rotate --+--> merge with the atom before --+--> pad bytes --> entry
//                                       +--> [hold registers] ------------+
//
// Features and one-plane images: every atom gives the entry made of the low lanes of the atom before and
// the rest of this one. Two planes: luma waits for its chroma; eight pixels (one luma, two chroma atoms)
// make three entries, the third leaves with the next luma atom. The walk repeats the one of the request
// side. One atom a cycle, no back-pressure. Spec: data_formats.md section 3, cdma.md sections 2 and 4.
`default_nettype none

module cdma_pack (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,        // pulse: start of the layer
    // layer, constant while it runs
    input  wire        img,
    input  wire        two_plane,
    input  wire [1:0]  order,
    input  wire        swap_uv,
    input  wire [2:0]  rotate_0,
    input  wire [2:0]  rotate_1,
    input  wire [2:0]  skip,
    input  wire [13:0] entries,
    input  wire [6:0]  pad_end,
    input  wire [15:0] data_end,
    // from mcif
    input  wire        rsp_valid,
    input  wire [63:0] rsp_data,
    // entry, in the same cycle
    output wire        write,        // with rsp_valid: an entry is complete
    output wire        last,         // with rsp_valid: it is the last of its line
    output wire [1:0]  phase,        // two planes: channel of lane 0
    output wire [63:0] data,
    output wire [7:0]  pad           // lanes that hold padding
);

wire [1:0] kind;

cdma_slots u_slots (
    .clk (clk), .rst_n (rst_n), .load (start), .step (rsp_valid), .two_plane (two_plane), .skip (skip),
    .entries (entries), .kind (kind), .entry (write), .last (last)
);

wire chroma = kind != 2'd0;

// Channel order of 4-byte pixels, then rotation: lane l of `turned` is byte (l + amount) mod 8.
function [31:0] reorder(input [1:0] how, input [31:0] m);
    case (how)
        2'd1:    reorder = {m[31:24], m[7:0], m[15:8], m[23:16]};
        2'd2:    reorder = {m[7:0], m[31:24], m[23:16], m[15:8]};
        2'd3:    reorder = {m[7:0], m[15:8], m[23:16], m[31:24]};
        default: reorder = m;
    endcase
endfunction

wire [63:0] atom     = {reorder(order, rsp_data[63:32]), reorder(order, rsp_data[31:0])};
wire [2:0]  amount   = chroma ? rotate_1 : rotate_0;
wire [63:0] turned_4 = amount[2] ? {atom[31:0], atom[63:32]} : atom;
wire [63:0] turned_2 = amount[1] ? {turned_4[15:0], turned_4[63:16]} : turned_4;
wire [63:0] turned   = amount[0] ? {turned_2[7:0], turned_2[63:8]} : turned_2;

// Lanes that come from the atom before: those below 8 - amount, none for amount 0.
function [63:0] older_lanes(input [2:0] turn);
    integer l;
    begin
        older_lanes = 64'd0;
        for (l = 0; l < 8; l = l + 1)
            if ({1'b0, turn} + l[3:0] < 4'd8 && turn != 3'd0) older_lanes[8*l +: 8] = 8'hff;
    end
endfunction

reg [63:0] previous;    // chroma, or the only plane: atom before
reg [63:0] luma;        // luma atom of these eight pixels
reg [63:0] luma_before;
reg [63:0] rest;        // bytes of the eight pixels that no entry has taken yet

wire [63:0] old_0  = older_lanes(rotate_0);
wire [63:0] old    = chroma ? older_lanes(rotate_1) : old_0;
wire [63:0] merged = (previous & old) | (turned & ~old);

// Four pixels of three bytes.
wire [63:0] luma_8 = (luma_before & old_0) | (luma & ~old_0);
wire [31:0] luma_4 = kind[1] ? luma_8[63:32] : luma_8[31:0];
reg  [95:0] pixels;
integer p;
always @* begin
    for (p = 0; p < 4; p = p + 1)
        pixels[24*p +: 24] = {swap_uv ? merged[16*p +: 8] : merged[16*p + 8 +: 8],
                              swap_uv ? merged[16*p + 8 +: 8] : merged[16*p +: 8],
                              luma_4[8*p +: 8]};
end

wire [63:0] packed_3 = kind == 2'd1 ? pixels[63:0]
                     : kind == 2'd2 ? {pixels[31:0], rest[31:0]} : rest;
assign data  = two_plane ? packed_3 : merged;
assign phase = kind == 2'd1 ? 2'd0 : kind == 2'd2 ? 2'd2 : 2'd1; // (8 * entry) mod 3

always @(posedge clk) begin
    if (rsp_valid && img) begin
        if (chroma || !two_plane) previous <= turned;
        if (two_plane) begin
            if (kind == 2'd0) begin
                luma        <= turned;
                luma_before <= luma;
            end
            if (kind == 2'd1) rest[31:0] <= pixels[95:64];
            if (kind == 2'd2) rest       <= pixels[95:32];
        end
    end
end

// Padding: distance of the entry from both ends of the pixel data, in bytes, saturated at 0.
reg  [6:0]  pad_left;
reg  [15:0] data_left;
wire [7:0]  pad_lanes;
wire [7:0]  data_lanes;
assign pad_lanes  = {8{|pad_left[6:3]}} | ~(8'hff << pad_left[2:0]);
assign data_lanes = {8{|data_left[15:3]}} | ~(8'hff << data_left[2:0]);
assign pad        = {8{img}} & (pad_lanes | ~data_lanes);

always @(posedge clk) begin
    if (start || (rsp_valid && last)) begin
        pad_left  <= pad_end;
        data_left <= data_end;
    end else if (rsp_valid && write) begin
        pad_left  <= |pad_left[6:3] ? pad_left - 7'd8 : 7'd0;
        data_left <= |data_left[15:3] ? data_left - 16'd8 : 16'd0;
    end
end

`ifdef FORMAL_CDMA_PACK
`include "cdma_pack.vh"
`endif

endmodule

`default_nettype wire
