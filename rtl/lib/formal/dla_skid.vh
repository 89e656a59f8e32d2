// Rules of dla_skid, included by the module when FORMAL is set. Proven by k-induction (dla_skid.sby).
//
// The specification is a queue of at most two words: 1 to 3 are the contract, 4 ties the registers to it.
reg [WIDTH-1:0] f_oldest, f_newest;
reg [1:0]       f_count;
reg             f_started = 1'b0;
wire            f_push = in_valid && in_ready;
wire            f_pop  = out_valid && out_ready;

always @(posedge clk) f_started <= 1'b1;
always @* if (!f_started) assume (!rst_n);

always @(posedge clk) begin
    if (!rst_n) f_count <= 2'd0;
    else begin
        f_count <= f_count + f_push - f_pop;
        if (f_pop && f_count == 2'd2)                  f_oldest <= f_newest;
        else if (f_push && (f_count == 2'd0 || f_pop)) f_oldest <= in_data;
        if (f_push)                                    f_newest <= in_data;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (in_ready == (f_count < 2'd2));                     // 1: takes two words
    assert (out_valid == (f_count > 2'd0));                    // 2: offers what it has
    if (out_valid) assert (out_data == f_oldest);              // 3: in order, stable while stalled
    assert (f_count <= 2'd2 && skid_valid == (f_count == 2'd2)); // 4
    if (skid_valid) assert (skid_data == f_newest);
    cover (f_count == 2'd2 && f_pop);
    cover (f_push && f_pop && $past(f_push && f_pop));         // full rate
end
