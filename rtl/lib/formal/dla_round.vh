// Rules of dla_round, included by the module for its own proof (dla_round.sby): exhaustive, there is no state.
wire          f_useful = shift != 6'd0 && shift <= HALF_W;
wire [63:0]   f_half   = f_useful ? 64'd1 << (shift - 6'd1) : 64'd0;

always @* begin
    assert (half == f_half);                             // 1: 2^(s-1)
    assert (ones == (f_useful ? f_half - 64'd1 : 64'd0)); // 2: 2^(s-1) - 1
    assert (vanish == (shift > HALF_W));                 // 3
    cover (shift == HALF_W);
    cover (vanish);
end
