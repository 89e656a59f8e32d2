// Rules of dla_split, included by the module for its own proof: k-induction (dla_split.sby).
reg             f_reset = 1'b1;   // the first cycle is in reset
reg [WIDTH-1:0] f_word;           // that is handed out
reg [3:0]       f_place = 4'd0;   // parts of it that are out, the one in out_data included
reg             f_busy  = 1'b0;

always @* assume (rst_n == !f_reset);
always @* if (!in_ready) assume (!in_valid);

always @(posedge clk) begin
    f_reset <= 1'b0;
    if (rst_n) begin
        f_busy <= in_valid || (f_busy && f_place != PARTS);
        if (in_valid) f_word <= in_data;
        f_place <= in_valid ? 4'd1 : f_place + 4'd1;
    end
end

always @* if (rst_n) begin
    assert (out_valid == f_busy);                                                         // 1: no gaps
    assert (left == (f_busy ? ({1'b0, {PARTS{1'b1}}} >> f_place) : {1'b0, {PARTS{1'b0}}}));               // and the place is kept
    if (f_busy) begin
        assert (f_place >= 1 && f_place <= PARTS);
        assert (out_last == (f_place == PARTS));                                          // 2
        assert (word == f_word >> ((f_place - 4'd1) * PART_W));                           // 3: the parts in order
    end
    cover (out_valid && out_last && in_valid);
end
