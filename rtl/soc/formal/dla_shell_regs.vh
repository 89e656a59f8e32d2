// Rules of dla_shell_regs, included by the module for its own proof: k-induction (dla_shell_regs.sby), in one clock.
//
// The specification is the register that a number stands for: what was written last to those that software sets, the pin in
// the cycle of the access for the others.
(* anyconst *) reg [9:0] f_addr;
reg        f_started = 1'b0;
reg [31:0] f_set;                // of the register f_addr, as written last
reg        f_asked, f_asked_it;  // an access in the last cycle, one of the register f_addr
reg [31:0] f_expected;
wire       f_take    = req_valid && req_ready;
wire       f_write   = f_take && req_write;
wire       f_is_set  = f_addr == 10'd2 || f_addr == 10'd5 || f_addr == 10'd11 || f_addr == 10'd12;
wire [31:0] f_writes = f_addr == 10'd2 ? 32'h1 : f_addr == 10'd5 ? 32'h3f : 32'hfffff000; // bits that take a value
wire [31:0] f_ones   = f_addr == 10'd12 ? 32'hfff : 32'd0;                                // bits that read 1
wire [31:0] f_now = f_addr == 10'd2 ? {31'd0, hold_reset} : f_addr == 10'd5 ? {26'd0, mask} : f_addr == 10'd11 ? {base, 12'd0} : {limit, 12'hfff};
reg [31:0] f_pin;

always @* begin
    if (!f_started) assume (!rst_n);
    case (f_addr)
        10'd0:   f_pin = 32'h434f4441; // CODA
        10'd1:   f_pin = {15'd0, TWO_CLOCKS != 0, BEATS[7:0], WIDTH[7:0]};
        10'd3:   f_pin = {30'd0, waiting, dla_up};
        10'd4:   f_pin = {26'd0, status};
        10'd6:   f_pin = {16'd0, read_errors};
        10'd7:   f_pin = {16'd0, write_errors};
        10'd8:   f_pin = {16'd0, refusals};
        10'd9:   f_pin = refused_addr;
        10'd10:  f_pin = {28'd0, error_id};
        default: f_pin = 32'd0;
    endcase
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        {f_asked, f_asked_it} <= 2'b00;
        f_set <= f_addr == 10'd11 ? {WINDOW_BASE[31:12], 12'd0} : f_addr == 10'd12 ? {WINDOW_LIMIT[31:12], 12'hfff} : 32'd0;
    end else begin
        f_asked    <= f_take;
        f_asked_it <= f_take && req_addr == f_addr;
        if (f_take && req_addr == f_addr) f_expected <= f_is_set ? f_set : f_pin;
        if (f_write && req_addr == f_addr && f_is_set) f_set <= req_wdata & f_writes | f_ones;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (rsp_valid == f_asked);                                        // 1: an access is answered once, in the next cycle
    if (f_asked_it) assert (rsp_data == f_expected);                      // 2: with what the register held; others read 0
    if (f_is_set) assert (f_now == f_set);                                // 3: settings are those written last, in their own register
    assert (clear_status == ((f_write && req_addr == 10'd4) ? req_wdata[5:0] : 6'd0)); // 4: a 1 written to ERROR clears, nothing else
    assert (clear_counts == {f_write && req_addr == 10'd8, f_write && req_addr == 10'd7, f_write && req_addr == 10'd6}); // 5: a write to a count clears that count alone
    if ($past(rst_n)) assert (error == |($past(status) & ~$past(mask)));  // 6: the interrupt follows what is not masked
    // for the induction
    if (f_addr == 10'd12) assert (f_set[11:0] == 12'hfff);
    if (f_addr != 10'd12 && f_is_set) assert ((f_set & ~f_writes) == 32'd0);
    cover (f_asked_it && f_addr == 10'd12 && rsp_data == 32'h12345fff);
    cover (error && hold_reset);
end
