// Rules of mcif_write, included by the module for its own proof: k-induction (mcif_write.sby), for any one beat of any one
// client (the one in the cycle of `f_pick`) and any memory that takes AW and W when it likes and responds to what it has both of.
(* anyconst *) reg [$clog2(N)-1:0] f_client;
(* anyconst *) reg [28:0]          f_addr;
(* anyconst *) reg [63:0]          f_data;
(* anyseq *)   reg                 f_pick;
reg       f_started = 1'b0;
reg       f_picked, f_aw_gone, f_w_gone;  // the beat: taken from the client, its address and its data taken by the memory
reg       f_spare;                        // it waits in the spare place
reg [8:0] f_queue [0:N-1];                // beats of a client taken by mcif_write and not responded to
reg [11:0] f_all;
integer   f_i;

wire f_take = req_valid[f_client] && req_ready[f_client];
wire f_mark = f_take && f_pick && !f_picked && req_addr[29*f_client +: 29] == f_addr && req_data[64*f_client +: 64] == f_data;

always @* begin
    assume (rst_n == f_started);
    assume (f_client < N);
    for (f_i = 0; f_i < N; f_i = f_i + 1) begin
        assume (id[3*f_i +: 3] == f_i + 1);
        // responds to what it has: not to the beat whose address or data is still in the registers or behind them
        if (bvalid && bid == f_i + 1)
            assume (f_queue[f_i] > ((awvalid || wvalid) && awid == f_i + 1) + (spare_valid && spare_id == f_i + 1));
    end
    if (bvalid) assume (bid != 0 && bid <= N);
    // contracts of mcif_arbiter and mcif_ack
    assume ((grant & (grant - 1'b1)) == 0 && (grant & ~req) == 0);
    for (f_i = 0; f_i < N; f_i = f_i + 1) assume (mine[f_i] == (bvalid && bid == id[3*f_i +: 3] && f_queue[f_i] != 0));
    f_all = 12'd0;
    for (f_i = 0; f_i < N; f_i = f_i + 1) f_all = f_all + f_queue[f_i];
end

always @(posedge clk) if (f_started) assume ($stable(limit) && limit <= 8'd5); // a setting

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_picked  <= 1'b0;
        f_spare   <= 1'b0;
        f_aw_gone <= 1'b0;
        f_w_gone  <= 1'b0;
        for (f_i = 0; f_i < N; f_i = f_i + 1) f_queue[f_i] <= 9'd0;
    end else begin
        for (f_i = 0; f_i < N; f_i = f_i + 1)
            f_queue[f_i] <= f_queue[f_i] + req_ready[f_i] - (bvalid && bid == f_i + 1);
        if (f_mark) f_picked <= 1'b1;
        if (f_mark)    f_spare <= !free;
        else if (free) f_spare <= 1'b0;
        if (f_picked && !f_spare && awready) f_aw_gone <= 1'b1;
        if (f_picked && !f_spare && wready)  f_w_gone  <= 1'b1;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert ((req_ready & (req_ready - 1'b1)) == 0 && (req_ready & ~req_valid) == 0);           // 1: one beat a cycle
    if (f_picked && f_spare) assert (spare_valid && spare_id == id[3*f_client +: 3] && spare_addr == f_addr && spare_data == f_data);
    if (f_picked && !f_spare && !f_aw_gone) assert (awvalid && awid == id[3*f_client +: 3] && awaddr == f_addr); // 2: address, id and data reach the bus
    if (f_picked && !f_spare && !f_w_gone)  assert (wvalid && wdata == f_data);                            //    together, each until it is taken
    if ($past(rst_n && f_picked && !f_spare && !((f_aw_gone || awready) && (f_w_gone || wready))))
        assert (awvalid == !f_aw_gone && wvalid == !f_w_gone);                                  // 3: no other beat overtakes a half
    if ($past(rst_n && free)) assert (!spare_valid);                                           //    and one waits behind them for a stall only
    if ($past(rst_n && awvalid && !awready)) assert (awvalid && $stable(awid) && $stable(awaddr)); // 4: stable while stalled
    if ($past(rst_n && wvalid && !wready))   assert (wvalid && $stable(wdata));
    if (!open) assert (req_ready == 0);                                                        // 5
    assert (!stray);                                                                           // 6: every response counted for its client
    assert (outstanding <= limit + 9'd1 && outstanding == f_all);                              // 7: no more than the limit under way
    for (f_i = 0; f_i < N; f_i = f_i + 1)
        if (req_ready[f_i] && req_last[f_i]) assert (!hold[f_i]);                              // 8: one mark of a client at a time
    if (awvalid || wvalid) assert (awid != 0 && awid <= N);
    for (f_i = 0; f_i < N; f_i = f_i + 1) if ((awvalid || wvalid) && awid == f_i + 1) assert (f_queue[f_i] != 0);
    for (f_i = 0; f_i < N; f_i = f_i + 1)
        assert (f_queue[f_i] >= ((awvalid || wvalid) && awid == f_i + 1) + (spare_valid && spare_id == f_i + 1));
    if (spare_valid) assert ((awvalid || wvalid) && spare_id != 0 && spare_id <= N);
    if (f_spare) assert (f_picked);
    if (!f_picked || f_spare) assert (!f_aw_gone && !f_w_gone);
    cover (f_aw_gone && f_w_gone && outstanding == 9'd6);
    cover (|done && bvalid);
end
