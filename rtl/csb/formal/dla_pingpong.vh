// Rules of dla_pingpong, included by the module for its own proof: k-induction (dla_pingpong.sby).
//
// The specification counts: f_left layers are enabled and not done, f_next is the group whose turn it is.
reg       f_started = 1'b0;
reg [1:0] f_left;            // layers enabled and not done
reg       f_next;            // group of the layer that runs, or runs next
reg [1:0] f_on;              // groups with a layer
wire [1:0] f_write = {2{op_en_write && wdata}} & {producer, !producer}; // OP_EN written

always @* begin
    assume (rst_n == f_started);
    if (done) assume (f_on[f_next]); // the unit ends the layer that it has
end

wire [1:0] f_taken = f_write & ~f_on;

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_left <= 2'd0;
        f_next <= 1'b0;
        f_on   <= 2'd0;
    end else begin
        f_left <= f_left + {1'b0, |f_taken} - {1'b0, done};
        f_next <= f_next ^ done;
        f_on   <= (f_on | f_taken) & ~({2{done}} & {f_next, !f_next});
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (f_left == {1'b0, enabled[0]} + {1'b0, enabled[1]});                     // 1: no layer lost, none twice
    assert (enabled == f_on && consumer == f_next);                                  // 2: groups take turns
    assert (writable == ~f_on);                                                      // 3: a group with a layer is not written
    assert (started == f_taken);                                                     // 4: a start for each layer taken
    assert (op_en == (f_on[f_next] && !done && !$past(rst_n && done)));              // 5: a gap of 2 cycles after each layer
    assert (status[1:0] == (!f_on[0] ? 2'd0 : f_next ? 2'd2 : 2'd1));                // 6: S_STATUS: idle, runs, waits
    assert (status[17:16] == (!f_on[1] ? 2'd0 : f_next ? 2'd1 : 2'd2));
    assert (status[31:18] == 14'd0 && status[15:2] == 14'd0);
    assert (op_en_read == f_on[producer]);                                           // 7
    assert (settling == (done || $past(rst_n && done)));                             // 8: the clock runs while registers change
    if ($past(rst_n)) assert (producer == $past(pointer_write ? wdata : producer));  // 9
    assert (done_d == $past(rst_n && done));
    cover (done && |f_taken && f_left == 2'd1);
    cover (f_left == 2'd2 && $past(f_left) == 2'd1 && f_next);
end
