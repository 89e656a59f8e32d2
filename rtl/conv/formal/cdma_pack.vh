// Rules of cdma_pack, included by the module for its own proof: k-induction (cdma_pack.sby), any one lane of the entries of any layer.
//
// Specification: atoms of a plane, their pixels' channels put in order, are a string of bytes; what is built begins `rotate` bytes
// into it (f_view, of the atom before and this one). What the first atom of a layer lacks of the atom before is padding, and free.
(* anyconst *) reg [2:0] f_lane;
reg         f_started = 1'b0;
reg         f_layer;             // a layer has been started
reg  [3:0]  f_slots;             // of the line, no more than 8 counted
reg  [13:0] f_entries;           // of the line
reg  [1:0]  f_kind, f_phase;     // slots, and bytes of all entries of the line before, modulo 3
reg  [63:0] f_before;            // atom before, of chroma with two planes
reg  [63:0] f_luma, f_luma_before;
reg  [1:0]  f_lumas, f_others;   // such atoms of the layer, no more than 2 counted
reg  [63:0] f_y, f_c_0, f_c_1;   // of the eight pixels: luma, chroma of the first and of the last four
reg         f_y_free, f_c_free;  // the first of them lack the atom before

// Lanes of a pixel of four bytes, in each order, lowest lane first
wire [7:0]  f_places = order == 2'd0 ? {2'd3, 2'd2, 2'd1, 2'd0} : order == 2'd1 ? {2'd3, 2'd0, 2'd1, 2'd2}
                     : order == 2'd2 ? {2'd0, 2'd3, 2'd2, 2'd1} : {2'd0, 2'd1, 2'd2, 2'd3};
reg  [63:0] f_atom;
integer     f_i;
always @* for (f_i = 0; f_i < 8; f_i = f_i + 1) f_atom[8*f_i +: 8] = rsp_data[8*{f_i[2], f_places[2*f_i[1:0] +: 2]} +: 8];

function [63:0] f_view(input [63:0] now, input [63:0] before, input [2:0] amount);
    f_view = (amount == 3'd0) ? now : {now, before} >> {amount, 3'd0};
