// Rules of cdma_wt, included by the module for its own proof: k-induction (cdma_wt.sby), layers of any length one after another.
//
// The ring and the memory are the environment: entries come free at any time and stay so until one is reserved; what was asked
// is answered at any later time, `idle` tells that all is. An end follows in a bounded time: rule 5 asks in every cycle with
// space, rule 6 ends in the cycle in which the last answer is dealt with.
reg         f_started = 1'b0;
reg         f_open;      // a layer is not done
reg  [28:0] f_asked;     // atoms asked for in it
reg  [28:0] f_way;       // asked for and not answered
(* anyseq *) reg f_answer;

always @* begin
    if (!f_started) assume (!rst_n);
    if (start) assume (!f_open && atoms != 29'd0);
    assume (idle == (f_way == 29'd0));
    if (f_answer) assume (f_way != 29'd0);
end
always @(posedge clk) if (f_started) begin
    if (f_open) assume ($stable({ram_ok, base, atoms}));
    if ($past(space && !send)) assume (space);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_open  <= 1'b0;
        f_asked <= 29'd0;
        f_way   <= 29'd0;
    end else begin
        f_open  <= start || f_open && !ended;
        f_asked <= start ? 29'd0 : f_asked + send;
        f_way   <= f_way + send - f_answer;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (rd_req_valid) assert (f_open && f_asked < atoms && rd_req_addr == base + f_asked); // 1: asks for each atom once, in order
    if (rd_req_valid) assert (space && ram_ok);                                // 2: only with a place for the answer, and a memory
    assert (send == (rd_req_valid && rd_req_ready));                           // 3: reserves what it asks for
    if ($past(rst_n && rd_req_valid && !rd_req_ready)) assert (rd_req_valid && $stable(rd_req_addr)); // 4: a request stands until taken
    if (f_open && f_asked != atoms && space && ram_ok) assert (rd_req_valid);  // 5: asks whenever it may
    assert (ended == (f_open && f_asked == atoms && f_way == 29'd0));          // 6: ends once, when all is asked for and answered
    // for the induction
    assert (run == (f_open && f_asked != atoms) && drain == (f_open && f_asked == atoms));
    if (f_open) assert (f_asked <= atoms && f_way <= f_asked);
    else assert (f_way == 29'd0);
    if (run) assert (left == atoms - f_asked && rd_req_addr == base + f_asked);
    cover (ended && atoms == 29'd3);
    cover (start && f_asked == 29'd2);
end
