// Rules of dla_csb_link, included by the module when FORMAL is set: bounded (dla_csb_link.sby). Both resets change at any edge.
//
// CSB answers a request with the number it had, so an answer tells which access it belongs to.
reg [4:0]  f_taken;    // requests CSB took so far
reg        f_owes, f_owes_write;
reg [4:0]  f_number;   // of the one it owes
reg [4:0]  f_mine;     // number of the request of the access that waits
reg        f_asked;    // CSB has taken the request of the access that waits
reg        f_started = 1'b0;
reg [3:0]  f_dla_low;  // cycles since the accelerator's reset was low: CSB is up three edges after it, at the earliest
wire       f_csb_up = f_dla_low == 4'd3;
wire       f_take = csb2nvdla_valid && csb2nvdla_ready;

always @(posedge clk) f_started <= 1'b1;
always @* begin
    assume (!test_mode);
    if (!f_started) assume (!rst_n && !host_rstn && !dla_rstn);
    if (!f_csb_up) assume (!csb2nvdla_ready);
    if (!f_owes || !f_csb_up) assume (!nvdla2csb_valid && !nvdla2csb_wr_complete);
    assume (!(nvdla2csb_valid && f_owes_write) && !(nvdla2csb_wr_complete && !f_owes_write));
    if (nvdla2csb_valid) assume (nvdla2csb_data == {27'd0, f_number});
end
always @(posedge clk) if (f_started) begin
    if ($past(rst_n)) assume (rst_n);
    if ($past(rst_n && req_valid && !ans_valid && host_rstn) && host_rstn)
        assume (req_valid && $stable({req_write, req_addr, req_wdata}));
    if (!host_rstn) assume (!req_valid);
end

always @(posedge clk) begin
    if (!rst_n || !dla_rstn) f_dla_low <= 4'd0;
    else if (!f_csb_up)      f_dla_low <= f_dla_low + 4'd1;
    if (!rst_n) begin
        f_taken <= 5'd0;
        f_owes  <= 1'b0;
        f_asked <= 1'b0;
    end else begin
        if (f_take) begin
            f_taken <= f_taken + 5'd1;
            f_number <= f_taken;
            f_owes_write <= csb2nvdla_write;
        end
        f_owes <= dla_rstn && f_csb_up && (f_take && (!csb2nvdla_write || csb2nvdla_nposted) || f_owes && !nvdla2csb_valid && !nvdla2csb_wr_complete);
        if (f_take && !orphan) f_mine <= f_taken;
        f_asked <= req_valid && host_rstn && !ans_valid && (f_asked || f_take && !orphan);
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (ans_valid) assert (req_valid);                                          // 1: no answer to nobody
    if (ans_valid && !ans_error && !req_write) assert (f_asked && ans_rdata == {27'd0, f_mine}); // 2: its own data
    if (f_take && !orphan && req_valid && host_rstn) assert ({csb2nvdla_write, csb2nvdla_addr, csb2nvdla_wdat} == {req_write, req_addr, req_wdata}
                                         || !host_up);                          // 3: what was asked for
    if (f_take) assert (!f_owes);                                               // 4: one at a time
    if ($past(rst_n && csb2nvdla_valid && !csb2nvdla_ready && dla_rstn) && $past(dla_up) && dla_up)
        assert (csb2nvdla_valid && $stable({csb2nvdla_write, csb2nvdla_addr, csb2nvdla_wdat})); // 5: a request stands
    assert (count <= TIMEOUT);                                                  // 6: every access ends in time
    cover (ans_valid && ans_error && f_taken == 5'd2);
    cover (ans_valid && !ans_error && f_taken == 5'd3 && orphan == 1'b0);
end
