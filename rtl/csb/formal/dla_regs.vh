// Rules of dla_regs, included by the module for its own proof: k-induction (dla_regs.sby), for any one word of any group.
//
// dla_pingpong is in the proof as it is. The RAM is replaced by its contract, proven in dla_ram_1r1w.
(* anyconst *) reg [WORD_W-1:0] f_word;
(* anyconst *) reg              f_group;
(* anyconst *) reg [31:0]       f_mask;   // writable bits of the word, what it reads before the first write
(* anyconst *) reg [31:0]       f_reset;
reg        f_started = 1'b0;
reg        f_written;    // since reset
reg        f_read = 1'b0; // the RAM has read the word
reg [31:0] f_ram, f_ram_data;
reg [31:0] f_value;
wire       f_here = word == f_word && reg_addr[9:WORD_W] == 0;
wire       f_dual = f_word >= FIRST_DUAL;
wire       f_mine = f_here && (!f_dual || producer == f_group);
wire       f_busy = !grouped.writable[f_group];
wire       f_take = reg_valid && reg_write && f_mine && !(f_dual && f_busy);
wire       f_stored = f_word > 1 && f_word != FIRST_DUAL; // S_STATUS, S_POINTER, D_OP_ENABLE have values of their own

wire [WORD_W:0] f_place = {f_dual && f_group, f_word};

always @* begin
    assume (rst_n == f_started);
    assume (f_word != 0 || !f_dual);
    if (f_here) assume (mask == f_mask && reset == f_reset);
    if (f_here && f_stored) assume (value == 32'd0);
    if (done) assume (!grouped.writable[consumer]);
    if (f_read) assume (ram_data == f_ram_data);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    f_read    <= read && ram_addr == f_place;
    if (read && ram_addr == f_place) f_ram_data <= f_ram;
    if (ram_write && ram_addr == f_place) f_ram <= ram_wdata;
    if (!rst_n) f_written <= 1'b0;
    else if (f_take) begin
        f_written <= 1'b1;
        f_value   <= reg_wdata & f_mask;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if ($past(rst_n && reg_valid && !reg_write && f_mine) && f_stored)                                 // 1: read back, after a write
        assert (reg_rdata == $past(f_written ? f_value : f_reset));                                    //    or before it
    if (!$past(rst_n && reg_valid && !reg_write)) assert (reg_rdata == 32'd0);                         // 2: 0 in all other cycles
    if (reg_valid && reg_write && f_mine && f_dual) assert (dual_write == (f_busy ? 2'd0 : {f_group, !f_group})); // 3: dropped while it runs or waits
    assert (dual_write != 2'd3);                                                                       // 4: never both groups
    assert (single_write == (reg_valid && reg_write && reg_addr[9:WORD_W] == 0 && word < FIRST_DUAL)); // 5
    if (f_stored) assert (written[f_place] == f_written);                                              // 6: ties memory to specification
    if (f_stored && f_written) assert (f_ram == f_value);
    cover (f_stored && f_dual && f_busy && reg_valid && reg_write && f_mine && f_written && reg_wdata != f_value);
    cover (f_stored && $past(rst_n && reg_valid && !reg_write && f_mine && f_written) && reg_rdata == 32'd5);
end
