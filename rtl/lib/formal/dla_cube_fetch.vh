// Rules of dla_cube_fetch, included by the module for its own proof: k-induction (dla_cube_fetch.sby).
//
// Walk and buffer are replaced by their contracts, proven in dla_cube_walk and dla_ram_fifo: the address stands still
// between steps, the buffer offers only what came in.
reg [CNT_W:0] f_asked, f_held;  // reads in flight, beats in the buffer
reg           f_active;         // the walk has positions left
reg           f_started = 1'b0;

always @(posedge clk) f_started <= 1'b1;
always @* begin
    if (!f_started) assume (!rst_n);
    if (start) assume (!busy);
    if (rd_rsp_valid) assume (rst_n && f_asked != 0); // memory answers what was asked
    assume (pop == (out_valid && out_ready));
    if (out_valid) assume (rst_n && f_held != 0);
end
always @(posedge clk) if (f_started && !$past(start || req_fire)) assume ($stable({rd_req_addr, last0, last1, last2}));

always @(posedge clk) begin
    if (!rst_n) begin
        f_asked  <= 0;
        f_held   <= 0;
        f_active <= 1'b0;
    end else begin
        f_asked  <= f_asked + req_fire - rd_rsp_valid;
        f_held   <= f_held + rd_rsp_valid - pop;
        f_active <= start || f_active && !(req_fire && last0 && last1 && last2);
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (used == f_asked + f_held);                                  // 1: every place is accounted for
    assert (f_asked + f_held <= DEPTH);                                 // 2: the buffer never overflows
    assert (busy == f_active);                                          // 3: requests exactly for the positions of the walk
    if (rd_req_valid) assert (f_active && allow);
    if (f_active && allow && used < DEPTH) assert (rd_req_valid);       // 4: asks whenever it may
    if ($past(rst_n && rd_req_valid && !rd_req_ready) && allow)         // 5: a request stands until taken
        assert (rd_req_valid && $stable(rd_req_addr));
    cover (used == DEPTH && f_held == 1);
    cover (!busy && $past(busy) && f_asked == 2);
end
