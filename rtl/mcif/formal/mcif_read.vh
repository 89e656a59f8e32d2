// Rules of mcif_read, included by the module for its own proof: k-induction (mcif_read.sby), for any one request of any
// one client (the one in the cycle of `f_pick`) and any memory that answers the requests of an id in order.
//
// The memory is the environment: f_queue counts, for each client, what it has been asked and has not answered.
(* anyconst *) reg [$clog2(N)-1:0] f_client;
(* anyconst *) reg [63:0]          f_data;  // what the memory holds for the request
(* anyconst *) reg [28:0]          f_addr;
(* anyseq *)   reg                 f_pick;
reg       f_started = 1'b0;
reg       f_picked, f_asked, f_answered, f_given; // how far the request has come
reg       f_spare;   // it waits in the spare place
reg [8:0] f_ahead;   // requests of the client ahead of it that the memory has not answered
reg [8:0] f_queue [0:N-1]; // asked on the bus, not answered
reg [11:0] f_all;
reg [N-1:0] f_want;
integer   f_i;

wire f_take  = req_valid[f_client] && req_ready[f_client];
wire f_mark  = f_take && f_pick && !f_picked && req_addr[29*f_client +: 29] == f_addr;
wire f_ar    = arvalid && arready;
wire f_ar_of = f_ar && arid == id[4*f_client +: 4];
wire f_r_of  = rvalid && rid == id[4*f_client +: 4];
wire f_r_it  = f_r_of && f_asked && !f_answered && f_ahead == 0;

always @* begin
    assume (rst_n == f_started);
    assume (f_client < N);
    for (f_i = 0; f_i < N; f_i = f_i + 1) begin
        assume (id[4*f_i +: 4] == f_i + 1);
        if (rvalid && rid == f_i + 1) assume (f_queue[f_i] != 0); // answers what it was asked; strays: mcif_owed
    end
    if (rvalid) assume (rid != 0 && rid <= N);
    if (f_r_it) assume (rdata == f_data);
    // contract of mcif_arbiter
    f_want = 0;
    for (f_i = 0; f_i < N; f_i = f_i + 1) f_want[f_i] = req_valid[f_i] && weight[8*f_i +: 8] != 0;
    assume ((grant & (grant - 1'b1)) == 0 && (grant & ~f_want) == 0 && (grant != 0) == (f_want != 0));
    f_all = arvalid + spare_valid;
    for (f_i = 0; f_i < N; f_i = f_i + 1) f_all = f_all + f_queue[f_i];
end

always @(posedge clk) if (f_started) assume ($stable(limit) && limit <= 8'd5); // a setting

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_picked   <= 1'b0;
        f_spare    <= 1'b0;
        f_asked    <= 1'b0;
        f_answered <= 1'b0;
        f_given    <= 1'b0;
        for (f_i = 0; f_i < N; f_i = f_i + 1) f_queue[f_i] <= 9'd0;
    end else begin
        for (f_i = 0; f_i < N; f_i = f_i + 1)
            f_queue[f_i] <= f_queue[f_i] + (f_ar && arid == f_i + 1) - (rvalid && rid == f_i + 1);
        if (f_mark) f_picked <= 1'b1;
        if (f_mark)      f_spare <= arvalid && !arready;
        else if (f_ar)   f_spare <= 1'b0;
        if (f_picked && !f_spare && !f_asked && f_ar) begin // it is the one in the register
            f_asked <= 1'b1;
            f_ahead <= f_queue[f_client] - f_r_of;
        end else if (f_asked && !f_answered && f_r_of && f_ahead != 0) f_ahead <= f_ahead - 9'd1;
        if (f_r_it)     f_answered <= 1'b1;
        if (f_answered) f_given    <= 1'b1;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert ((req_ready & (req_ready - 1'b1)) == 0 && (req_ready & ~req_valid) == 0);  // 1: one request a cycle
    if (f_picked && !f_asked && !f_spare) assert (arvalid && arid == id[4*f_client +: 4] && araddr == f_addr); // 2: on the bus in the next cycle, its own id and address, until taken;
    if (f_picked && !f_asked && f_spare) assert (spare_valid && spare_id == id[4*f_client +: 4] && spare_addr == f_addr); // or behind the one the memory holds up
    if ($past(rst_n && arvalid && !arready)) assert (arvalid && $stable(arid) && $stable(araddr)); // 3: stable while stalled
    if (!open) assert (req_ready == 0);                                              // 4: none leaves while the memory is waited for
    if ($past(rst_n && f_r_it)) assert (rsp_valid[f_client] && rsp_data == f_data);  // 5: the answer reaches the client, whole, a cycle later
    if ($past(rst_n)) for (f_i = 0; f_i < N; f_i = f_i + 1)
        assert (rsp_valid[f_i] == $past(rvalid && rid == f_i + 1));                  // 6: each answer reaches its client, no other, none is made up
    assert (!stray);                                                                 // 7: none is dropped
    assert (outstanding <= limit + 9'd1 && outstanding == f_all);                    // 8: no more than the limit under way
    if (outstanding <= {1'b0, limit} && open && !spare_valid && f_want != 0)
        assert (req_ready != 0);                                                     // 9: never idle
    if ($past(rst_n && (!arvalid || arready))) assert (!spare_valid);                // 10: the spare place holds a request after a stall only, for a cycle
    // for the induction
    for (f_i = 0; f_i < N; f_i = f_i + 1) assert (owed[9*f_i +: 9] == f_queue[f_i] + (arvalid && arid == f_i + 1) + (spare_valid && spare_id == f_i + 1));
    if (spare_valid) assert (arvalid && spare_id != 0 && spare_id <= N);
    if (f_spare) assert (f_picked && !f_asked && spare_valid);
    if (arvalid) assert (arid != 0 && arid <= N);
    if (f_asked && !f_answered) assert (f_ahead < f_queue[f_client]);
    if (!f_picked) assert (!f_asked);
    if (!f_asked) assert (!f_answered);
    if (!f_answered) assert (!f_given);
    cover (f_given && outstanding == 9'd6);
    cover (f_r_it && f_ar && |req_ready);
end
