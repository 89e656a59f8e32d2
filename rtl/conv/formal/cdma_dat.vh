// Rules of cdma_dat, included by the module for its own proof: bounded (cdma_dat.sby), one layer of one or two short lines.
//
// The ring and the memory are the environment: entries come free at any time and stay so until one is reserved; what was asked
// is answered at any later time, `idle` tells that all is. An end follows in a bounded time: rule 5 sends in every cycle in which
// it may, rule 6 ends in the cycle in which the last answer is dealt with.
reg         f_started = 1'b0, f_open = 1'b0, f_over = 1'b0;
reg [4:0]   f_sent = 5'd0, f_asked = 5'd0, f_answered = 5'd0, f_entries = 5'd0;
reg [3:0]   f_slot = 4'd0, f_slot_sent = 4'd0;  // in the line, of the next request and of the next one sent
reg         f_line = 1'b0;
(* anyseq *) reg f_answer;
wire        f_fire  = rd_req_valid && rd_req_ready;
wire [3:0]  f_last  = {1'b0, skip} + entries[3:0];           // slot of a line
wire [4:0]  f_slots = ({1'b0, f_last} + 5'd1) << height[0];

// Slot n of a line. Two planes: luma, two of chroma, in turns. A plane repeats its first atom `lead` times, then its last one.
wire [3:0]  f_turn  = two_plane ? f_slot / 4'd3 : f_slot;
wire [3:0]  f_kind  = two_plane ? f_slot % 4'd3 : 4'd0;
wire [3:0]  f_count = f_kind == 4'd0 ? f_turn : {f_turn[2:0], 1'b0} + f_kind - 4'd1;
wire [3:0]  f_lead  = f_kind == 4'd0 ? lead_0[3:0] : lead_1[3:0];
wire [3:0]  f_end   = f_kind == 4'd0 ? last_0[3:0] : last_1[3:0];
wire [3:0]  f_moved = f_count < f_lead ? 4'd0 : f_count - f_lead;
wire [3:0]  f_atom  = f_moved < f_end ? f_moved : f_end;
// Features: columns, then surfaces, then the last atom again
wire        f_surf  = last_1[0] && f_slot > last_0[3:0];
wire [3:0]  f_past  = f_surf ? f_slot - last_0[3:0] - 4'd1 : f_slot;
wire [3:0]  f_col   = f_past < last_0[3:0] ? f_past : last_0[3:0];
wire [28:0] f_plane = f_kind == 4'd0 ? base_0 + (f_line ? line_stride : 29'd0) : base_1 + (f_line ? uv_stride : 29'd0);
wire [28:0] f_addr  = img ? f_plane + f_atom : base_0 + (f_line ? line_stride : 29'd0) + (f_surf ? surf_stride : 29'd0) + f_col;

always @* begin
    assume (rst_n == f_started);
    if (start) assume (rst_n && !f_open && !f_over);
    assume (idle == (f_sent == f_answered));
    if (f_answer) assume (f_answered != f_asked);
    assume (ram_ok && height <= 13'd1 && entries <= 14'd3 && skip <= 3'd4 && (img || skip == 3'd0 && !two_plane));
    assume (lead_0 <= 5'd2 && lead_1 <= 5'd2 && last_0 <= 13'd3 && last_1 <= (img ? 13'd3 : 13'd1));
    assume (base_0 == 29'h100 && base_1 == 29'h1000 && line_stride == 29'h10 && uv_stride == 29'h20 && surf_stride == 29'h40);
end
always @(posedge clk) if (f_started) begin
    assume ($stable({img, two_plane, height, entries, skip, lead_0, lead_1, last_0, last_1}));
    if ($past(space && !(send && reserve))) assume (space);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (rst_n) begin
        f_open      <= start || f_open && !ended;
        f_over      <= f_over || ended;
        f_sent      <= f_sent + send;
        f_asked     <= f_asked + f_fire;
        f_answered  <= f_answered + f_answer;
        f_entries   <= f_entries + (send && reserve);
        if (send)   f_slot_sent <= (f_slot_sent == f_last) ? 4'd0 : f_slot_sent + 4'd1;
        if (f_fire) {f_line, f_slot} <= (f_slot == f_last) ? {1'b1, 4'd0} : {f_line, f_slot + 4'd1};
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (rd_req_valid) assert (f_open && f_asked < f_slots && rd_req_addr == f_addr); // 1: asks for each slot once, in order
    if (send) assert (reserve == (f_slot_sent >= {1'b0, skip}) && (space || !reserve)); // 2: with a place for each that fills an entry
    assert (f_sent == f_asked + rd_req_valid);                                 // 3: what is sent is asked for
    if ($past(rst_n && rd_req_valid && !rd_req_ready)) assert (rd_req_valid && $stable(rd_req_addr)); // 4: a request stands until taken
    if (f_open && f_sent < f_slots && space && (!rd_req_valid || rd_req_ready)) assert (send); // 5: sends whenever it may
    assert (ended == (f_open && f_sent == f_slots && f_answered == f_sent));   // 6: ends once, when all is asked for and answered
    if (ended) assert (f_entries == ({1'b0, entries[3:0]} + 5'd1) << height[0]); // 7: all lines are filled, no entry more
    cover (ended && f_entries == 5'd4 && two_plane && skip == 3'd1);
    cover (ended && f_line && !img && last_1[0] && f_entries == 5'd8);
end