endfunction
function [63:0] f_turn(input [63:0] x, input [2:0] amount); // as the registers hold an atom
    f_turn = {x, x} >> {amount, 3'd0};
endfunction

wire        f_line_end = f_slots >= {1'b0, skip} && f_entries == entries;
wire [63:0] f_seen     = f_view(f_atom, f_before, two_plane ? rotate_1 : rotate_0);

// Byte `place` of the eight pixels of three bytes, and whether it is free
function [8:0] f_byte(input [4:0] place, input [63:0] y, input [63:0] c_0, input [63:0] c_1, input y_free, input c_free);
    reg [2:0] pixel;
    reg [1:0] channel;
    reg [5:0] at;
    begin
        pixel   = place / 5'd3;
        channel = place % 5'd3;
        at      = {pixel[1:0], (channel == 2'd1) == swap_uv, 3'd0};
        f_byte[7:0] = channel == 2'd0 ? y[8*pixel +: 8] : pixel[2] ? c_1[at +: 8] : c_0[at +: 8];
        f_byte[8]   = channel == 2'd0 ? y_free && {1'b0, pixel} + {1'b0, rotate_0} < 4'd8
                    : c_free && !pixel[2] && {pixel, 1'b0} + {1'b0, rotate_1} < 4'd8;
    end
endfunction

wire [63:0] f_y_now  = f_view(f_luma, f_luma_before, rotate_0);
wire        f_y_lack = rotate_0 != 3'd0 && f_lumas != 2'd2;
wire        f_c_lack = rotate_1 != 3'd0 && f_others == 2'd0;
wire [8:0]  f_first  = f_byte({2'd0, f_lane}, f_y_now, f_seen, 64'd0, f_y_lack, f_c_lack);
wire [8:0]  f_second = f_byte({2'd1, f_lane}, f_y_now, f_c_0, f_seen, f_y_lack, f_c_free);
wire [8:0]  f_third  = f_byte({2'd2, f_lane}, f_y, f_c_0, f_c_1, f_y_free, f_c_free);
wire [8:0]  f_wanted = kind == 2'd1 ? f_first : kind == 2'd2 ? f_second : f_third;
wire [7:0]  f_got    = data[8*f_lane +: 8];
wire [16:0] f_place  = {f_entries, f_lane};

always @* begin
    if (!f_started) assume (!rst_n);
    if (rsp_valid) assume (f_layer && !start);
    // cdma_geometry
    assume (two_plane ? img && order == 2'd0 && !rotate_1[0] && (skip == 3'd1 || skip == 3'd4) : skip <= 3'd1);
    if (!img) assume (order == 2'd0 && rotate_0 == 3'd0 && skip == 3'd0);
    // contract of cdma_slots
    assume (kind == (two_plane ? f_kind : 2'd0) && write == (f_slots >= {1'b0, skip}) && last == f_line_end);
end
always @(posedge clk) if (f_started && !start)
    assume ($stable({img, two_plane, order, swap_uv, rotate_0, rotate_1, skip, entries, pad_end, data_end})); // settings: between two layers nothing looks at them

always @(posedge clk) begin
    f_started <= 1'b1;
    if (!rst_n) f_layer <= 1'b0;
    else if (start) f_layer <= 1'b1;
    if (start || rsp_valid && f_line_end) begin
        {f_slots, f_entries, f_kind, f_phase} <= 22'd0;
    end else if (rsp_valid) begin
        f_slots   <= f_slots + (f_slots != 4'd8);
        f_entries <= f_entries + write;
        f_kind    <= (f_kind == 2'd2) ? 2'd0 : f_kind + 2'd1;
        if (write) f_phase <= (f_phase == 2'd0) ? 2'd2 : f_phase - 2'd1; // 8 more, modulo 3
    end
    if (start) {f_lumas, f_others} <= 4'd0;
    else if (rsp_valid && two_plane && f_kind == 2'd0) begin
        {f_luma, f_luma_before} <= {f_atom, f_luma};
        f_lumas <= f_lumas + (f_lumas != 2'd2);
    end else if (rsp_valid) begin
        f_before <= f_atom;
        f_others <= f_others + (f_others != 2'd2);
        if (f_kind == 2'd1) {f_c_0, f_c_free} <= {f_seen, f_c_lack};
        if (f_kind == 2'd2) {f_c_1, f_y, f_y_free} <= {f_seen, f_y_now, f_y_lack};
    end
end

always @(posedge clk) if (f_started && rst_n && rsp_valid) begin
    if (write && !two_plane && (rotate_0 == 3'd0 || f_others != 2'd0 || {1'b0, f_lane} + {1'b0, rotate_0} >= 4'd8))
        assert (f_got == f_seen[8*f_lane +: 8]);                               // 1: one plane, or features: the bytes of the string from where the entry begins
    if (write && two_plane && !f_wanted[8]) assert (f_got == f_wanted[7:0]);   // 2: two planes: luma and its two bytes of chroma, pixel after pixel
    if (write && two_plane) assert (phase == f_phase);                         // 3: the channel of lane 0
    assert (pad[f_lane] == (img && (f_place < pad_end || f_place >= data_end))); // 4: padding is what lies before or behind the pixels
end
always @(posedge clk) if (f_started && rst_n && f_layer && !start) begin
    // for the induction
    assert (f_kind != 2'd3 && f_phase != 2'd3 && f_slots <= 4'd8 && f_entries <= entries && f_lumas != 2'd3 && f_others != 2'd3);
    if (f_slots < {1'b0, skip}) assert (f_entries == 14'd0);
    if (f_entries == 14'd0) assert (f_phase == 2'd0);
    if (two_plane && f_slots != 4'd8) assert (f_kind == f_slots % 4'd3);
    if (two_plane && f_kind == 2'd2 && !f_lane[2] && !f_second[8]) assert (rest[8*f_lane[1:0] +: 8] == f_second[7:0]);
    if (two_plane && f_kind == 2'd0 && f_slots >= 4'd3 && !f_third[8]) assert (rest[8*f_lane +: 8] == f_third[7:0]);
    if (two_plane && f_slots >= {1'b0, skip}) assert (f_phase == (f_kind == 2'd1 ? 2'd0 : f_kind == 2'd2 ? 2'd2 : 2'd1));
    if (two_plane && f_slots > {1'b0, skip}) assert (f_lumas != 2'd0 && f_others != 2'd0);
    if (two_plane && f_kind != 2'd0) assert (f_lumas != 2'd0);
    if (two_plane && f_kind == 2'd2) assert (f_others != 2'd0);
    if (img && f_others != 2'd0) assert (previous == f_turn(f_before, two_plane ? rotate_1 : rotate_0));
    if (two_plane && f_lumas != 2'd0) assert (luma == f_turn(f_luma, rotate_0));
    if (two_plane && f_lumas == 2'd2) assert (luma_before == f_turn(f_luma_before, rotate_0));
    assert (pad_left == (pad_end > {f_entries, 3'd0} ? pad_end - {f_entries, 3'd0} : 17'd0));
    assert (data_left == (data_end > {f_entries, 3'd0} ? data_end - {f_entries, 3'd0} : 17'd0));
    cover (rsp_valid && last && two_plane && skip == 3'd4 && kind == 2'd0);
    cover (rsp_valid && last && img && !two_plane && rotate_0 != 3'd0 && f_entries == 14'd1 && pad == 8'h80);
end
