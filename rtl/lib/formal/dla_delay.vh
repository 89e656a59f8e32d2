// Rules of dla_delay, included by the module for its own proof: k-induction (dla_delay.sby).
reg [WIDTH-1:0] f_past [0:CYCLES-1];
integer         f_i;
reg [3:0]       f_edges = 4'd0;

always @(posedge clk) begin
    if (f_edges != 4'd15) f_edges <= f_edges + 4'd1;
    for (f_i = 0; f_i < CYCLES; f_i = f_i + 1) f_past[f_i] <= f_i == 0 ? d : f_past[f_i-1];
end

always @* begin
    if (f_edges >= CYCLES) assert (q ==   f_past[CYCLES-1]);            // 1: CYCLES edges late, unchanged
    for (f_i = 0; f_i < CYCLES; f_i = f_i + 1)                          // 2: ties the registers to it
        if (f_edges > f_i) assert (line[WIDTH*f_i +: WIDTH] == f_past[f_i]);
    cover (f_edges >= CYCLES && &q);
end
