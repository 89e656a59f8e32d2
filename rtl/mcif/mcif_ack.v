// Tells a write client when the beat it marked last, and so all before it, has been acknowledged.
//
// Acknowledges of a client come in order, so two counters are enough: `ahead` those still to come until
// the marked beat, `behind` those of beats sent after it (or of all beats while no mark is pending). Only
// one mark can be pending: a second marked beat must wait while `hold` is set. An acknowledge counts only while the
// client has beats under way (`mine`).
`default_nettype none

module mcif_ack (
    input  wire clk,
    input  wire rst_n,
    input  wire send,      // a beat is taken from the client
    input  wire send_last, // with send: it is the last of its layer
    input  wire ack,       // an acknowledge with the client's id
    output wire mine,      // with ack: it is that of a beat of the client
    output wire hold,      // a mark is pending
    output reg  done       // pulse: the marked beat is acknowledged
);

reg        pending;
reg  [8:0] ahead;
reg  [8:0] behind;
wire [8:0] ahead_next  = ahead - {8'd0, mine};
wire [8:0] behind_next = behind + {8'd0, send} - {8'd0, mine && !pending};
wire       reached     = pending && ahead_next == 9'd0;

assign hold = pending;
assign mine = ack && (pending || behind != 9'd0); // a mark is pending until the last of `ahead`

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        pending <= 1'b0;
        ahead   <= 9'd0;
        behind  <= 9'd0;
        done    <= 1'b0;
    end else begin
        done <= reached;
        if (send && send_last) begin
            pending <= 1'b1;
            ahead   <= behind_next;
            behind  <= 9'd0;
        end else begin
            pending <= pending && !reached;
            behind  <= behind_next;
            if (pending) ahead <= ahead_next;
        end
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && send && send_last && pending) $error("mcif_ack: second mark while one is pending");
    if (rst_n && pending && ahead == 9'd0) $error("mcif_ack: a mark is pending that has been reached");
    if (rst_n && {1'b0, ahead} + {1'b0, behind} > 10'd256) $error("mcif_ack: more than 256 beats under way");
end
`endif

`ifdef FORMAL_MCIF_ACK
`include "mcif_ack.vh"
`endif

endmodule

`default_nettype wire
