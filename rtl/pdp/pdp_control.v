// Sequencer of the pooling unit: walks strips, rows and columns, and issues one event for each output column of a row.
//
//   layer: IDLE -> 4 cycles of geometry a strip -> RUN -> next strip or FINISH (until `release_layer`)
//
// Time runs in columns. A line takes `period` of them: its input columns, or more where the padding makes
// more windows than columns. The horizontal stage holds the last 8 atoms, so the window that ends `lag` columns behind the
// start of a line is complete `lag` = kernel - 1 - left padding columns after the line's first atom. Everything about
// outputs therefore walks `lag` columns behind the input, across line and surface borders: windows that hang over the right
// border of a line are served while the next line comes in, and padding costs no time.
// Which output rows a line goes into comes from pdp_rows; its FLUSH plans stop the input for one event a cycle.
// Events leave one cycle after the column (`ev_*`, registered), in step with the atoms of pdp_horizontal.
// An event that makes an output takes a place of the output buffer (`credit`) first; the pipeline behind never stalls.
// Columns without an own event cost a cycle only; an event takes PARTS of them. Spec: pdp.md 3, 5, 6.
`default_nettype none

module pdp_control #(
    parameter OUT_PLACES = 16, // places of the output buffer, 2..31
    parameter PARTS      = 1   // cycles the pipeline behind takes for an atom: 1, 2, 4 or 8
) (
    input  wire        clk,
    input  wire        event_clk,     // runs with clk from event_now until the event has left the stage behind
    input  wire        rst_n,
    input  wire        op_en,
    output wire        layer_start,   // one cycle, before the first column
    output wire        finished,      // all input taken, all events issued
    output wire        moves,         // registers change: clk may stop in the other cycles
    output wire        owes,          // outputs are under way
    input  wire        release_layer,
    // geometry, constant during the layer; sizes - 1, paddings as they are
    input  wire [12:0] in_width, in_height, out_width, out_height,
    input  wire [9:0]  surfaces,
    input  wire [7:0]  split_num,
    input  wire [9:0]  in_first, in_mid, in_last, out_first, out_mid, out_last,
    input  wire [2:0]  kernel_width, kernel_height,
    input  wire [3:0]  stride_width, stride_height,
    input  wire [2:0]  pad_left, pad_top,
    // input atoms
    input  wire        in_valid,
    output wire        in_ready,
    output wire        shift,         // a column passes: the window moves on
    // events, one cycle later, for PARTS cycles
    output wire        event_now,
    output reg         ev_valid,
    output reg  [2:0]  ev_part,       // part of the atom, 0 first
    output wire        ev_last,       // the last one
    output reg  [7:0]  ev_mask,       // atoms of the window that count, bit 0 = newest
    output reg  [2:0]  ev_column_pads,// columns of the window that are padding
    output reg  [2:0]  ev_row_pads,
    output reg  [3:0]  ev_addr,       // place in the banks of the line buffer
    output reg  [7:0]  ev_act,        // banks the row goes into,
    output reg  [7:0]  ev_fresh,      // those it begins,
    output reg  [7:0]  ev_emit,       // and the one whose value leaves
    output reg  [2:0]  ev_ends,       // last column of: output row, surface, strip
    output reg         ev_layer_end,
    // output buffer
    input  wire        credit         // a place is free again
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (OUT_PLACES < 2 || OUT_PLACES > 31) begin : g_out_places_illegal pdp_control_OUT_PLACES_is_2_to_31 u_illegal (); end
    if (PARTS != 1 && PARTS != 2 && PARTS != 4 && PARTS != 8)
        begin : g_parts_illegal pdp_control_PARTS_is_1_2_4_or_8 u_illegal (); end
endgenerate

localparam [2:0] IDLE = 3'd0, WIDTHS = 3'd1, SPAN = 3'd2, PERIOD = 3'd3, ENDS = 3'd4, RUN = 3'd5, FINISH = 3'd6;
localparam [1:0] REAL = 2'd0, FLUSH = 2'd1, END = 2'd2;

reg [2:0] state;
reg       first;           // first strip
reg [7:0] strips_left;
wire      split = (split_num != 8'd0);
wire      strip_done;

assign layer_start = (state == IDLE) && op_en;
assign finished    = (state == FINISH);


always @(posedge clk or negedge rst_n) begin
    if (!rst_n) state <= IDLE;
    else case (state)
        IDLE:    if (op_en) state <= WIDTHS;
        RUN:     if (strip_done) state <= (strips_left == 8'd0) ? FINISH : WIDTHS;
        FINISH:  if (release_layer) state <= IDLE;
        default: state <= state + 3'd1;
    endcase
end

// Geometry of a strip, one step a cycle

wire [12:0] strip_width;
wire [9:0]  out_partial = first ? out_first : (strips_left == 8'd0) ? out_last : out_mid;
reg  [12:0] columns;       // input columns - 1
reg  [12:0] out_columns;   // output columns - 1
reg  [2:0]  left;          // padding columns left of the strip
reg  [16:0] span;          // columns between the first and the last output
reg  [16:0] period;        // columns of a line - 1
reg  signed [17:0] edge_first, edge_last; // edge at the first and last column of a line, see below

/* verilator lint_off PINCONNECTEMPTY */ // the overlap moves addresses only
pdp_strip_width u_width (
    .cube_width   (in_width),
    .split        (split),
    .first_width  (in_first),
    .mid_width    (in_mid),
    .last_width   (in_last),
    .kernel_width (kernel_width),
    .stride_width (stride_width),
    .first        (first),
    .last         (strips_left == 8'd0),
    .overlap      (),
    .width        (strip_width)
);
/* verilator lint_on PINCONNECTEMPTY */

// One column wide cubes: the line buffer needs a cycle between two accesses to one place
wire [16:0] shortest = {4'd0, columns} | {16'd0, kernel_height != 3'd0 && columns == 13'd0};

always @(posedge clk) begin
    if (state == IDLE) begin
        first       <= 1'b1;
        strips_left <= split_num;
    end else if (strip_done) begin
        first       <= 1'b0;
        strips_left <= strips_left - 8'd1;
    end
    if (state == WIDTHS) begin
        columns     <= strip_width;
        out_columns <= split ? {3'd0, out_partial} : out_width;
        left        <= first ? pad_left : 3'd0;
    end
    if (state == SPAN) begin
        span       <= {4'd0, out_columns} * ({13'd0, stride_width} + 17'd1);
        edge_first <= $signed({15'd0, kernel_width}) - $signed({15'd0, left}) - $signed({5'd0, columns});
    end
    if (state == PERIOD) period    <= (span > shortest) ? span : shortest;
    if (state == ENDS)   edge_last <= edge_first + $signed({1'b0, period});
end

// Plans of rows, and the one in use

wire        plan_valid, plan_take, plan_emit, plan_surface_end, plan_strip_end;
wire [1:0]  plan_kind;
wire [7:0]  plan_act, plan_fresh;
wire [2:0]  plan_slot, plan_pads;
reg         row_valid, row_emit, row_surface_end, row_strip_end;
reg  [1:0]  row_kind;
reg  [7:0]  row_act, row_fresh;
reg  [2:0]  row_slot, row_pads;
wire        row_end;
wire        rows_move;

// Output rows open at once, rounded up to a power of two: ceil(kernel / stride)
wire [6:0]  stride_now = {3'd0, stride_height} + 7'd1;
wire [6:0]  kernel_now = {4'd0, kernel_height} + 7'd1;
// A register: used from ENDS on, three cycles after the layer's settings are there.
reg  [1:0]  slots_log2;

always @(posedge clk) begin
    if (state == WIDTHS)
        slots_log2 <= (kernel_now <= stride_now)        ? 2'd0
                    : (kernel_now <= (stride_now << 1)) ? 2'd1
                    : (kernel_now <= (stride_now << 2)) ? 2'd2 : 2'd3;
end

pdp_rows u_rows (
    .clk              (clk),
    .rst_n            (rst_n),
    .start            (state == ENDS),
    .in_height        (in_height),
    .out_height       (out_height),
    .surfaces         (surfaces),
    .kernel           (kernel_height),
    .stride           (stride_height),
    .pad              (pad_top),
    .slots_log2       (slots_log2),
    .plan_valid       (plan_valid),
    .plan_take        (plan_take),
    .plan_kind        (plan_kind),
    .plan_act         (plan_act),
    .plan_fresh       (plan_fresh),
    .plan_emit        (plan_emit),
    .plan_slot        (plan_slot),
    .plan_pads        (plan_pads),
    .plan_surface_end (plan_surface_end),
    .plan_strip_end   (plan_strip_end),
    .moves            (rows_move)
);

assign strip_done = (state == RUN) && row_valid && row_kind == END;
// Within a strip nothing moves while input or a place is waited for.
assign moves = (state == IDLE) ? op_en
             : (state != RUN) || shift || event_now || strip_done || plan_take || rows_move || ev_valid || credit;
assign plan_take  = plan_valid && (!row_valid || row_end);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)                     row_valid <= 1'b0;
    else if (plan_take)             row_valid <= 1'b1;
    else if (row_end || strip_done) row_valid <= 1'b0;
end

always @(posedge clk) begin
    if (plan_take) begin
        row_kind        <= plan_kind;
        row_act         <= plan_act;
        row_fresh       <= plan_fresh;
        row_emit        <= plan_emit;
        row_slot        <= plan_slot;
        row_pads        <= plan_pads;
        row_surface_end <= plan_surface_end;
        row_strip_end   <= plan_strip_end;
    end
end

// A column passes, or a flushed one leaves

reg  [2:0]  lag;           // columns until the outputs start behind the input
reg         in_done;       // all input of the strip is taken
reg         wanted;        // this column of the line is an input column
reg  [3:0]  phase;         // columns to the next window
reg         row_full;      // all outputs of the row are issued
reg  [12:0] column;        // output column
reg  [4:0]  places;        // free places of the output buffer

wire real_row  = row_valid && row_kind == REAL;
wire flush_row = row_valid && row_kind == FLUSH;
wire walks     = (state == RUN) && (real_row || lag != 3'd0);
wire due       = (lag == 3'd0) && phase == 4'd0 && !row_full;
assign owes    = (places != OUT_PLACES[4:0]);
wire room      = (places != 5'd0);
wire free      = !ev_valid || ev_last; // no parts of the event before are left
wire ready     = walks && free && (!due || !row_emit || room);
wire reads     = wanted && !in_done;

assign in_ready = ready && reads;
assign shift    = ready && (!reads || in_valid);

wire flush = flush_row && free && room;
assign event_now = shift && due || flush;
wire event_end = (column == out_columns);
wire takes_place = event_now && row_emit;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n)                      places <= OUT_PLACES[4:0];
    else if (takes_place && !credit) places <= places - 5'd1;
    else if (credit && !takes_place) places <= places + 5'd1;
end

// Input side

reg [16:0] in_column;
reg [12:0] lines_left;
reg [9:0]  surfaces_left;

wire in_line_end    = shift && in_column == period;
wire in_surface_end = in_line_end && lines_left == 13'd0;

always @(posedge clk) begin
    if (state == ENDS) begin
        in_column     <= 17'd0;
        lines_left    <= in_height;
        surfaces_left <= surfaces;
        wanted        <= 1'b1;
        in_done       <= 1'b0;
    end else begin
        if (shift) begin
            in_column <= in_line_end ? 17'd0 : in_column + 17'd1;
            wanted    <= in_line_end || wanted && in_column != {4'd0, columns};
        end
        if (in_line_end) lines_left <= in_surface_end ? in_height : lines_left - 13'd1;
        if (in_surface_end) begin
            surfaces_left <= surfaces_left - 10'd1;
            if (surfaces_left == 10'd0) in_done <= 1'b1;
        end
    end
end

// Output side. `edge_now` is the number of columns the current window hangs over the right border, where positive;
// `left_now` those it hangs over the left one.

reg  signed [17:0] edge_now;
reg  [2:0]         left_now;

wire walk_out = shift && lag == 3'd0;
assign row_end = walk_out && edge_now == edge_last || flush && event_end;

always @(posedge clk) begin
    if (state == ENDS)               lag <= kernel_width - left;
    else if (shift && lag != 3'd0) lag <= lag - 3'd1;

    if (state == ENDS || row_end) begin
        edge_now <= edge_first;
        left_now <= left;
        phase    <= 4'd0;
        row_full <= 1'b0;
        column   <= 13'd0;
    end else begin
        if (walk_out) begin
            edge_now <= edge_now + 18'sd1;
            phase    <= (phase == 4'd0) ? stride_width : phase - 4'd1;
            if (left_now != 3'd0) left_now <= left_now - 3'd1;
        end
        if (event_now) begin
            column <= column + 13'd1;
            if (event_end) row_full <= 1'b1;
        end
    end
end

// Event

wire [2:0] over   = (edge_now > 0) ? edge_now[2:0] : 3'd0;
wire [2:0] oldest = kernel_width - left_now;
reg  [7:0] mask, act, fresh, emit;
reg  [2:0] slot;
reg        match;
integer    i;

always @* begin
    for (i = 0; i < 8; i = i + 1) begin
        mask[i] = i[2:0] >= over && i[2:0] <= oldest;
        // Banks of a row: 8 / slots of them, 16 columns each; the row's slot is in the upper bits of the bank number
        case (slots_log2)
            2'd0:    begin slot = 3'd0;            match = column[6:4] == i[2:0]; end
            2'd1:    begin slot = {2'd0, i[2]};    match = column[5:4] == i[1:0]; end
            2'd2:    begin slot = {1'd0, i[2:1]};  match = column[4]   == i[0];   end
            default: begin slot = i[2:0];          match = 1'b1;                  end
        endcase
        act[i]   = match && row_act[slot];
        fresh[i] = row_fresh[slot];
        emit[i]  = match && row_emit && row_slot == slot;
    end
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) ev_valid <= 1'b0;
    else        ev_valid <= event_now || !free;
end

assign ev_last = (PARTS == 1) || ev_part == PARTS[2:0] - 3'd1;

always @(posedge event_clk) ev_part <= event_now ? 3'd0 : ev_part + 3'd1;

always @(posedge event_clk) if (event_now) begin
    ev_mask        <= mask;
    ev_column_pads <= left_now + over;
    ev_row_pads    <= row_pads;
    ev_addr        <= column[3:0];
    ev_act         <= act;
    ev_fresh       <= fresh;
    ev_emit        <= emit;
    ev_ends        <= {3{event_end}} & {row_strip_end, row_surface_end, 1'b1};
    ev_layer_end   <= event_end && row_strip_end && strips_left == 8'd0;
end

`ifdef DLA_ASSERT
always @(posedge clk) begin
    if (rst_n && places > OUT_PLACES[4:0]) $error("pdp_control: more places free than there are");
    if (rst_n && flush_row && lag != 3'd0) $error("pdp_control: flush before the first line");
end
`endif

endmodule

`default_nettype wire
