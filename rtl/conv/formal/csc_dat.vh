// Rules of csc_dat about its credits, included by the module for its own proof: k-induction (csc_dat.sby).
//
// What is behind the sequencer and the lines is left free: any operations, stalls and layers. f_there is what cacc has: atoms
// that end a stripe, on their way or in its delivery FIFO. A credit comes for one of them (rule 1 of cacc.vh).
reg            f_started = 1'b0;
reg [CREDIT_W:0] f_there;   // atoms with `last` accepted and not yet delivered
reg [CREDIT_W:0] f_sent;    // of these, not yet at the output
reg [CREDIT_W:0] f_in_pipe; // atoms with `last` in the stages 1 to 6
reg [4:0]      f_late;      // cycles in which only a credit was missing, and one was there

wire f_spend = step && last;

always @* begin
    assume (rst_n == f_started);
    assume (op_length <= ACC_DEPTH - 1);
    if (credit) assume (f_there != f_sent); // cacc gives back what has come to it
    f_in_pipe = {9'd0, valid[0] && ctl_1[1]} + {9'd0, valid[1] && ctl_2[1]} + {9'd0, valid[2] && ctl_3[1]}
              + {9'd0, valid[3] && ctl_4[1]} + {9'd0, valid[4] && ctl_5[1]};
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        f_there <= 0;
        f_sent  <= 0;
    end else begin
        f_there <= f_there + f_spend - credit;
        f_sent  <= f_sent + f_spend - (dat_valid && dat_last);
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (f_there <= CREDITS);                                              // 1: never more atoms than cacc has places for
    assert (credits == CREDITS - f_there);                                    // 2: none lost, none made up, never below none
    if (f_spend) assert (credits != 0);                                       // 3: an atom that ends a stripe waits for a place
    if (busy && credits != 0 && (there || !in_lines) && (set_ready || index != 0)) assert (step); // 4: nothing waits that need not
    if (busy && !last && (there || !in_lines) && (set_ready || index != 0)) assert (step);        //    and only the last atoms need one
    assert (f_sent <= f_there && f_sent == f_in_pipe + (dat_valid && dat_last)); // 5: each that was counted reaches the array
    cover (credits == 0 && credit && busy && last);
    cover (f_spend && credit && credits == 1);
end
