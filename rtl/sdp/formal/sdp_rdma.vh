// Rules of sdp_rdma, included by the module for its own proof: k-induction (sdp_rdma.sby), layers of any settings one after another.
//
// The readers and the registers are the environment. A reader is busy from the cycle behind its start to any later one, asks
// only then, and is free (sdp_rdma_operand) when it likes; a beat that comes is one of those it waits for. Settings stand until done.
// What these promises rest on, a start of a free reader that is not busy and settings that stand as long as it is, are rules 1 and 4.
reg         f_started = 1'b0;
reg         f_begun;                    // the layer is started and not done
reg         f_m_busy, f_b_busy, f_n_busy;
reg         f_m_did, f_b_did, f_n_did;  // started in this layer
reg  [31:0] f_m_stall, f_b_stall, f_n_stall;
(* anyseq *) reg f_m_end, f_b_end, f_n_end;
wire [372:0] f_settings = {width, height, channel, m_base, m_line, m_surface, b_base, b_line, b_surface, n_base, n_line, n_surface, b_disable,
                           b_size, b_mode, b_ram, n_disable, n_size, n_mode, n_ram, b_use, n_use, flying, m_ram, perf_en};

always @* begin
    if (!f_started) assume (!rst_n);
    assume (m_fetching == f_m_busy && b_busy == f_b_busy && n_busy == f_n_busy);
    if (sdp_rd_req_valid) assume (f_m_busy);
    if (sdp_b_rd_req_valid) assume (f_b_busy);
    if (sdp_n_rd_req_valid) assume (f_n_busy);
    if (sdp_rd_rsp_valid) assume (m_used != 0);
    if (f_b_busy || sdp_b_rd_rsp_valid) assume (b_moves);
    if (f_n_busy || sdp_n_rd_rsp_valid) assume (n_moves);
end
always @(posedge clk) if (f_started && $past(rst_n && op_en && !done)) assume (op_en && $stable(f_settings));

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        {f_begun, f_m_busy, f_b_busy, f_n_busy, f_m_did, f_b_did, f_n_did} <= 7'd0;
    end else begin
        f_begun  <= start || f_begun && !done;
        f_m_busy <= m_start || f_m_busy && !f_m_end;
        f_b_busy <= b_start || f_b_busy && !f_b_end;
        f_n_busy <= n_start || f_n_busy && !f_n_end;
        {f_m_did, f_b_did, f_n_did} <= done ? 3'd0 : {f_m_did || m_start, f_b_did || b_start, f_n_did || n_start};
        f_m_stall <= start ? 32'd0 : f_m_stall + (f_begun && perf_en && sdp_rd_req_valid && !sdp_rd_req_ready);
        f_b_stall <= start ? 32'd0 : f_b_stall + (f_begun && perf_en && sdp_b_rd_req_valid && !sdp_b_rd_req_ready);
        f_n_stall <= start ? 32'd0 : f_n_stall + (f_begun && perf_en && sdp_n_rd_req_valid && !sdp_n_rd_req_ready);
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (m_start) assert (op_en && !f_begun && !m_fetching);                            // 1: a reader starts once a layer, when it has ended the one before and both operand readers are free
    if (b_start) assert (op_en && !f_begun && !b_busy && b_free && n_free);
    if (n_start) assert (op_en && !f_begun && !n_busy && b_free && n_free);
    if (done) assert (f_m_did == !flying && f_b_did == !b_disable && f_n_did == !n_disable); // 2: by its end the readers that it asks for have been started, and no others
    assert (done == (f_begun && !m_fetching && !b_busy && !n_busy));                   // 3: it is done once, when all of them have ended
    if (m_fetching || b_busy || n_busy) assert (op_en && f_begun && $stable(f_settings)); // 4: settings stand as long as a reader is busy
    if (op_en && !f_begun && b_free && n_free) assert (start);                         // 5: nothing else is waited for
    if (m_start || m_fetching || sdp_rd_rsp_valid) assert (m_awake);                   // 6: no reader sleeps when it starts, asks or gets a beat
    if (b_start || b_busy || sdp_b_rd_rsp_valid) assert (b_awake);
    if (n_start || n_busy || sdp_n_rd_rsp_valid) assert (n_awake);
    if (f_begun) assert (m_stall == f_m_stall && b_stall == f_b_stall && n_stall == f_n_stall); // 7: requests that wait are counted, from the start of the layer on
    // for the induction
    assert (running == f_begun);
    if (f_m_busy || f_b_busy || f_n_busy) assert (f_begun);
    if (f_begun) assert (op_en && f_m_did == !flying && f_b_did == !b_disable && f_n_did == !n_disable);
    else assert (!f_m_did && !f_b_did && !f_n_did);
    cover (done && f_m_did && f_b_did && !f_n_did && b_stall == 32'd2);
    cover (start && m_used != 0 && !b_disable);
end
