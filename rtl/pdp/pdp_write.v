// Pooling write DMA: buffers finished atoms and writes each to its place, one a cycle.
//
// Places of the buffer are handed out by pdp_control, so the pipeline in front never stalls; `credit` gives one back.
// The order of atoms is strip, surface, line, column; the ends of those travel with the data, so the address
// needs no counters: an end adds the stride to the start of the line or surface. A strip starts where the first line
// of the one before ended. Destination RAM type 0 (there is no such memory) never writes. Spec: pdp.md 5, 7.
`default_nettype none

module pdp_write #(
    parameter LUT_RAMS = 0, // 1: small memories in LUTs (dla_ram_1r1w)
    parameter PLACES = 16 // atoms of the buffer, a power of two
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [31:0] ram_pd,
    input  wire        layer_start,
    // settings, constant during the layer
    input  wire [31:3] base_addr,
    input  wire [31:3] line_stride,
    input  wire [31:3] surface_stride,
    input  wire        ram_type,
    // atoms
    input  wire        in_valid,
    input  wire [63:0] in_data,
    input  wire [2:0]  in_ends,      // last atom of: line, surface, strip
    input  wire        in_layer_end,
    output wire        credit,
    // memory
    output wire        wr_req_valid,
    input  wire        wr_req_ready,
    output wire [31:3] wr_req_addr,
    output wire [63:0] wr_req_data,
    output wire        wr_req_last,
    input  wire        hold_last     // the last atom of the layer must wait
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LUT_RAMS != 0 && LUT_RAMS != 1) begin : g_lut_rams_illegal pdp_write_LUT_RAMS_is_0_or_1 u_illegal (); end
    if (PLACES < 4 || (PLACES & (PLACES - 1)) != 0)
        begin : g_places_illegal pdp_write_PLACES_is_a_power_of_two_from_4 u_illegal (); end
endgenerate

wire        out_valid;
wire        line_end, surface_end, strip_end;

dla_ram_fifo #(.WIDTH(68), .DEPTH(PLACES), .LUTS(LUT_RAMS)) u_buffer (
    .clk       (clk),
    .rst_n     (rst_n),
    .ram_pd    (ram_pd),
    .in_valid  (in_valid),
    .in_data   ({in_layer_end, in_ends, in_data}),
    .out_valid (out_valid),
    .out_ready (wr_req_ready && ram_type && !(wr_req_last && hold_last)),
    .out_data  ({wr_req_last, strip_end, surface_end, line_end, wr_req_data}),
    .pop       (credit)
);

assign wr_req_valid = out_valid && ram_type && !(wr_req_last && hold_last);

reg  [31:3] addr, line_base, surface_base, strip_base;
reg         first_line;     // of the strip
wire [31:3] next_atom    = addr + 29'd1;
wire [31:3] next_line    = line_base + line_stride;
wire [31:3] next_surface = surface_base + surface_stride;
wire [31:3] next_strip   = first_line ? next_atom : strip_base;
wire [31:3] next_start   = strip_end ? next_strip : surface_end ? next_surface : next_line; // of a line

assign wr_req_addr = addr;

always @(posedge clk) begin
    if (layer_start) begin
        addr         <= base_addr;
        line_base    <= base_addr;
        surface_base <= base_addr;
        first_line   <= 1'b1;
    end else if (credit) begin
        addr <= line_end ? next_start : next_atom;
        if (line_end) begin
            line_base  <= next_start;
            first_line <= strip_end;
            strip_base <= next_strip;
        end
        if (surface_end) surface_base <= next_start;
    end
end

endmodule

`default_nettype wire
