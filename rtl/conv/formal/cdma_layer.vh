// Rules of cdma_layer, included by the module for its own proof: k-induction (cdma_layer.sby), layers of any settings one after another.
//
// Register file, engines and csc are the environment: settings stand while a layer is open, an engine that was started ends at any
// later time, csc finishes layers at any time, those with other banks than the layer before not before cdma has done them.
reg         f_started = 1'b0;
reg         f_dat_run, f_wt_run;     // the engine was started and has not ended
reg         f_dat_told, f_wt_told;   // its interrupt of this layer was given
reg  signed [11:0] f_ahead;          // layers done less those that csc has finished
reg  [4:0]  f_data_bank, f_weight_bank; // of the layer before
reg         f_any;                   // there was one
reg         f_img, f_skip_data, f_skip_weight;

wire        f_new_data   = !f_any || data_bank != f_data_bank;
wire        f_new_weight = f_new_data || weight_bank != f_weight_bank;
wire        f_keep_data  = data_reuse && f_skip_data && img == f_img && !f_new_data;
wire        f_keep_weight = weight_reuse && f_skip_weight && !f_new_weight;
wire [1:0]  f_group      = consumer ? 2'b10 : 2'b01;
wire        f_dat_wait   = op_en && !f_dat_run && !f_dat_told; // the layer's data have neither begun nor ended
wire        f_wt_wait    = op_en && !f_wt_run && !f_wt_told;

always @* begin
    if (!f_started) assume (!rst_n);
    if (dat_ended) assume (f_dat_run);
    if (wt_ended) assume (f_wt_run);
    if (csc_done) assume (f_ahead > -12'sd511);
    if (!f_any) assume (data_bank != 5'h1f && weight_bank != 5'h1f); // of the 32 banks the other kind has one
    if (op_en && f_new_data) assume (f_ahead >= 12'sd0 && !(csc_done && f_ahead == 12'sd0));
end
always @(posedge clk) if (f_started) begin
    if ($past(rst_n && op_en && !done))
        assume (op_en && $stable({consumer, conv_mode, img, data_reuse, weight_reuse, skip_data_rls, skip_weight_rls, data_bank, weight_bank}));
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) begin
        {f_dat_run, f_wt_run, f_dat_told, f_wt_told, f_any} <= 5'd0;
        f_ahead <= 12'sd0;
    end else begin
        f_dat_run  <= dat_start || f_dat_run && !dat_ended;
        f_wt_run   <= wt_start || f_wt_run && !wt_ended;
        f_dat_told <= !done && (f_dat_told || dat_intr != 2'd0);
        f_wt_told  <= !done && (f_wt_told || wt_intr != 2'd0);
        f_ahead    <= f_ahead + {11'd0, done} - {11'd0, csc_done};
        if (done) begin
            f_any <= 1'b1;
            {f_data_bank, f_weight_bank, f_img, f_skip_data, f_skip_weight} <= {data_bank, weight_bank, img, skip_data_rls, skip_weight_rls};
        end
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (dat_start) assert (f_dat_wait && !conv_mode && !f_keep_data);                       // 1: an engine starts once a layer, in it, and not where what it has is kept
    if (wt_start) assert (f_wt_wait && !f_keep_weight);
    if (dat_intr != 2'd0) assert (dat_intr == f_group && (dat_ended || f_dat_wait && !conv_mode && f_keep_data)); // 2: the interrupt of the layer's group tells the end of an engine, or that nothing is fetched
    if (wt_intr != 2'd0) assert (wt_intr == f_group && (wt_ended || f_wt_wait && f_keep_weight));
    if (dat_ended) assert (dat_intr != 2'd0);                                               // 3: each end is told
    if (wt_ended) assert (wt_intr != 2'd0);
    assert (done == (f_dat_told && f_wt_told));                                             // 4: done once, in the cycle behind the last of both
    if (dat_flush) assert (f_dat_wait && f_new_data && f_ahead == 12'sd0);                  // 5: a ring is flushed only where banks change, when csc has finished all layers
    if (wt_flush) assert (f_wt_wait && f_new_weight && f_ahead == 12'sd0);
    if (dat_start && f_new_data) assert (dat_flush);                                        // 6: and always then, with the start
    if (wt_start && f_new_weight) assert (wt_flush);
    if (f_dat_wait && !conv_mode && (f_new_data ? f_ahead == 12'sd0 : f_ahead < 12'sd255)) assert (dat_start || dat_intr != 2'd0); // 7: nothing else is waited for
    if (f_wt_wait && (f_new_weight ? f_ahead == 12'sd0 : f_ahead < 12'sd255)) assert (wt_start || wt_intr != 2'd0);
    // for the induction
    assert (ahead == f_ahead && f_ahead <= 12'sd255 && f_ahead >= -12'sd511);
    if (f_dat_run || f_dat_told || f_wt_run || f_wt_told) assert (op_en && f_ahead <= 12'sd254);
    assert (dat_busy == f_dat_run && wt_busy == f_wt_run && dat_over == f_dat_told && wt_over == f_wt_told);
    assert (!(f_dat_run && f_dat_told) && !(f_wt_run && f_wt_told));
    if (f_any) assert (last_data_bank == f_data_bank && last_weight_bank == f_weight_bank && last_img == f_img
                       && last_skip_data_rls == f_skip_data && last_skip_weight_rls == f_skip_weight);
    else assert ({last_data_bank, last_weight_bank, last_img, last_skip_data_rls, last_skip_weight_rls} == {10'h3ff, 3'b000} && f_ahead <= 12'sd0);
    cover (done && f_any && f_new_data && f_ahead == 12'sd0);
    cover (dat_intr != 2'd0 && !dat_ended && wt_flush);
    cover (f_ahead == -12'sd1 && dat_start);
end
