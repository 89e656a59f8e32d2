// Rules of dla_gather, included by the module for its own proof: k-induction (dla_gather.sby).
reg [WIDTH-1:0] f_word;
reg [3:0]       f_place = 4'd0;   // parts of the word that came before

always @* assume (in_last == (f_place == PARTS - 1));

always @(posedge clk) if (in_valid) begin
    f_word[f_place * PART_W +: PART_W] <= in_data;
    f_place <= in_last ? 4'd0 : f_place + 4'd1;
end

always @* begin
    assert (f_place < PARTS);
    assert (out_valid == (in_valid && f_place == PARTS - 1));                             // 1
    if (out_valid) begin
        assert (out_data[WIDTH-1 -: PART_W] == in_data);                                  // 2: the newest highest
        assert (out_data[WIDTH-PART_W-1:0] == f_word[WIDTH-PART_W-1:0]);                  // 3: the ones before below it
    end
    cover (out_valid);
end
// For the induction: what is kept are the parts that came, the newest highest.
always @* if (f_place != 0) begin
    assert (g_parts.kept >> (WIDTH - PART_W - f_place * PART_W) == (f_word & ~({WIDTH{1'b1}} << (f_place * PART_W))));
end
