// Rules of dla_sync, included by the module when FORMAL is set. Proven by k-induction (dla_sync.sby).
reg [WIDTH-1:0] f_past [0:STAGES-1];
integer         f_i;
reg             f_started = 1'b0;

always @(posedge clk) f_started <= 1'b1;
always @* if (!f_started) assume (!rst_n);

always @(posedge clk) begin
    for (f_i = 0; f_i < STAGES; f_i = f_i + 1)
        f_past[f_i] <= !rst_n ? {WIDTH{1'b0}} : f_i == 0 ? d : f_past[f_i-1];
end

always @* begin
    if (!rst_n) assert (q == 0);                                      // 1: reset clears at once
    if (f_started && rst_n) begin
        assert (q == f_past[STAGES-1]);                               // 2: STAGES edges late, else unchanged
        for (f_i = 0; f_i < STAGES; f_i = f_i + 1)                    // 3
            assert (chain[WIDTH*f_i +: WIDTH] == f_past[f_i]);
    end
    cover (f_started && &q);
end
