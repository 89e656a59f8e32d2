// Rules of dla_cube_walk, included by the module when FORMAL is set. Proven by k-induction (dla_cube_walk.sby)
// against the closed formula of the address.
reg               f_active = 1'b0; // between load and the last step
reg [ADDR_W-1:0]  f_base;
reg [SIZE0_W-1:0] f_0;             // position, row, plane
reg [SIZE1_W-1:0] f_1;
reg [SIZE2_W-1:0] f_2;
wire [ADDR_W-1:0] f_plane = f_base + f_2 * stride2;
wire [ADDR_W-1:0] f_row   = f_plane + f_1 * stride1;

always @* if (step) assume (f_active && !load);
always @(posedge clk) if (f_active) assume ($stable({stride0, stride1, stride2, size0, size1, size2}));

always @(posedge clk) begin
    if (load) begin
        f_active <= 1'b1;
        f_base   <= base;
        {f_2, f_1, f_0} <= 0;
    end else if (step) begin
        f_active <= !(f_0 == size0 && f_1 == size1 && f_2 == size2);
        f_0      <= (f_0 == size0) ? 0 : f_0 + 1'b1;
        if (f_0 == size0) f_1 <= (f_1 == size1) ? 0 : f_1 + 1'b1;
        if (f_0 == size0 && f_1 == size1) f_2 <= f_2 + 1'b1;
    end
end

always @(posedge clk) if (f_active) begin
    assert (addr == f_row + f_0 * stride0);                            // 1: the address
    assert (last0 == (f_0 == size0));                                  // 2: ends of row, plane, walk
    assert (last1 == (f_1 == size1));
    assert (last2 == (f_2 == size2));
    assert (f_0 <= size0 && f_1 <= size1 && f_2 <= size2);             // 3: ties the registers to the formula
    assert (left0 == size0 - f_0 && left1 == size1 - f_1 && left2 == size2 - f_2);
    assert (row == f_row && plane == f_plane);
    cover (last0 && last1 && last2 && size0 == 1 && size1 == 1 && size2 == 1);
end
