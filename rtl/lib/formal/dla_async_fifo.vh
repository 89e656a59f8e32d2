// Rules of dla_async_fifo, included by the module when FORMAL is set. Checked for any two clocks, resets
// released at any time, and all inputs of bounded length (dla_async_fifo.sby).
reg [WIDTH-1:0] f_log [0:15];   // all words taken
reg [3:0]       f_taken = 4'd0; // words in, words out; the bound keeps them below 16
reg [3:0]       f_given = 4'd0;
(* gclk *) reg  f_time;
reg             f_started = 1'b0;

always @(posedge f_time) begin
    f_started <= 1'b1;
    if (!f_started) assume (!wr_rst_n && !rd_rst_n && !wr_clk && !rd_clk);
    else begin
        assume ({wr_clk, rd_clk} != $past({wr_clk, rd_clk})); // time is what happens
        if ($past(wr_rst_n)) assume (wr_rst_n);
        if ($past(rd_rst_n)) assume (rd_rst_n);
    end
end

always @(posedge wr_clk) if (wr_rst_n && push) begin
    f_log[f_taken] <= in_data;
    f_taken        <= f_taken + 4'd1;
end
always @(posedge rd_clk) if (rd_rst_n && out_valid && out_ready) f_given <= f_given + 4'd1;

reg [PTR_W-1:0] f_wr_gray = 0, f_rd_gray = 0;
always @(posedge f_time) begin
    f_wr_gray <= wr_gray;
    f_rd_gray <= rd_gray;
end

function automatic one_bit(input [PTR_W-1:0] bits);
    one_bit = (bits & (bits - 1'b1)) == 0;
endfunction

always @(posedge f_time) if (f_started) begin
    if (wr_rst_n) assert (one_bit(wr_gray ^ f_wr_gray));                // 5: a pointer changes in one bit at a time
    if (rd_rst_n) assert (one_bit(rd_gray ^ f_rd_gray));
    assert (f_taken >= f_given && f_taken - f_given <= DEPTH);          // 1: never more than fits, never below none
    if (rd_rst_n && out_valid) begin
        assert (f_taken != f_given);                                    // 2: offers what was taken,
        assert (out_data == f_log[f_given]);                            // 3: in order
    end
    if (!wr_rst_n) assert (!in_ready);                                  // 4: takes nothing in reset
    cover (f_taken == DEPTH && f_given == 1);
end
