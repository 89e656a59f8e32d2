// Rules of cdma_slots, included by the module for its own proof: k-induction (cdma_slots.sby), lines of any length, one after another.
reg         f_started = 1'b0;
reg         f_layer;      // a layer has been loaded
reg  [3:0]  f_slots;      // slots of the line done, no more than 8 counted
reg  [13:0] f_entries;    // entries of the line done
reg  [1:0]  f_kind;       // slots done modulo 3

always @* begin
    if (!f_started) assume (!rst_n);
    if (step) assume (f_layer && !load);
end
always @(posedge clk) if (f_started && !load) assume ($stable({two_plane, skip, entries})); // settings: between two layers nothing looks at them

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) f_layer <= 1'b0;
    else if (load) f_layer <= 1'b1;
    if (load || step && f_slots >= {1'b0, skip} && f_entries == entries) begin
        f_slots   <= 4'd0;
        f_entries <= 14'd0;
        f_kind    <= 2'd0;
    end else if (step) begin
        f_slots   <= f_slots + (f_slots != 4'd8);
        f_entries <= f_entries + (f_slots >= {1'b0, skip});
        f_kind    <= (f_kind == 2'd2) ? 2'd0 : f_kind + 2'd1;
    end
end

always @(posedge clk) if (f_started && rst_n && f_layer && !load) begin
    assert (kind == (two_plane ? f_kind : 2'd0));                              // 1: luma, chroma, chroma in turns from the first slot of a line on, with two planes
    assert (entry == (f_slots >= {1'b0, skip}));                               // 2: all slots but the first `skip` of a line fill an entry
    assert (last == (f_slots >= {1'b0, skip} && f_entries == entries));        // 3: the line ends with its last entry
    // for the induction
    assert (skips_left == (f_slots >= {1'b0, skip} ? 3'd0 : skip - f_slots[2:0]) && f_slots <= 4'd8);
    assert (entries_left == entries - f_entries && f_entries <= entries);
    if (f_slots < {1'b0, skip}) assert (f_entries == 14'd0);
    assert (f_kind != 2'd3);
    cover (step && last && two_plane && skip == 3'd4 && kind == 2'd0);
end
