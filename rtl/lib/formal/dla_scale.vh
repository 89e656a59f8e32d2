// Rules of dla_scale, included by the module for its own proof: k-induction (dla_scale.sby), all operands at small widths.
reg signed [Y_W-1:0] f_y;
reg signed [M_W:0]   f_m;
reg                  f_skip;
reg                  f_started = 1'b0;
wire signed [79:0]   f_number  = f_y;
wire signed [79:0]   f_product = f_y * f_m;
wire        [79:0]   f_size    = f_product < 0 ? -f_product : f_product;
wire        [79:0]   f_floor   = f_size >> shift;
wire signed [79:0]   f_tie     = shift == 6'd0 ? 80'sd0 : (80'sd1 <<< (shift - 6'd1)) - (f_product < 0 ? 80'sd1 : 80'sd0);
wire signed [79:0]   f_rounded = (f_product + f_tie) >>> shift;
wire signed [79:0]   f_largest = (80'sd1 <<< (R_W - 1)) - 80'sd1;
wire signed [79:0]   f_result  = f_rounded > f_largest ? f_largest : f_rounded < ~f_largest ? ~f_largest : f_rounded;

always @(posedge clk) begin
    f_started <= 1'b1;
    f_y       <= y;
    f_m       <= m_negative ? -$signed({1'b0, m_size}) : $signed({1'b0, m_size});
    f_skip    <= skip;
    if (f_started) assume ($stable(shift)); // setting of a layer
end

always @* begin // the caller's part
    assume (m_size <= (1 << (M_W - 1)));
    assume (below == ~({(Q_W-R_W){1'b1}} << shift));
end

always @(posedge clk) if (f_started) begin
    if (f_skip) assert (r == f_number[R_W-1:0]);                        // 1: low bits of y
    assert (minus ? $signed(r) <= 0 : $signed(r) >= 0);                 // 5
    if (!f_skip) begin
        assert ($signed(r) == f_result);                                // 2: nearest, ties away from zero, saturated
        assert (q == f_size);                                           // 3
        assert (up == (shift != 6'd0 && f_size[shift - 6'd1]));         // 4
        assert ({above, floor} == {(f_size >> shift) >= (80'd1 << R_W), f_floor[R_W-1:0]}); // 6
    end
    cover (!f_skip && shift == 2 && f_product == -6 && $signed(r) == -2); // -1.5 becomes -2
    cover (!f_skip && shift == 2 && f_product == 6 && r == 2);
    cover (!f_skip && f_rounded > f_largest);
    cover (!f_skip && f_rounded < ~f_largest);
end
