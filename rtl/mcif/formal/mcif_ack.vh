// Rules of mcif_ack, included by the module for its own proof: k-induction (mcif_ack.sby).
//
// The specification numbers the beats: f_sent, f_acked, and f_mark, the number of the marked one.
reg       f_started = 1'b0;
reg [9:0] f_sent, f_acked, f_mark; // modulo 1024, four times what can be under way
reg       f_marked;
wire [9:0] f_left   = f_sent - f_acked;
wire [9:0] f_ahead  = f_mark - f_acked;
wire       f_take   = ack && f_left != 0;
wire       f_reach  = f_marked && f_take && f_ahead == 10'd1;

always @* begin
    assume (rst_n == f_started);
    if (send && send_last) assume (!hold);    // mcif_write waits
    if (f_left == 10'd256) assume (!send);    // and has at most 256 under way
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_sent   <= 10'd0;
        f_acked  <= 10'd0;
        f_marked <= 1'b0;
    end else begin
        f_sent  <= f_sent + {9'd0, send};
        f_acked <= f_acked + {9'd0, f_take};
        if (send && send_last) begin
            f_marked <= 1'b1;
            f_mark   <= f_sent + 10'd1;
        end else if (f_reach) f_marked <= 1'b0;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (mine == f_take);                                                     // 1: a response is taken exactly if one is owed
    if ($past(rst_n)) assert (done == $past(f_reach));                           // 2: done when the marked beat, and so all before it, is acknowledged
    assert (hold == f_marked);                                                   // 3: one mark at a time
    assert (f_left <= 10'd256 && {1'b0, ahead} * f_marked + {1'b0, behind} == f_left); // 4: every response counted
    if (f_marked) assert (f_ahead != 0 && f_ahead <= f_left && {1'b0, ahead} == f_ahead);
    cover (f_reach && send && f_left == 10'd3);
    cover (done && send && send_last);
end
