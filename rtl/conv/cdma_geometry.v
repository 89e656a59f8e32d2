// What the layer's registers mean for the line walk: combinational, constant while a layer runs.
//
// A line of an image is the byte string  PL pad pixels | W pixels from memory | pad,  packed into entries
// from lane 0. With d = (byte offset of the first pixel in its atom) - (bytes of left padding), entry n
// takes its bytes from the memory atoms n + floor(d/8) and the next one, rotated by d mod 8 lanes. Reads
// that would lie outside the line repeat its first or last atom: `lead` counts them in front.
// Spec: data_formats.md sections 2 and 3, cdma.md sections 3 and 4.
`default_nettype none

module cdma_geometry (
    // registers
    input  wire        img,
    input  wire [5:0]  pixel_format,
    input  wire [4:0]  x_offset,
    input  wire [4:0]  pad_left,
    input  wire [12:0] width,       // minus one, as height and channel
    input  wire [12:0] height,
    input  wire [12:0] channel,
    input  wire        surf_packed,
    // pixels
    output wire        one_channel,
    output wire        two_plane,
    output reg  [1:0]  order,       // bytes of a 4-byte pixel, lowest lane first: 0123, 2103, 1230, 3210
    output wire        swap_uv,     // chroma bytes of plane 1 are stored second component first
    // walk, plane 0 and 1. Features: columns and surfaces of a line
    output wire [2:0]  rotate_0,
    output wire [2:0]  rotate_1,
    output wire [4:0]  lead_0,
    output wire [4:0]  lead_1,
    output wire [12:0] last_0,      // last atom, or column
    output wire [12:0] last_1,      // last atom, or surface
    output wire [2:0]  skip,        // slots before the first entry
    // bytes of a line: [0, pad_end) and [data_end, ...) are padding
    output wire [6:0]  pad_end,
    output wire [15:0] data_end
);

assign one_channel = pixel_format == 6'd0;
assign two_plane   = img && pixel_format[5:1] == 5'd14; // 28, 29
assign swap_uv     = !pixel_format[0];
wire   four_byte   = img && !one_channel && !two_plane;

always @* begin
    case (pixel_format)
        6'd13, 6'd17, 6'd26: order = 2'd1;
        6'd14, 6'd18, 6'd27: order = 2'd2;
        6'd15, 6'd19:        order = 2'd3;
        default:             order = 2'd0;
    endcase
    if (!four_byte) order = 2'd0;
end

// Signed distances in bytes; the X offset lies inside the first atom, of chroma modulo the pixels of an atom.
wire [7:0] offset_0   = four_byte ? {5'd0, x_offset[0], 2'd0} : {5'd0, x_offset[2:0]};
wire [7:0] offset_1   = {5'd0, x_offset[1:0], 1'b0};
wire [7:0] distance_0 = img ? offset_0 - (four_byte ? {1'b0, pad_left, 2'd0} : {3'd0, pad_left}) : 8'd0;
wire [7:0] distance_1 = offset_1 - {2'd0, pad_left, 1'b0};
wire       prime_0    = !distance_0[7] && distance_0[2:0] != 3'd0; // positive: at most 7
wire       prime_1    = !distance_1[7] && distance_1[2:0] != 3'd0;
wire       prime      = prime_0 || (two_plane && prime_1);
wire [7:0] up_0       = distance_0 + 8'd7;                         // ceil(distance/8) in the high bits
wire [7:0] up_1       = distance_1 + 8'd7;

assign rotate_0 = distance_0[2:0];
assign rotate_1 = distance_1[2:0];
assign lead_0   = {4'd0, prime} - up_0[7:3];
assign lead_1   = {3'd0, prime, 1'b0} - up_1[7:3];
assign skip     = two_plane ? {prime, 1'b0, !prime} : {2'b00, prime}; // 4, 1; 1, 0

wire [13:0] column_0 = {1'b0, width} + {11'd0, four_byte ? {2'b00, x_offset[0]} : x_offset[2:0]};
wire [13:0] column_1 = {1'b0, width} + {12'd0, x_offset[1:0]};
wire [12:0] surface  = {3'd0, channel[12:3]};
wire        point    = !img && surf_packed && width == 13'd0 && height == 13'd0; // channels follow each other

assign last_0 = point     ? surface
              : !img      ? width
              : four_byte ? column_0[13:1] : {2'd0, column_0[13:3]};
assign last_1 = point ? 13'd0
              : !img  ? surface : {1'b0, column_1[13:2]};

wire [13:0] data_pixels = {1'b0, width} + {9'd0, pad_left} + 14'd1;
assign pad_end  = two_plane ? {1'b0, pad_left, 1'b0} + {2'd0, pad_left}
                : four_byte ? {pad_left, 2'd0} : {2'd0, pad_left};
assign data_end = two_plane ? {1'b0, data_pixels, 1'b0} + {2'd0, data_pixels}
                : four_byte ? {data_pixels, 2'd0} : {2'd0, data_pixels};

/* verilator lint_off UNUSEDSIGNAL */ // the low bits only carry into the high ones
wire unused = &{1'b0, up_0[2:0], up_1[2:0], x_offset[4:3], channel[2:0], column_0[0], column_1[1:0]};
/* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
