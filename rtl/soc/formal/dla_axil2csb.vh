// Rules of dla_axil2csb, included by the module for its own proof: k-induction (dla_axil2csb.sby), TIMEOUT at 6 cycles.
//
// dla_csb_link is replaced by its contract, proven there: it answers only what is asked, in TIMEOUT cycles.
// The shell answers each request it has taken once, at any time later, also after the access has timed out.
reg              f_started = 1'b0;
reg              f_open;             // an access was taken and is not answered
reg              f_write;            // what it asks for
reg [ADDR_W-1:0] f_addr;
reg [31:0]       f_wdata;
reg [3:0]        f_strobes;
reg              f_done;             // it has ended inside: as it was told to
reg [1:0]        f_resp;
reg [31:0]       f_rdata;
reg [4:0]        f_age;              // cycles since it was taken, until it has ended
reg [2:0]        f_in_csb;           // cycles dla_csb_link has had it
reg              f_owes, f_mine;     // the shell has taken a request and not answered; it is that of this access
wire f_take_w = s_axi_awvalid && s_axi_awready;
wire f_take_r = s_axi_arvalid && s_axi_arready;
wire f_give   = s_axi_bvalid && s_axi_bready || s_axi_rvalid && s_axi_rready;
wire f_csb    = f_addr[ADDR_W-1:18] == 0;
wire f_own    = f_addr[ADDR_W-1:12] == 8'h40;
wire f_shell  = f_addr[ADDR_W-1:12] == 8'h41;
wire f_reg    = reg_valid && reg_ready;
wire f_no     = !f_csb && !f_own && !f_shell || f_addr[1:0] != 2'd0 || f_write && f_strobes != 4'hf; // nothing is done
wire [1:0] f_no_resp = !f_csb && !f_own && !f_shell ? DECERR : (f_addr[1:0] != 2'd0 || f_strobes != 4'h0) ? SLVERR : OKAY;

always @* begin
    if (!f_started) assume (!rst_n);
    if (ans_valid) assume (state == CSB);
    if (f_in_csb == 3'd6 && state == CSB) assume (ans_valid);
    if (reg_rsp_valid) assume (f_owes);
end
always @(posedge clk) if (f_started) begin
    if ($past(rst_n)) assume (rst_n);
    if ($past(rst_n && s_axi_awvalid && !s_axi_awready)) assume (s_axi_awvalid && $stable(s_axi_awaddr));
    if ($past(rst_n && s_axi_wvalid && !s_axi_wready)) assume (s_axi_wvalid && $stable({s_axi_wdata, s_axi_wstrb}));
    if ($past(rst_n && s_axi_arvalid && !s_axi_arready)) assume (s_axi_arvalid && $stable(s_axi_araddr));
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) {f_open, f_done, f_owes, f_mine, f_in_csb, f_age} <= 0;
    else begin
        f_open   <= f_take_w || f_take_r || f_open && !f_give;
        f_in_csb <= (state == CSB && !ans_valid) ? f_in_csb + 3'd1 : 3'd0;
        f_owes   <= f_reg || f_owes && !reg_rsp_valid;
        f_mine   <= !f_take_w && !f_take_r && !f_give && (f_reg || f_mine);
        f_age    <= (f_take_w || f_take_r) ? 5'd0 : f_age + (f_open && f_age != 5'd31);
        if (f_take_w || f_take_r) begin
            f_write   <= f_take_w;
            f_addr    <= f_take_w ? s_axi_awaddr : s_axi_araddr;
            f_wdata   <= s_axi_wdata;
            f_strobes <= f_take_w ? s_axi_wstrb : 4'hf;
            f_done    <= 1'b0;
        end else if (f_give) f_done <= 1'b0;
        if (ans_valid) {f_done, f_resp, f_rdata} <= {1'b1, ans_error ? SLVERR : OKAY, ans_rdata};
        if (reg_rsp_valid && f_mine && !s_axi_bvalid && !s_axi_rvalid) {f_done, f_resp, f_rdata} <= {1'b1, OKAY, reg_rsp_data};
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (s_axi_bvalid || s_axi_rvalid) assert (f_open && s_axi_bvalid == f_write && s_axi_rvalid == !f_write); // 1: an answer for an access, of its kind
    if (f_take_w || f_take_r) assert (!f_open && !(f_take_w && f_take_r) && (s_axi_awready == s_axi_wready)); // 2: one at a time
    if ($past(rst_n && (s_axi_bvalid && !s_axi_bready || s_axi_rvalid && !s_axi_rready)))
        assert ((s_axi_bvalid || s_axi_rvalid) && $stable({s_axi_bvalid, s_axi_bresp}) && (!s_axi_rvalid || $stable(s_axi_rdata))); // 3: an answer stands
    if ((s_axi_bvalid || s_axi_rvalid) && f_no)
        assert (resp == f_no_resp && (f_write || data == 32'd0));           // 4: refused with the right answer
    if (state == CSB) assert (f_open && f_csb && !f_no && {write, addr} == {f_write, f_addr} && (!write || data == f_wdata)); // 5: CSB gets what was asked for, no refused access
    if (reg_valid) assert (f_open && f_shell && !f_no && !f_mine && !f_owes && reg_write == f_write && reg_addr == f_addr[11:2]
                           && (!f_write || reg_wdata == f_wdata));          // 6: so does the shell, once
    if ((s_axi_bvalid || s_axi_rvalid) && f_done)
        assert (resp == f_resp && (f_write || data == f_rdata));            // 7: its own answer, whole
    if ((s_axi_bvalid || s_axi_rvalid) && !f_no && !f_own && !f_done) assert (resp == SLVERR && (f_write || data == 32'd0)); // 8: without one it ends with SLVERR
    if (f_age >= 5'd10) assert (s_axi_bvalid || s_axi_rvalid || !f_open);   // 9: every access ends in time
    if ($past(rst_n && s_axi_arvalid && write_waits && state == IDLE)) assert (write == !$past(wrote)); // 10: in turns
    // for the induction
    assert (f_open == (state != IDLE));
    assert (state <= RESPOND);
    if (f_open) assert ({write, addr} == {f_write, f_addr} && (!write || strobes == f_strobes) && (write || f_strobes == 4'hf));
    if (f_open && state != RESPOND) assert (!f_done && (!write || data == f_wdata));
    if (f_done) assert (f_open && !f_no && !f_own);
    if (state == CHOOSE) assert (f_age == 5'd0 && !f_mine);
    if (state == CSB) assert (f_age == f_in_csb + 5'd1 && f_in_csb <= 3'd6 && !f_mine);
    if (state == SHELL) assert (f_shell && !f_no && f_age == waited + 5'd1 && waited <= TIMEOUT && asked == f_mine);
    else assert (!asked && (waited == 0 || state == RESPOND));
    if (state != CSB) assert (f_in_csb == 3'd0);
    if (!f_open) assert (!f_mine && !f_done);
    assert (f_owes == (owed || asked) && !(owed && asked));
    cover (s_axi_rvalid && f_done && f_shell && $past(wrote));
    cover (s_axi_bvalid && !f_done && f_shell && f_owes);
end
