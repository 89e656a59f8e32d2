// Tells a write client when the beat it marked last, and so all before it, has been acknowledged.
//
// Acknowledges of a client come in order, so two counters are enough: `ahead` those still to come until
// the marked beat, `behind` those of beats sent after it (or of all beats while no mark is pending). Only
// one mark can be pending: a second marked beat must wait while `hold` is set.
`default_nettype none

module mcif_ack (
    input  wire clk,
    input  wire rst_n,
    input  wire send,      // a beat is taken from the client
    input  wire send_last, // with send: it is the last of its layer
    input  wire ack,       // the memory acknowledged a beat
    output wire hold,      // a mark is pending
    output reg  done       // pulse: the marked beat is acknowledged
);

reg        pending;
reg  [8:0] ahead;
reg  [8:0] behind;
wire [8:0] ahead_next  = ahead - {8'd0, ack};
wire [8:0] behind_next = behind + {8'd0, send} - {8'd0, ack && !pending};
wire       reached     = pending && ahead_next == 9'd0;

assign hold = pending;

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
    if (rst_n && ack && ahead == 9'd0 && behind == 9'd0) $error("mcif_ack: acknowledge without a write");
end
`endif

endmodule

`default_nettype wire
