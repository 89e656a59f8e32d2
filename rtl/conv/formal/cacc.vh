// Rules of cacc about credits and ends of layers, included by the module for its own proof: k-induction (cacc.sby).
//
// csc_dat is the environment: it never has more than FIFO_DEPTH atoms that end a stripe under way (rule 1 of csc_dat.vh).
// The delivery FIFO is replaced by its contract, proven in dla_ram_fifo: it offers what came in, in order, in 2 cycles.
reg          f_started = 1'b0;
reg [9:0]    f_under_way; // atoms that ended a stripe and gave no credit back
reg [9:0]    f_held;      // of these, in the FIFO
reg [9:0]    f_ends;      // layer ends among those in the FIFO, of all under way
reg [9:0]    f_ends_held;
reg [1:0]    f_late;
wire         f_take = mac_valid && mac_last;
wire         f_end  = f_take && mac_layer_end;

always @* begin
    assume (rst_n == f_started);
    if (f_under_way == FIFO_DEPTH) assume (!f_take);
    // contract of dla_ram_fifo
    assume (credit == (cacc2sdp_valid && cacc2sdp_ready));
    if (cacc2sdp_valid) assume (f_held != 0);
    if (f_held != 0 && f_late == 2'd2) assume (cacc2sdp_valid);
    if (credit && last_of_layer) assume (f_ends_held != 0);
    if (credit && f_ends_held == f_held) assume (last_of_layer);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_under_way <= 10'd0;
        f_held      <= 10'd0;
        f_ends      <= 10'd0;
        f_ends_held <= 10'd0;
        f_late      <= 2'd0;
    end else begin
        f_under_way <= f_under_way + f_take - credit;
        f_held      <= f_held + out_valid - credit;
        f_ends      <= f_ends + f_end - |cacc_intr;
        f_ends_held <= f_ends_held + (out_valid && out_end) - (credit && last_of_layer);
        f_late      <= f_held != 0 && !cacc2sdp_valid ? f_late + 2'd1 : 2'd0;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (f_held + out_valid + (add_valid && last) == f_under_way); // 1: a credit for each atom that ended a stripe, none else
    assert (f_held + out_valid <= FIFO_DEPTH);                        // 2: the FIFO never overflows
    assert (f_ends_held + (out_valid && out_end) + (add_valid && last && add_end) == f_ends); // 3: an interrupt for each end of a layer
    assert (cacc_intr != 2'd3);                                       // 4: of one group,
    if ($past(rst_n && |cacc_intr)) assert (intr_group == !$past(intr_group)); // in turns
    if (|cacc_intr) assert (cacc_intr == {intr_group, !intr_group} && credit);
    if ($past(rst_n && !(|cacc_intr))) assert ($stable(intr_group));
    // for the induction
    assert (f_ends_held <= f_held && f_ends <= f_under_way && f_under_way <= FIFO_DEPTH);
    cover (f_held == FIFO_DEPTH - 1 && f_ends_held == 2);
    cover (f_under_way == FIFO_DEPTH && credit);
end
