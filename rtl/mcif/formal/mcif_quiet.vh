// Rules of mcif_quiet, included by the module for its own proof: k-induction (mcif_quiet.sby).
reg                f_started = 1'b0;
reg [LEFT_W:0]     f_still;   // cycles without an answer, since the reset or since a stray one, saturating
reg                f_strayed; // there was one

wire f_stray = rd_stray || wr_stray;

always @* assume (rst_n == f_started);

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_still   <= 0;
        f_strayed <= 1'b0;
    end else begin
        f_still   <= f_stray ? 0 : f_still > PATIENCE ? f_still : f_still + 1'b1;
        f_strayed <= f_strayed || f_stray;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (open == (f_still >= (f_strayed ? PATIENCE : QUIET)));                // 1: exactly as long as the header says
    assert (f_still > PATIENCE || left == (f_still >= (f_strayed ? PATIENCE : QUIET) ? 0 : (f_strayed ? PATIENCE : QUIET) - f_still));
    if (f_still > PATIENCE) assert (left == 0);
    cover (open && f_strayed);
    cover (open && !f_strayed && f_stray);
end
