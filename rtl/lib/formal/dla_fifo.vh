// Rules of dla_fifo, included by the module when FORMAL is set. Proven by k-induction (dla_fifo.sby).
//
// A shift register of words is the specification: f_word[0] is the oldest. Rules 1 to 3 are the contract,
// 4 and 5 tie the memory to the specification, so that the induction closes.
reg [WIDTH-1:0] f_word [0:DEPTH];
reg [PTR_W+1:0] f_count;
integer         f_i;
reg             f_started = 1'b0;

always @(posedge clk) f_started <= 1'b1;
always @* if (!f_started) assume (!rst_n);

always @(posedge clk) begin
    if (!rst_n) f_count <= 0;
    else begin
        f_count <= f_count + push - pop;
        if (pop) for (f_i = 0; f_i < DEPTH; f_i = f_i + 1) f_word[f_i] <= f_word[f_i+1];
        if (push) f_word[f_count - pop] <= in_data;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (in_ready == (f_count < DEPTH));                              // 1: ready until full
    assert (out_valid == (f_count > 0));                                 // 2: valid until empty
    if (out_valid) assert (out_data == f_word[0]);                       // 3: the oldest word is offered
    assert (f_count <= DEPTH && count == f_count);       // 4
    assert (rd_ptr < DEPTH && wr_ptr == (rd_ptr + f_count) % DEPTH);
    for (f_i = 0; f_i < DEPTH; f_i = f_i + 1)                            // 5
        if (f_i < f_count) assert (mem[(rd_ptr + f_i) % DEPTH] == f_word[f_i]);
    cover (f_count == DEPTH && out_ready && $past(f_count) == DEPTH - 1);
    cover (f_count == 0 && $past(f_count) == 1);
end
