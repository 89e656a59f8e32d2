// Rules of dla_scale, included by the module for its own proof: k-induction (dla_scale.sby), all operands at small widths.
reg signed [Y_W-1:0]   f_y;
reg signed [M_W-1:0]   f_m;
reg                    f_skip;
reg                    f_started = 1'b0;
wire signed [79:0]  f_product = f_y * f_m;
wire signed [79:0]  f_tie     = shift == 6'd0 ? 80'sd0 : (80'sd1 <<< (shift - 6'd1)) - (f_product < 0 ? 80'sd1 : 80'sd0);
wire signed [79:0]  f_rounded = (f_product + f_tie) >>> shift;

always @(posedge clk) begin
    f_started <= 1'b1;
    f_y       <= y;
    f_m       <= m;
    f_skip    <= skip;
    if (f_started) assume ($stable({shift, half, ones})); // settings of a layer
end

always @* begin // the caller's part, dla_round
    assume (half == (shift == 6'd0 || shift > HALF_W ? 0 : 1 << (shift - 6'd1)));
    assume (ones == (half == 0 ? 0 : half - 1'b1));
    if (shift > HALF_W) assume (m == 0);
end

always @(posedge clk) if (f_started) begin
    if (f_skip) assert (r == f_y);                                      // 1: y unchanged
    else        assert (r == f_rounded);                                // 2: nearest, ties away from zero
    assert (q_skip == f_skip);
    cover (!f_skip && shift == 2 && f_product == -6 && r == -2);        // -1.5 becomes -2
    cover (!f_skip && shift == 2 && f_product == 6 && r == 2);
end
