// Three nested loops over a cube in memory: the address generator of every DMA.
//
// `load` sets the walk to its first position, every `step` moves to the next one: `size0`+1 positions
// `stride0` apart, then the next row (`stride1` from the start of the row), then the next plane (`stride2`
// from the start of the plane). Sizes and strides must be stable from `load` to the last step. One adder
// serves all three moves; a step takes one cycle. `last0`, `last1`, `last2`: the current position is the
// last of its row, in the last row of its plane, in the last plane; all three together end the walk.
`default_nettype none

module dla_cube_walk #(
    parameter ADDR_W  = 29, // bits of an address and of a stride (atoms)
    parameter SIZE0_W = 13, // bits of the inner size
    parameter SIZE1_W = 13, // bits of the middle size
    parameter SIZE2_W = 13  // bits of the outer size
) (
    input  wire               clk,
    input  wire               load,
    input  wire               step,
    input  wire [ADDR_W-1:0]  base,
    input  wire [ADDR_W-1:0]  stride0,
    input  wire [ADDR_W-1:0]  stride1,
    input  wire [ADDR_W-1:0]  stride2,
    input  wire [SIZE0_W-1:0] size0,   // positions minus 1
    input  wire [SIZE1_W-1:0] size1,   // rows minus 1
    input  wire [SIZE2_W-1:0] size2,   // planes minus 1
    output reg  [ADDR_W-1:0]  addr,
    output wire               last0,
    output wire               last1,
    output wire               last2
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (ADDR_W < 1) begin : g_addr_w_illegal dla_cube_walk_ADDR_W_is_at_least_1 u_illegal (); end
    if (SIZE0_W < 1) begin : g_size0_w_illegal dla_cube_walk_SIZE0_W_is_at_least_1 u_illegal (); end
    if (SIZE1_W < 1) begin : g_size1_w_illegal dla_cube_walk_SIZE1_W_is_at_least_1 u_illegal (); end
    if (SIZE2_W < 1) begin : g_size2_w_illegal dla_cube_walk_SIZE2_W_is_at_least_1 u_illegal (); end
endgenerate

reg [ADDR_W-1:0]  row;    // start of the current row
reg [ADDR_W-1:0]  plane;  // start of the current plane
reg [SIZE0_W-1:0] left0;  // positions after this one in the row
reg [SIZE1_W-1:0] left1;
reg [SIZE2_W-1:0] left2;

assign last0 = (left0 == 0);
assign last1 = (left1 == 0);
assign last2 = (left2 == 0);

wire              plane_end = last0 && last1;
wire [ADDR_W-1:0] from      = plane_end ? plane : last0 ? row : addr;
wire [ADDR_W-1:0] stride    = plane_end ? stride2 : last0 ? stride1 : stride0;
wire [ADDR_W-1:0] addr_next = load ? base : from + stride;

always @(posedge clk) begin
    if (load || step) begin
        addr  <= addr_next;
        left0 <= (load || last0) ? size0 : left0 - 1'b1;
    end
    if (load || (step && last0)) begin
        row   <= addr_next;
        left1 <= (load || last1) ? size1 : left1 - 1'b1;
    end
    if (load || (step && plane_end)) begin
        plane <= addr_next;
        left2 <= load ? size2 : left2 - 1'b1;
    end
end

`ifdef FORMAL_DLA_CUBE_WALK
`include "dla_cube_walk.vh"
`endif

endmodule

`default_nettype wire
