// Input side of SDP: accepts the atoms of a layer together with their operands.
//
// An atom is accepted when its source has one, its operands can be reserved, and the output buffer has a
// place for it: from there on nothing can stop it. With fewer lanes than 8 it leaves in parts, lowest elements first. Spec: sdp.md sections 1 and 7.
`default_nettype none

module sdp_input #(
    parameter LANES = 8 // elements a cycle: 8, 4, 2 or 1
) (
    input  wire         clk,
    input  wire         x_clk,        // runs with clk from accept until x is taken
    input  wire         rst_n,
    // layer
    input  wire         start,        // pulse
    input  wire         flying,       // 1: from cacc, 0: from memory
    input  wire [12:0]  width,        // minus 1
    input  wire [12:0]  height,
    input  wire [9:0]   surfaces,
    input  wire         bs_from_mem,  // the stage takes an operand from memory
    input  wire         bn_from_mem,
    input  wire         room,         // the output buffer has a free place
    // sources
    input  wire         cacc2sdp_valid,
    output wire         cacc2sdp_ready,
    input  wire [255:0] cacc2sdp_data,
    input  wire         mrd_valid,
    output wire         mrd_ready,
    input  wire [63:0]  mrd_data,
    // operand reservation
    input  wire         brd_valid,
    output wire         brd_ready,
    input  wire         brd_per_element,
    input  wire         nrd_valid,
    output wire         nrd_ready,
    input  wire         nrd_per_element,
    // to the pipeline
    output wire         accept,
    output wire         next_valid,   // a cycle before x_valid; with accept for the first part
    output wire         x_valid,
    output wire         x_last,       // last part of its atom
    output wire [32*LANES-1:0] x      // first part one cycle after accept
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal sdp_input_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

reg  active;         // atoms of the layer are still to come
reg  surface_first;  // the next atom starts a surface
reg  bs_each, bn_each;  // operands of the surface come per element
wire last0, last1, last2;
wire unused_addr;  // only the counters of the walk are needed

// Per channel one transfer serves the surface. Whether it does is known from the transfer of its first atom.
wire need_b = bs_from_mem && (surface_first || bs_each);
wire need_n = bn_from_mem && (surface_first || bn_each);
wire go_b   = !need_b || brd_valid;
wire go_n   = !need_n || nrd_valid;
wire free;          // no part of the atom before is left
wire go     = active && room && free && go_b && go_n;

assign accept         = go && (flying ? cacc2sdp_valid : mrd_valid);
assign cacc2sdp_ready = go && flying;
assign mrd_ready      = go && !flying;
assign brd_ready      = accept && need_b;
assign nrd_ready      = accept && need_n;

dla_cube_walk #(.ADDR_W(1), .SIZE0_W(13), .SIZE1_W(13), .SIZE2_W(10)) u_count (
    .clk     (clk),
    .load    (start),
    .step    (accept),
    .base    (1'b0),
    .stride0 (1'b0),
    .stride1 (1'b0),
    .stride2 (1'b0),
    .size0   (width),
    .size1   (height),
    .size2   (surfaces),
    .addr    (unused_addr),
    .last0   (last0),
    .last1   (last1),
    .last2   (last2)
);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)                                  active <= 1'b0;
    else if (start)                              active <= 1'b1;
    else if (accept && last0 && last1 && last2)  active <= 1'b0;
end

always @(posedge clk) begin
    if (start)       surface_first <= 1'b1;
    else if (accept) surface_first <= last0 && last1;
    if (accept && surface_first) begin
        bs_each <= brd_per_element;
        bn_each <= nrd_per_element;
    end
end

wire [255:0] atom;
genvar i;
generate
    for (i = 0; i < 8; i = i + 1) begin : g_lane
        assign atom[32*i +: 32] = flying ? cacc2sdp_data[32*i +: 32] : {{24{mrd_data[8*i+7]}}, mrd_data[8*i +: 8]};
    end
endgenerate

dla_split #(.WIDTH(256), .PARTS(8 / LANES)) u_split (
    .clk        (x_clk),
    .rst_n      (rst_n),
    .in_valid   (accept),
    .in_ready   (free),
    .in_data    (atom),
    .next_valid (next_valid),
    .out_valid  (x_valid),
    .out_last   (x_last),
    .out_data   (x)
);

endmodule

`default_nettype wire
