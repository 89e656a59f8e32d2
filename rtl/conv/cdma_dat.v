// Request side of the data fetch: addresses of features (line, surface, column) and image lines.
//
//   slot walk, atom counters --> base + atom --> [request register] --> mcif
//
// One read a cycle as long as the ring has space. A line takes exactly ENTRIES reads that fill entries;
// where a line has less data (padding of images, ENTRIES larger than the data) the surplus reads repeat an
// atom of the line, so that every entry is filled by an answer, in order.
// Spec: cdma.md sections 3 and 4, data_formats.md sections 2 and 3.
`default_nettype none

module cdma_dat (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,        // pulse: fetch the layer
    output wire        ended,        // pulse: all of it is in CBUF
    // layer, constant from start to ended
    input  wire        ram_ok,       // a memory interface is attached
    input  wire        img,
    input  wire        two_plane,
    input  wire [31:3] base_0,
    input  wire [31:3] base_1,
    input  wire [31:3] line_stride,
    input  wire [31:3] uv_stride,
    input  wire [31:3] surf_stride,
    input  wire [12:0] height,       // minus one
    input  wire [13:0] entries,      // minus one
    input  wire [2:0]  skip,
    input  wire [4:0]  lead_0,
    input  wire [4:0]  lead_1,
    input  wire [12:0] last_0,
    input  wire [12:0] last_1,
    // ring
    input  wire        space,
    input  wire        idle,
    output wire        send,
    output wire        reserve,
    // mcif
    output reg         rd_req_valid,
    input  wire        rd_req_ready,
    output reg  [31:3] rd_req_addr
);

reg        run;        // reads are still to be sent
reg        drain;      // waiting for their answers
reg [12:0] lines_left; // after this one
reg [31:3] line_0;     // first atom of the line in plane 0; features: of its surface 0
reg [31:3] line_1;     // first atom of the line in plane 1; features: in this surface
reg [12:0] atom_0;     // atom in the line; features: column
reg [12:0] atom_1;     // atom in the line of plane 1; features: surface
reg [4:0]  wait_0;     // reads that repeat the first atom
reg [4:0]  wait_1;

wire [1:0] kind;
wire       last;

cdma_slots u_slots (
    .clk (clk), .rst_n (rst_n), .load (start), .step (send), .two_plane (two_plane), .skip (skip),
    .entries (entries), .kind (kind), .entry (reserve), .last (last)
);

assign send = run && ram_ok && (space || !reserve) && (!rd_req_valid || rd_req_ready);

wire        plane_1     = kind != 2'd0;
wire        end_0       = atom_0 == last_0;
wire        end_1       = atom_1 == last_1;
wire        next_surf   = !img && end_0 && !end_1;
wire [31:3] line_0_next = line_0 + line_stride;
wire [31:3] line_1_next = line_1 + (img ? uv_stride : surf_stride);
wire [31:3] addr        = (img && !plane_1 ? line_0 : line_1) + {16'd0, plane_1 ? atom_1 : atom_0};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        run          <= 1'b0;
        drain        <= 1'b0;
        rd_req_valid <= 1'b0;
    end else begin
        run          <= start || (run && !(send && last && lines_left == 13'd0));
        drain        <= (send && last && lines_left == 13'd0) || (drain && !ended);
        rd_req_valid <= send || (rd_req_valid && !rd_req_ready);
    end
end

assign ended = drain && idle;

always @(posedge clk) begin
    if (send) rd_req_addr <= addr;
    if (start) begin
        lines_left <= height;
        line_0     <= base_0;
        line_1     <= img ? base_1 : base_0;
    end else if (send && last) begin
        lines_left <= lines_left - 13'd1;
        line_0     <= line_0_next;
        line_1     <= img ? line_1_next : line_0_next;
    end else if (send && next_surf) begin
        line_1     <= line_1_next;
    end
    if (start || (send && last)) begin
        atom_0 <= 13'd0;
        atom_1 <= 13'd0;
        wait_0 <= img ? lead_0 : 5'd0;
        wait_1 <= lead_1;
    end else if (send && plane_1) begin
        if (wait_1 != 5'd0) wait_1 <= wait_1 - 5'd1;
        else if (!end_1)    atom_1 <= atom_1 + 13'd1;
    end else if (send) begin
        if (wait_0 != 5'd0) wait_0 <= wait_0 - 5'd1;
        else if (!end_0)    atom_0 <= atom_0 + 13'd1;
        else if (next_surf) {atom_1, atom_0} <= {atom_1 + 13'd1, 13'd0};
    end
end

`ifdef FORMAL_CDMA_DAT
`include "cdma_dat.vh"
`endif

endmodule

`default_nettype wire
