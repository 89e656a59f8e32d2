// Rules of dla_shift_right, included by the module for its own proof (dla_shift_right.sby): exhaustive, there is no state.
wire [IN_W-1:0] f_shifted = number >> amount;

always @* begin
    assert (result == f_shifted[OUT_W-1:0]); // 1
    cover (amount == OUT_W && result != 0);
    cover (amount == IN_W - 1 && result == 1);
end
