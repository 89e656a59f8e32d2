// Rules of dla_axi_write, included by the module when FORMAL is set: bounded (dla_axi_write.sby), small depths, any window.
//
// One write (f_n, counted over all) and one burst (f_k) are chosen by the solver and followed; so is one id (f_b).
localparam F_W = 5;
(* anyconst *) reg [F_W-1:0] f_n, f_k;
(* anyconst *) reg [1:0]     f_b;
(* anyconst *) reg [31:12]   f_base, f_limit;
reg [F_W-1:0] f_aw, f_w;                 // DBB addresses and data taken
reg [F_W-1:0] f_sent_aw, f_sent_w;       // DBB beats in the bursts and in the data taken by AXI
reg [F_W-1:0] f_bursts_aw, f_bursts_w;   // bursts: addresses, last beats
reg [F_W-1:0] f_done_b;                  // bursts of id f_b whose address and data are out, and not answered: at most that
reg [F_W-1:0] f_words_b, f_given_b;      // DBB beats of id f_b in bursts answered, DBB responses given
reg [31:3]    f_addr;
reg [3:0]     f_id, f_more;
reg [63:0]    f_data;
reg [7:0]     f_strb;
reg           f_half;                    // beats of AXI of the word that is under way, 32 bits
reg           f_started = 1'b0;

