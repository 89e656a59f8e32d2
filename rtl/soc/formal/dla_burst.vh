// Rules of dla_burst, included by the module when FORMAL is set. Proven by k-induction (dla_burst.sby) with MAX above 1.
//
// The specification is the open burst: the beats that came in and have not left, all of one id and one row of addresses.
reg [4:0]  f_beats; // taken and not given out
reg [3:0]  f_id;
reg [31:3] f_first;
reg        f_alone;
reg        f_started = 1'b0;
wire       f_enters = in_valid && in_ready;
wire       f_leaves = out_valid && out_ready;

always @(posedge clk) f_started <= 1'b1;
always @* if (!f_started) assume (!rst_n);
// The DBB side keeps what it presents
always @(posedge clk) if (f_started && rst_n && $past(rst_n && in_valid && !in_ready))
    assume (in_valid && $stable({in_id, in_addr, in_alone}));

always @(posedge clk) begin
    if (!rst_n) f_beats <= 5'd0;
    else begin
        f_beats <= (f_leaves ? 5'd0 : f_beats) + {4'd0, f_enters};
        if (f_enters && (f_leaves || f_beats == 5'd0)) begin
            f_id    <= in_id;
            f_first <= in_addr;
            f_alone <= in_alone;
        end
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (g_merge.held == (f_beats != 5'd0));                              // 1: no beat is lost, none is made
    assert (f_beats <= MAX);
    if (f_beats != 5'd0) begin
        assert (out_id == f_id && out_addr == f_first && out_alone == f_alone); // 2: the id and address of the first
        assert ({1'b0, out_more} + 5'd1 == f_beats);                         // 3: as many as came
        assert (g_merge.next == f_first + {24'd0, f_beats});                 // 4: a row of addresses,
        if (f_beats > 5'd1) assert (f_first[31:12] == f_first[31:12] + ((f_first[11:3] + {4'd0, f_beats} > 10'd512) ? 20'd1 : 20'd0)); // 5: in 4 KiB
        if (f_alone) assert (f_beats == 5'd1);                               // 6: alone
    end
    if (f_enters && f_beats != 5'd0 && !f_leaves)
        assert (in_id == f_id && in_addr == f_first + {24'd0, f_beats} && !in_alone && !f_alone); // 7: only what follows joins
    if ($past(rst_n && out_valid && !out_ready))
        assert (out_valid && $stable({out_id, out_addr, out_more, out_alone})); // 8: an offer stands
    if ($past(rst_n && g_merge.held && !in_valid, 1) && $past(rst_n && g_merge.held && !in_valid, 2) && !$past(f_leaves) && !in_valid)
        assert (out_valid);                                                  // 9: nothing waits for ever
    cover (f_leaves && f_beats == MAX);
    cover (f_leaves && f_beats == 5'd2 && f_enters);
    cover (f_leaves && f_alone);
end
