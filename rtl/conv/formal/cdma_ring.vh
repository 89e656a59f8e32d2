// Rules of cdma_ring, included by the module for its own proof: k-induction (cdma_ring.sby), a ring of any banks, any traffic.
//
// The engine and csc are the environment: a read that needs an entry is sent with space only, answers are those of reads, a ring is
// flushed when nothing is on the way (cdma_layer, cdma_wt, cdma_dat), csc releases what it was told of. Rules 1 and 3 together say that an
// entry is written again only when it was released: entries in use are next to each other, in the order in which they are written.
reg         f_started = 1'b0;
reg  [14:0] f_size;      // entries of the ring since the last flush
reg  [4:0]  f_first;     // its first bank
reg  [14:0] f_reserved;  // entries asked for and not written
reg  [14:0] f_held;      // written and not released
reg  [14:0] f_way;       // reads sent and not answered
reg  [14:0] f_place;     // of the entry to be written

wire        f_write = retire && write;
wire [14:0] f_used  = f_reserved + f_held;

always @* begin
    if (!f_started) assume (!rst_n);
    if (send && reserve) assume (space);
    if (send) assume (f_way != 15'h7fff);
    if (retire) assume (write ? f_reserved != 15'd0 : f_way != f_reserved);
    if (flush) assume (f_way == 15'd0 && !send && !retire && !rls_valid);
    if (flush || retire) assume (last_bank == first_bank + banks && {1'b0, first_bank} + {1'b0, banks} <= 6'd31);
    if (retire) assume (first_bank == f_first && {1'b0, banks, 9'd0} + 15'd512 == f_size);
    if (rls_valid) assume (rls_entries <= f_held);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_size     <= 15'd0;
        f_reserved <= 15'd0;
        f_held     <= 15'd0;
        f_way      <= 15'd0;
    end else begin
        f_way      <= f_way + send - retire;
        f_reserved <= f_reserved + (send && reserve) - f_write;
        f_held     <= f_held + f_write - (rls_valid ? rls_entries : 15'd0);
        if (f_write) f_place <= (f_place + 15'd1 == f_size) ? 15'd0 : f_place + 15'd1;
        if (flush) begin
            f_size  <= {1'b0, banks, 9'd0} + 15'd512;
            f_first <= first_bank;
            f_held  <= 15'd0; // void
            f_place <= 15'd0;
        end
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (space == (f_used != f_size));                                             // 1: space as long as an entry is neither asked for nor in use
    assert (idle == (f_way == 15'd0));                                                // 2: idle when all reads are answered
    if (f_size != 15'd0) assert (wr_addr == {f_first, 9'd0} + f_place);               // 3: entries are written one after the other, from the first bank around
    // for the induction
    assert (free == f_size - f_used + {14'd0, taken} && f_used <= f_size && f_size <= 15'd16384);
    assert (on_the_way == f_way && f_reserved <= f_way);
    assert ({1'b0, f_held} + {1'b0, f_reserved} == {1'b0, f_used});
    if (taken) assert (f_reserved != 15'd0);
    if (f_size == 15'd0) assert (f_used == 15'd0);
    else assert (f_place < f_size && f_size[8:0] == 9'd0 && {2'd0, f_first, 9'd0} + {1'b0, f_size} <= 16'd16384);
    cover (f_held == 15'd2 && flush);
    cover (rls_valid && rls_entries == 15'd2 && send && f_write);
end
