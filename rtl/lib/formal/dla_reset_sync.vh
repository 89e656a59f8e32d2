// Rules of dla_reset_sync, included by the module when FORMAL is set. Proven by k-induction (dla_reset_sync.sby).
reg [3:0] f_edges = 4'd0; // clock edges since rst_in_n rose, saturating
reg       f_started = 1'b0;

always @(posedge clk) begin
    f_started <= 1'b1;
    f_edges   <= !rst_in_n ? 4'd0 : f_edges == 4'd15 ? 4'd15 : f_edges + 4'd1;
end
always @* if (!f_started) assume (!rst_in_n);

always @* begin
    if (test_mode)      assert (rst_n == test_rst_n);                 // 1: the test reset rules alone
    else if (!rst_in_n) assert (!rst_n);                              // 2: asserts at once
    else if (f_started) assert (rst_n == (f_edges >= STAGES));        // 3: releases with the edge number STAGES
    cover (!test_mode && rst_n);
end
