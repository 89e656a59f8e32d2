// Walks the reads ("slots") of one line; used by the request side and again by the answer side.
//
// Every slot is one read of the memory, and fills one entry of the line, except the first `skip` slots of
// a line, which only prime the packing registers. With two planes the slots cycle through luma, chroma of
// pixels 0-3, chroma of pixels 4-7 (`kind` 0, 1, 2). After the last slot the walk starts over.
`default_nettype none

module cdma_slots (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        load,       // start of a layer
    input  wire        step,       // this slot is done
    input  wire        two_plane,
    input  wire [2:0]  skip,
    input  wire [13:0] entries,    // of a line, minus one
    output reg  [1:0]  kind,
    output wire        entry,      // this slot fills an entry
    output wire        last        // last slot of the line
);

reg [2:0]  skips_left;
reg [13:0] entries_left; // after this one

assign entry = skips_left == 3'd0;
assign last  = entry && entries_left == 14'd0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        kind         <= 2'd0;
        skips_left   <= 3'd0;
        entries_left <= 14'd0;
    end else if (load || (step && last)) begin
        kind         <= 2'd0;
        skips_left   <= skip;
        entries_left <= entries;
    end else if (step) begin
        kind <= !two_plane || kind == 2'd2 ? 2'd0 : kind + 2'd1;
        if (entry) entries_left <= entries_left - 14'd1;
        else       skips_left   <= skips_left - 3'd1;
    end
end

`ifdef FORMAL_CDMA_SLOTS
`include "cdma_slots.vh"
`endif

endmodule

`default_nettype wire
