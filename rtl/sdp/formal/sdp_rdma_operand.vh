// Rules of sdp_rdma_operand, included by the module for its own proof: bounded (sdp_rdma_operand.sby). Up to two layers of one, two
// or four beats each, of any format, the second one started as early as it may be: while operands of the first are still waited for.
//
// Inputs flow: the memory takes a request at the latest in the second cycle and answers in the second, sdp takes every
// second cycle at the latest. When they do not, nothing else changes than time. Between the layers sdp takes nothing for three cycles
// (its pipeline empties, which takes longer): a transfer of four beats behind one of a single beat would not be collected yet.
// Bytes are only moved: each tells the number of its beat and its place there (dla_cube_fetch_contract.v).
(* anyconst *) reg [2:0] f_lane;
(* anyconst *) reg [6:0] f_settings_1, f_settings_2; // of the layers
reg        f_started = 1'b0;
reg        f_runs = 1'b0;                // a layer is not done; its settings stand
reg [1:0]  f_layers = 2'd0;              // started
reg        f_req_waited = 1'b0, f_rsp_waited = 1'b0, f_out_waited = 1'b0;
reg [2:0]  f_pos = 3'd0;                 // beats asked for in this layer
reg [3:0]  f_asked = 4'd0, f_answered = 4'd0, f_reserved = 4'd0, f_given = 4'd0; // beats in all
reg [3:0]  f_first = 4'd0, f_all = 4'd0; // beats of the first layer, of those started
reg [2:0]  f_fmt_1 = 3'd0, f_fmt_2 = 3'd0; // their {data_mode, data_size, both}
reg [5:0]  f_cycles = 6'd0;              // since the last start
reg [1:0]  f_rest = 2'd0;                // cycles in which sdp changes layers
reg [7:0]  f_takes = 8'd0;               // reservations of the cycles before

// The place of a beat: its bits count beats of the transfer and columns (f_row of them), then lines, then surfaces.
wire [1:0]  f_beats = {1'b0, both} + {1'b0, data_size};
wire [2:0]  f_row   = {1'b0, f_beats} + {2'd0, width[0]};
wire [2:0]  f_size  = data_mode ? f_row + {2'd0, height[0]} + {2'd0, surfaces[0]} : {1'b0, f_beats} + {2'd0, surfaces[0]};
wire [2:0]  f_above = f_pos >> f_row;
wire        f_line  = height[0] && f_above[0];
wire        f_surf  = height[0] ? f_above[1] : f_above[0];
wire [28:0] f_addr  = !data_mode || !width[0] && !height[0] ? base + f_pos
                    : base + (f_pos - (f_above << f_row)) + (f_line ? line_stride : 29'd0) + (f_surf ? surface_stride : 29'd0);