wire       f_awt  = awvalid && awready;
wire       f_wt   = wvalid && wready;
wire       f_bt   = bvalid && bready;
wire [3:0] f_beats = (DATA_W == 32) ? awlen[4:1] : awlen[3:0]; // DBB beats of a burst, less one (not for 128 bits)
wire       f_word = f_wt && (DATA_W != 32 || f_half);          // a word of DBB is complete
wire [31:3] f_to  = (f_addr[31:12] >= f_base && f_addr[31:12] <= f_limit) ? f_addr : {f_base, 9'd0};
wire       f_in   = f_addr[31:12] >= f_base && f_addr[31:12] <= f_limit;

always @(posedge clk) f_started <= 1'b1;
always @* begin
    if (!f_started) assume (!rst_n);
    assume (base == f_base && limit == f_limit && f_base <= f_limit);
    // Four pages: comparing and adding are the same at any width, and all others are outside of the window
    assume (f_base[31:14] == 18'd0 && f_limit[31:14] == 18'd0 && dbb_awaddr[31:14] == 18'd0);
    assume (dbb_awid < 4'd4 && dbb_wstrb == 8'hff);
    if (bvalid) assume (bid < 4'd4);
end
always @(posedge clk) if (f_started) begin
    if ($past(rst_n)) assume (rst_n);
    if ($past(dbb_awvalid && !dbb_awready)) assume (dbb_awvalid && $stable({dbb_awid, dbb_awaddr}));
    if ($past(dbb_wvalid && !dbb_wready)) assume (dbb_wvalid && $stable(dbb_wdata));
    if ($past(rst_n && bvalid && !bready)) assume (bvalid && $stable({bid, bresp}));
end

// Responses come for bursts that are out whole: one is followed, the one of id f_b
reg [1:0] f_ids [0:15]; // ids of bursts by number
reg [3:0] f_open;       // bursts of id f_b, address out, in order: whole ones are those whose number is below f_bursts_w
integer   f_i;
reg [F_W-1:0] f_whole;
always @* begin
    f_whole = 0;
    for (f_i = 0; f_i < 16; f_i = f_i + 1)
        if (f_i < f_bursts_aw && f_i < f_bursts_w && f_ids[f_i] == f_b) f_whole = f_whole + 1'b1;
    if (bvalid && bid[1:0] == f_b) assume (f_done_b < f_whole);
end

reg [3:0] f_lens [0:15]; // lengths of bursts of id f_b in the order of their responses
reg [F_W-1:0] f_of_b;
always @(posedge clk) begin
    if (!rst_n) begin
        {f_aw, f_w, f_sent_aw, f_sent_w, f_bursts_aw, f_bursts_w, f_done_b, f_words_b, f_given_b, f_of_b} <= 0;
        f_half <= 1'b0;
    end else begin
        if (dbb_awvalid && dbb_awready) begin
            f_aw <= f_aw + 1'b1;
            if (f_aw == f_n) {f_addr, f_id} <= {dbb_awaddr, dbb_awid};
        end
        if (dbb_wvalid && dbb_wready) begin
            f_w <= f_w + 1'b1;
            if (f_w == f_n) f_data <= dbb_wdata;
        end
        if (f_awt) begin
            f_sent_aw   <= f_sent_aw + f_beats + 1'b1;
            f_bursts_aw <= f_bursts_aw + 1'b1;
            f_ids[f_bursts_aw[3:0]] <= awid[1:0];
            if (f_bursts_aw == f_k) f_more <= awlen[3:0];
            if (awid[1:0] == f_b) begin
                f_lens[f_of_b[3:0]] <= f_beats;
                f_of_b <= f_of_b + 1'b1;
            end
        end
        if (f_wt) f_half <= !f_half;
        if (f_word) f_sent_w <= f_sent_w + 1'b1;
        if (f_wt && wlast) f_bursts_w <= f_bursts_w + 1'b1;
        if (f_bt && bid[1:0] == f_b) begin
            f_done_b  <= f_done_b + 1'b1;
            f_words_b <= f_words_b + f_lens[f_done_b[3:0]] + 1'b1;
        end
        if (dbb_bvalid && dbb_bready && dbb_bid[1:0] == f_b) f_given_b <= f_given_b + 1'b1;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    assert (f_sent_aw <= f_aw && f_sent_w <= f_w);                       // 1: nothing is made
    if (awvalid) assert ({1'b0, awaddr[11:3]} + f_beats <= 10'd511);         // 2: 4 KiB
    if (awvalid) assert (awaddr[31:12] >= f_base && awaddr[31:12] <= f_limit); // 3: window
    if (f_awt && f_sent_aw <= f_n && f_n <= f_sent_aw + f_beats)         // 4: each address in its place, with its id
        assert (awaddr[31:3] + (f_n - f_sent_aw) == f_to && awid == f_id);
    if (f_wt && f_sent_w == f_n && f_aw > f_n) begin                     // 5: each word in its place; strobes
        if (DATA_W == 64) assert (wdata == f_data && wstrb == {8{f_in}});
        if (DATA_W == 32) assert (wdata == (f_half ? f_data[63:32] : f_data[31:0]) && wstrb == {4{f_in}});
    end
    if (f_wt && f_sent_w == f_n) assert (f_w > f_n && f_aw > f_n);       // 6: no data before their address was taken in
    if ($past(rst_n && awvalid && !awready)) assert (awvalid && $stable({awid, awaddr, awlen})); // 7: an offer stands
    if ($past(rst_n && wvalid && !wready)) assert (wvalid && $stable({wdata, wstrb, wlast}));
    assert (f_given_b <= f_words_b + ((bvalid && bid[1:0] == f_b) ? f_lens[f_done_b[3:0]] + 1'b1 : 5'd0)); // 8: no early response
    if (!(bvalid && bid[1:0] == f_b)) assert (f_given_b == f_words_b);   // 9: as many as beats
    assert (f_of_b - f_done_b <= DEPTH + 1);                             // 10: bounded bursts under way
    cover (f_given_b == 5'd3 && f_bursts_aw > 5'd1 && f_n < f_sent_w && !f_in);
    cover (f_awt && awlen != 8'd0 && f_of_b - f_done_b == DEPTH);
end
// 11: a burst has as many data as its address says (followed: burst f_k)
reg [4:0] f_count;
always @(posedge clk) begin
    if (!rst_n) f_count <= 5'd0;
    else if (f_wt) f_count <= wlast ? 5'd0 : f_count + 5'd1;
end
reg [4:0] f_seen;
reg       f_ended;
always @(posedge clk) begin
    if (!rst_n) f_ended <= 1'b0;
    else if (f_wt && wlast && f_bursts_w == f_k) {f_ended, f_seen} <= {1'b1, f_count};
end
always @(posedge clk) if (f_started && rst_n && f_ended && f_bursts_aw > f_k) assert (f_seen == {1'b0, f_more} || DATA_W == 32);
