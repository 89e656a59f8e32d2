// Rules of glb, included by the module for its own proof: k-induction (glb.sby), for any one source and the whole word.
//
// The proof is about one clock (csb_clk is clk): the crossing of the level is dla_sync's, which is proven on its own.
(* anyconst *) reg [3:0] f_source;
reg        f_started = 1'b0;
reg [15:0] f_status, f_mask, f_pulse; // the specification: pending, masked, came a cycle ago
reg [5:0]  f_late;                    // cycles an unmasked interrupt has been pending
wire [15:0] f_came  = {cacc_intr, cdma_wt_intr, cdma_dat_intr, 4'd0, pdp_intr, cdp_intr, sdp_intr};
wire [15:0] f_bits  = {reg_wdata[21:16], reg_wdata[9:0]};
wire        f_set   = f_pulse[f_source] || (reg_valid && reg_write && reg_addr == 10'd2 && f_bits[f_source]);
wire        f_clear = reg_valid && reg_write && reg_addr == 10'd3 && f_bits[f_source];
wire        f_there = f_source < 4'd6 || f_source > 4'd9;

always @* begin
    assume (rst_n == f_started && csb_rst_n == rst_n);
end

integer f_i;
always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_status <= 16'd0;
        f_mask   <= 16'd0;
        f_pulse  <= 16'd0;
        f_late   <= 6'd0;
    end else begin
        f_pulse <= f_came;
        f_late  <= !f_started || f_status[f_source] == 0 || f_mask[f_source] ? 6'd0 : f_late == 6'd63 ? f_late : f_late + 6'd1;
        if (reg_valid && reg_write && reg_addr == 10'd1) f_mask <= f_bits;
        for (f_i = 0; f_i < 16; f_i = f_i + 1)
            f_status[f_i] <= (f_i < 6 || f_i > 9) &&
                ((f_pulse[f_i] || (reg_valid && reg_write && reg_addr == 10'd2 && f_bits[f_i])) ||
                 (f_status[f_i] && !(reg_valid && reg_write && reg_addr == 10'd3 && f_bits[f_i])));
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if ($past(rst_n && f_set) && f_there) assert (status[f_source]);                // 1: never lost: set wins over clear, whatever comes with it
    if ($past(rst_n && status[f_source])) assert (status[f_source] || $past(f_clear && !f_set)); // 2: pending until cleared
    if ($past(rst_n && !f_set && !status[f_source])) assert (!status[f_source]);    // 3: never out of nothing
    assert (status == f_status && mask == f_mask && pulse == f_pulse);              // 4: all sources at once
    if ($past(rst_n && !f_came[f_source] && f_started)) assert (!f_pulse[f_source]);
    if (f_late >= 6'd4) assert (dla_intr);                                          // 5: the pin shows it, in 4 cycles
    if (f_late >= 6'd1) assert (any);
    if ($past(rst_n && !(reg_valid && !reg_write))) assert (reg_rdata == 32'd0);    // 6: 0 but in the cycle after a read
    cover ($past(rst_n && f_set && f_clear && pulse != 16'd0) && &status[5:0]);
    cover (dla_intr && f_status == 16'd0);
end
