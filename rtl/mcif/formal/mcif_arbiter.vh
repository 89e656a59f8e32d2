// Rules of mcif_arbiter, included by the module for its own proof: k-induction (mcif_arbiter.sby), for any one client
// and any weights up to F_WEIGHT. Weights are settings: they do not change while somebody asks.
localparam F_WEIGHT = 3;
localparam F_W = 8;
(* anyconst *) reg [$clog2(N)-1:0] f_client;
reg            f_started = 1'b0;
reg [F_W-1:0]  f_wait;   // requests of others taken since the client asks
reg [F_W-1:0]  f_others; // weights of all others
reg [F_W-1:0]  f_rest;   // that can still be taken ahead of the client
reg [7:0]      f_row;    // grants in a row of the owner
reg [N-1:0]    f_next;   // one-hot: the first that asks behind the owner, in a circle
reg            f_found;
wire [7:0]     f_weight = weight[8*f_client +: 8];
wire           f_asks   = req[f_client] && f_weight != 0;
integer        f_i, f_j;

always @* begin
    assume (rst_n == f_started);
    assume (f_client < N);
    for (f_i = 0; f_i < N; f_i = f_i + 1) assume (weight[8*f_i +: 8] <= F_WEIGHT);
    f_others = 0;
    f_rest   = 0;
    f_next   = 0;
    f_found  = 1'b0;
    for (f_i = 0; f_i < N; f_i = f_i + 1) begin
        if (f_i != f_client) f_others = f_others + weight[8*f_i +: 8];
        for (f_j = 0; f_j < N; f_j = f_j + 1) if (owner[f_j]) begin
            // clients behind the owner and ahead of this one
            if (f_i != f_client && f_i != f_j && (f_i + N - f_j) % N < (f_client == f_j ? N : (f_client + N - f_j) % N))
                f_rest = f_rest + weight[8*f_i +: 8];
        end
    end
    if (!owner[f_client]) f_rest = f_rest + left;
    for (f_i = 1; f_i <= N; f_i = f_i + 1)
        for (f_j = 0; f_j < N; f_j = f_j + 1)
            if (owner[f_j] && !f_found && req[(f_j + f_i) % N] && weight[8*((f_j + f_i) % N) +: 8] != 0) begin
                f_next[(f_j + f_i) % N] = 1'b1;
                f_found = 1'b1;
            end
end

always @(posedge clk) if (f_started) assume ($stable(weight));

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n || !f_asks || (accept && grant[f_client])) f_wait <= 0;
    else if (accept && |grant) f_wait <= f_wait + 1'b1;
    if (!rst_n) f_row <= 8'd0;
    else if (accept && |grant) f_row <= |(grant & owner) && keep ? f_row + 8'd1 : 8'd1;
end

always @(posedge clk) if (f_started && rst_n) begin
    assert ((grant & (grant - 1'b1)) == 0 && (grant & ~want) == 0);          // 1: at most one, and it asks
    assert ((grant != 0) == (want != 0));                                    // 2: never idle
    if (want[f_client]) assert (f_weight != 0);                              // 3: weight 0 takes a client out
    if (f_asks) assert (f_wait <= f_others);                                 // 4: fair: nobody waits for more than the weights of the others
    if (f_row != 0) assert (f_row + left == weight[8*0 +: 8] * owner[0] + (N > 1 ? weight[8*1 +: 8] * owner[1] : 0)
                            + (N > 2 ? weight[8*2 +: 8] * owner[2] : 0));     // 5: at most `weight` in a row
    if (!(|(want & owner) && left != 0)) assert (grant == f_next);           // 6: then the next in the circle
    if (|(want & owner) && left != 0) assert (grant == owner);
    if ($past(rst_n) && !$past(accept && |grant)) assert ($stable(owner) && $stable(left)); // 7: what is not taken changes nothing
    // for the induction
    assert (owner != 0 && (owner & (owner - 1'b1)) == 0);
    assert (f_row != 0 || left == 0);
    assert (!begun || allowed != 0);
    if (f_asks) assert (f_wait + f_rest <= f_others);
    assert (f_rest <= f_others);
    cover (f_asks && f_wait == f_others && f_others == 6);
    cover (f_row == 3 && left == 0 && grant == owner);
end
