// Input width of one vertical strip, shared by pdp_rdma and pdp. Combinational. Spec: pdp.md section 5.
//
// Without a split the one strip is the whole cube. The MID and LAST fields do not count the `overlap` columns a strip
// shares with the one before it (a gap when negative); the first strip has no predecessor.
`default_nettype none

module pdp_strip_width (
    input  wire [12:0] cube_width,   // columns - 1
    input  wire        split,        // more than one strip
    input  wire [9:0]  first_width,  // columns - 1
    input  wire [9:0]  mid_width,
    input  wire [9:0]  last_width,
    input  wire [2:0]  kernel_width, // columns - 1
    input  wire [3:0]  stride_width, // columns - 1
    input  wire        first,        // this is the first strip
    input  wire        last,         // this is the last strip
    output wire [4:0]  overlap,      // kernel - stride, signed
    output wire [12:0] width         // columns - 1
);

assign overlap = {2'b0, kernel_width} - {1'b0, stride_width};

wire [9:0] partial = first ? first_width : last ? last_width : mid_width;

assign width = !split ? cube_width
                      : {3'd0, partial} + (first ? 13'd0 : {{8{overlap[4]}}, overlap});

endmodule

`default_nettype wire
