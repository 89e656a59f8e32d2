// Rules of mcif_owed, included by the module for its own proof: k-induction (mcif_owed.sby).
reg       f_started = 1'b0;
reg [8:0] f_owed;

always @* begin
    assume (rst_n == f_started);
    if (f_owed == 9'd256) assume (!send); // mcif_read has at most 256 under way
end

always @(posedge clk) begin
    f_started <= 1'b1;
    f_owed    <= !rst_n ? 9'd0 : f_owed + {8'd0, send} - {8'd0, mine};
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (owed == f_owed && owed <= 9'd256);              // 1: requests less answers, never below none
    assert (mine == (answer && f_owed != 9'd0));            // 2: an answer is taken exactly if one is owed
    cover (send && mine);
    cover (answer && !mine && $past(owed) == 9'd1);
end