function [7:0] f_tag(input [3:0] beat, input [4:0] place); // of a byte so many places behind the first of a beat
    f_tag = {place[0] ^ place[1], beat + {2'd0, place[4:3]}, place[2:0]};
endfunction

// The transfer handed over and the one to be reserved
wire [2:0]   f_fmt      = (f_given < f_first) ? f_fmt_1 : f_fmt_2;
wire [3:0]   f_takes_up = 4'd1 << ({1'b0, f_fmt[0]} + {1'b0, f_fmt[1]});
wire [2:0]   f_fmt_next = (f_reserved < f_first) ? f_fmt_1 : f_fmt_2;
wire [3:0]   f_next     = 4'd1 << ({1'b0, f_fmt_next[0]} + {1'b0, f_fmt_next[1]});
wire [4:0]   f_byte     = {2'd0, f_lane} << ({1'b0, f_fmt[0]} + {1'b0, f_fmt[1]}); // first one of the lane
wire [7:0]   f_byte_0   = f_tag(f_given, f_byte), f_byte_1 = f_tag(f_given, f_byte + 5'd1);
wire [7:0]   f_byte_2   = f_tag(f_given, f_byte + 5'd2), f_byte_3 = f_tag(f_given, f_byte + 5'd3);
wire [15:0]  f_alu      = f_fmt[1] ? {f_byte_1, f_byte_0} : {{8{f_byte_0[7]}}, f_byte_0};
wire [15:0]  f_mul      = !f_fmt[0] ? f_alu : f_fmt[1] ? {f_byte_3, f_byte_2} : {{8{f_byte_1[7]}}, f_byte_1};
wire [8:0]   f_took     = {f_takes, take};

always @* begin
    assume (rst_n == f_started);
    assume ({hold, both, data_size, data_mode, width[0], height[0], surfaces[0]}
            == (f_layers == 2'd0 || f_layers == 2'd1 && f_runs ? f_settings_1 : f_settings_2));
    assume (width[12:1] == 0 && height[12:1] == 0 && surfaces[9:1] == 0);
    assume (base == 29'h100 && line_stride == 29'h10 && surface_stride == 29'h40); // which is which: dla_cube_walk is proven for any
    if (start) assume (rst_n && !f_runs && free && f_layers < 2'd2);
    assume (ram_type && f_size <= 3'd2);
    if (f_req_waited) assume (rd_req_ready);
    if (rd_rsp_valid) assume (f_asked != f_answered);
    if (f_rsp_waited) assume (rd_rsp_valid);
    if (f_rest != 2'd0) assume (!opd_ready);
    else if (f_out_waited) assume (opd_ready);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (rst_n) begin
        f_runs       <= start || f_runs && busy;
        f_req_waited <= rd_req_valid && !rd_req_ready;
        f_rsp_waited <= f_asked != f_answered && !rd_rsp_valid;
        f_out_waited <= opd_valid && !opd_ready;
        f_rest       <= (take && f_reserved + f_next == f_first) ? 2'd3 : f_rest - (f_rest != 2'd0);
        f_takes      <= f_took[7:0];
        f_asked      <= f_asked + req_fire;
        f_pos        <= start ? 3'd0 : f_pos + req_fire;
        f_answered   <= f_answered + rd_rsp_valid;
        if (take)           f_reserved <= f_reserved + f_next;
        if (opd_data_valid) f_given <= f_given + f_takes_up;
        f_cycles <= start ? 6'd0 : f_cycles + (f_cycles != 6'd63);
        if (start) begin
            f_layers <= f_layers + 2'd1;
            f_all    <= f_all + (4'd1 << f_size);
            f_fmt_2  <= {data_mode, data_size, both};
            if (f_layers == 2'd0) begin
                f_fmt_1 <= {data_mode, data_size, both};
                f_first <= 4'd1 << f_size;
            end
        end
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (rd_req_valid) assert (f_runs && rd_req_addr == f_addr && f_pos < (3'd1 << f_size)); // 1: asks for each beat of the layer once, in order
    if (opd_data_valid) assert (f_given + f_takes_up <= f_answered);           // 2: hands on whole transfers, of beats that came
    if (opd_data_valid) assert (opd_alu[16*f_lane +: 16] == f_alu && opd_mul[16*f_lane +: 16] == f_mul); // 3: each once, in order, in the format of its layer
    assert (opd_data_valid == f_took[LATENCY]);                                // 4: LATENCY cycles after the reservation
    if (opd_valid) assert (f_reserved + f_next <= f_answered && opd_per_element == f_fmt_next[2]); // 5: offers what is there, as what it is
    if ($past(rst_n && opd_valid && !opd_ready)) assert (opd_valid && $stable(opd_per_element)); // 6: an offer stands
    if (f_runs && !busy && f_cycles != 6'd0) assert (f_pos == (3'd1 << f_size) && (!hold || f_given == f_all)); // 7: done when all is asked for, with hold when all is taken
    if (f_cycles >= 6'd3 + {2'd0, f_size == 3'd2 ? 4'd8 : f_size == 3'd1 ? 4'd4 : 4'd2} && !hold && f_layers != 2'd0) assert (!f_runs); // 8: the layer ends, two cycles a beat and three
    if (f_cycles >= (f_layers == 2'd1 ? 6'd10 : 6'd13) + {1'b0, f_all, 1'b0} && f_layers != 2'd0) assert (f_given == f_all && !f_runs); // 9: every beat is handed on, in two cycles each and ten, three more between layers
    if ($past(rst_n && !moves && !start))
        assert ($stable({fmt, take_each, take_beats, untaken, before_untaken, before_used, level, gap, arrived, index})); // 10: nothing changes while the clock may stop
    cover (f_layers == 2'd2 && f_given == f_all && f_fmt_1[0] != f_fmt_2[0]);
    cover (start && untaken != 0 && index != 2'd0);
end
