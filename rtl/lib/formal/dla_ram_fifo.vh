// Rules of dla_ram_fifo, included by the module for its own proof: k-induction (dla_ram_fifo.sby).
//
// The RAM is replaced by its contract, proven in dla_ram_1r1w: f_mem and f_ram_data below. The specification is a queue,
// f_word[0] the oldest word. Rules 1 to 4 and 6 are the contract, 5 ties the registers to the queue.
reg [WIDTH-1:0] f_mem [0:DEPTH-1];
reg [WIDTH-1:0] f_ram_data;
reg [WIDTH-1:0] f_word [0:DEPTH];
reg [PTR_W+1:0] f_count;
reg [1:0]       f_late;           // cycles a word has been there and none was offered
reg [1:0]       f_came;           // a word came in the last cycle, in the one before
integer         f_i;
reg             f_started = 1'b0;
wire [PTR_W:0]  f_in_ram = wr_ptr - rd_ptr;

always @(posedge clk) f_started <= 1'b1;
always @* begin
    if (!f_started) assume (!rst_n);
    if (in_valid) assume (rst_n && f_count < DEPTH); // the writer has reserved a place
    assume (ram_data == f_ram_data);
end

always @(posedge clk) begin
    if (in_valid) f_mem[wr_ptr[PTR_W-1:0]] <= in_data;
    if (start)    f_ram_data <= f_mem[rd_ptr[PTR_W-1:0]];
    if (!rst_n) begin
        f_count <= 0;
        f_late  <= 2'd0;
        f_came  <= 2'd0;
    end else begin
        f_count <= f_count + in_valid - pop;
        f_came  <= {f_came[0], in_valid};
        f_late  <= (f_count != 0 && !out_valid) ? f_late + 2'd1 : 2'd0;
        if (pop) for (f_i = 0; f_i < DEPTH; f_i = f_i + 1) f_word[f_i] <= f_word[f_i+1];
        if (in_valid) f_word[f_count - pop] <= in_data;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (pop == (out_valid && out_ready));                          // 1: pop is the transfer
    if (out_valid) assert (f_count != 0 && out_data == f_word[0]);     // 2: in order, nothing twice, stable
    if (f_count != 0 && !out_valid) assert (f_late < 2'd2);            // 3: offered at the latest 2 cycles after it came
    if ($past(rst_n && pop) && $past(f_count) > 3) assert (out_valid); // 4: full rate
    assert (f_count <= DEPTH && f_count == held + f_in_ram);           // 5
    assert (held <= 2'd2 && !(tail_valid && !head_valid));
    if (tail_valid) assert (tail == f_word[1]);
    if (fetched) assert (ram_data == f_word[held - 1]);
    for (f_i = 0; f_i < DEPTH; f_i = f_i + 1)
        if (f_i < f_in_ram) assert (f_mem[(rd_ptr + f_i) % DEPTH] == f_word[held + f_i]);
    if (f_count != 0 && !out_valid) assert (fetched || f_late == 2'd0);
    assert (out_valid == (f_count > f_came[0] + f_came[1]));           // 6: exactly from the third cycle after it came on
    cover (f_count == DEPTH - 1 && $past(rst_n && pop && in_valid) && pop && in_valid);
end
