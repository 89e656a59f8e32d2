// Rules of dla_axi_read, included by the module when FORMAL is set: bounded (dla_axi_read.sby), any window, any order between ids.
//
// The memory gives every word its own address as data, so an answer tells which request it is for. One id (f_id), and one
// of its reads (f_n), are chosen by the solver and followed.
localparam F_W = 5;
(* anyconst *) reg [3:0]     f_id;
(* anyconst *) reg [F_W-1:0] f_n;
(* anyconst *) reg [31:12]   f_base, f_limit;
reg [F_W-1:0] f_asked, f_answered;    // DBB reads and answers of id f_id
reg [F_W-1:0] f_bursts, f_done;       // AXI bursts of id f_id, those answered whole
reg [31:3]    f_addr;
reg [31:3]    f_starts [0:15];        // of the bursts of id f_id
reg [7:0]     f_lens [0:15];
reg [7:0]     f_beat;                 // of the burst that is answered
reg           f_started = 1'b0;

wire f_art = arvalid && arready && arid == f_id;
wire f_rt  = rvalid && rready && rid == f_id;
wire f_in  = f_addr[31:12] >= f_base && f_addr[31:12] <= f_limit;
wire [31:3] f_to = f_in ? f_addr : {f_base, 9'd0};
wire [31:3] f_row = f_starts[f_done[3:0]] + ((DATA_W == 32) ? {21'd0, f_beat[7:1]} : {20'd0, f_beat});
wire [31:4] f_pair = f_starts[f_done[3:0]][31:4] + {20'd0, f_beat};

always @(posedge clk) f_started <= 1'b1;
always @* begin
    if (!f_started) assume (!rst_n);
    assume (base == f_base && limit == f_limit && f_base <= f_limit);
    // Four pages: comparing and adding are the same at any width, and all others are outside of the window
    assume (f_base[31:14] == 18'd0 && f_limit[31:14] == 18'd0 && dbb_araddr[31:14] == 18'd0);
    if (rvalid && rid == f_id) begin
        assume (f_done < f_bursts);
        assume (rlast == (f_beat == f_lens[f_done[3:0]]));
        if (DATA_W == 64)       assume (rdata == {35'd0, f_row});
        else if (DATA_W == 32)  assume (rdata == (f_beat[0] ? 32'd0 : {3'd0, f_row}));
        else                    assume (rdata == {35'd0, f_pair, 1'b1, 35'd0, f_pair, 1'b0});
    end
end
always @(posedge clk) if (f_started) begin
    if ($past(rst_n)) assume (rst_n);
    if ($past(dbb_arvalid && !dbb_arready)) assume (dbb_arvalid && $stable({dbb_arid, dbb_araddr}));
    if ($past(rst_n && rvalid && !rready)) assume (rvalid && $stable({rid, rdata, rresp, rlast}));
end

always @(posedge clk) begin
    if (!rst_n) begin
        {f_asked, f_answered, f_bursts, f_done} <= 0;
        f_beat <= 8'd0;
    end else begin
        if (dbb_arvalid && dbb_arready && dbb_arid == f_id) begin
            f_asked <= f_asked + 1'b1;
            if (f_asked == f_n) f_addr <= dbb_araddr;
        end
        if (f_art) begin
            f_starts[f_bursts[3:0]] <= araddr[31:3];
            f_lens[f_bursts[3:0]]   <= arlen;
            f_bursts <= f_bursts + 1'b1;
        end
        if (f_rt) begin
            f_beat <= rlast ? 8'd0 : f_beat + 8'd1;
            if (rlast) f_done <= f_done + 1'b1;
        end
        if (dbb_rvalid && dbb_rready && dbb_rid == f_id) f_answered <= f_answered + 1'b1;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (dbb_rvalid && dbb_rid == f_id) begin
        assert (f_answered < f_asked);                                       // 1: no answer to nothing
        if (f_answered == f_n) assert (dbb_rdata == {35'd0, f_to});          // 2: each its own data, in the order of its id
    end
    if (arvalid) begin
        assert (araddr[31:12] >= f_base && araddr[31:12] <= f_limit);        // 3: window
        if (DATA_W == 64) assert ({1'b0, araddr[11:3]} + arlen <= 10'd511);          // 4: 4 KiB
        if (DATA_W == 32) assert ({1'b0, araddr[11:2]} + arlen <= 11'd1023);
        if (DATA_W == 128) assert ({1'b0, araddr[11:4]} + arlen <= 9'd255);
    end
    if ($past(rst_n && arvalid && !arready)) assert (arvalid && $stable({arid, araddr, arlen})); // 5: an offer stands
    if ($past(rst_n && dbb_rvalid && !dbb_rready && dbb_rid == f_id)) assert (dbb_rvalid && $stable({dbb_rid, dbb_rdata}));
    cover (f_answered == 5'd3 && f_done == 5'd2 && f_n < 5'd3 && !f_in);
    cover (f_answered == 5'd2 && f_done == 5'd1);
end
