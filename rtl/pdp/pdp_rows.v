// Plans the rows of a strip for the vertical stage: which output rows an input row belongs to, which one leaves.
//
// An output row that has begun owns a slot of the line buffer (`slots` = 1, 2, 4 or 8 of them, used in turn)
// until all its columns have left. One row plan is prepared ahead of its use, normally one a cycle:
//   REAL   an input row: `act` are the slots it goes into, `fresh` those it begins; the oldest slot may leave with it
//   FLUSH  no input: the oldest slot leaves alone
//   END    the strip is finished
// Output rows that end in the bottom padding are complete together with the last input row. One leaves with that row, the
// others with the first rows of the next surface, whose own windows are not complete that early: with the
// usual padding (top + bottom < kernel) FLUSH occurs only at the end of a strip.
// An output row without any input row (programmed height too large) leaves with undefined data, so nothing hangs.
// Spec: pdp.md 3, 4, 6.
`default_nettype none

module pdp_rows (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,         // begin a strip; nothing is left of the one before
    // geometry, constant during the layer
    input  wire [12:0] in_height,     // rows - 1
    input  wire [12:0] out_height,    // rows - 1
    input  wire [9:0]  surfaces,      // surfaces - 1
    input  wire [2:0]  kernel,        // rows - 1
    input  wire [3:0]  stride,        // rows - 1
    input  wire [2:0]  pad,           // rows above
    input  wire [1:0]  slots_log2,
    // plan
    output reg         plan_valid,
    input  wire        plan_take,
    output reg  [1:0]  plan_kind,
    output reg  [7:0]  plan_act,
    output reg  [7:0]  plan_fresh,
    output reg         plan_emit,     // the slot below leaves
    output reg  [2:0]  plan_slot,
    output reg  [2:0]  plan_pads,     // rows of its window that are padding
    output reg         plan_surface_end, // it is the last output row of its surface
    output reg         plan_strip_end,   // and of the strip
    output wire        moves             // registers change: clk may stop in the other cycles
);

localparam [1:0] REAL = 2'd0, FLUSH = 2'd1, END = 2'd2;

// Input rows
reg        running;
reg        draining;       // all input rows of the strip are planned
reg        tail;           // input rows of the surface are planned, output rows without input remain
reg [12:0] rows_left;      // input rows of the surface after the next one
reg [9:0]  surfaces_left;
// Output rows to begin
reg        more;           // there are any
reg [12:0] begins_left;    // after the next one
reg  [5:0] pitch;          // rows from window to window: the setting stands for four cycles before `start`
reg signed [5:0] distance; // rows from the next input row to the start of the next window
// Output rows to leave
reg [12:0] leaves_left;
reg [9:0]  leave_surfaces_left;
// Slots
reg [7:0]  busy, complete, fresh;
reg [23:0] age;            // rows of the window above the next input row, 3 bits a slot
reg [23:0] pads;           // rows of the window that are padding, as far as known
reg [2:0]  head, next;     // oldest slot, next slot to use
reg [3:0]  count;          // slots busy

wire [2:0] slot_mask = {slots_log2 == 2'd3, slots_log2[1], slots_log2 != 2'd0};
wire       full      = count[slots_log2];
wire       last_row  = (rows_left == 13'd0);

// Begin an output row: in the plan of its first input row, together with that plan where it is the only one
wire        due       = !draining && more && (tail || distance <= 0);
wire        free      = !plan_valid || plan_take;
wire        go        = running && free; // late in the cycle: all below is worked out as for a plan, and counts with `go`
assign      moves     = start || go;
wire        begins    = due && !full;
wire signed [5:0] distance_after = distance + $signed(pitch);
wire        more_after = (begins_left != 13'd0);
wire        again     = begins && more_after && distance_after <= 0;
wire [7:0]  begun     = begins ? 8'd1 << next : 8'd0;
wire [2:0]  top       = tail ? 3'd0 : -distance[2:0];

wire real_row  = !draining && !tail && !(due && full) && !again;
wire flush_row = draining ? count != 4'd0 : due && full;
wire end_row   = draining && count == 4'd0;
wire planned   = go && (real_row || flush_row || end_row);

// The slots as this input row sees them
reg  [23:0] age_now, pads_now;
reg  [7:0]  closes;        // the window ends with this row
reg  [23:0] pads_after;
integer     i;
always @* begin
    for (i = 0; i < 8; i = i + 1) begin
        age_now[3*i +: 3]    = begun[i] ? top : age[3*i +: 3];
        pads_now[3*i +: 3]   = begun[i] ? top : pads[3*i +: 3];
        closes[i]            = last_row || age_now[3*i +: 3] == kernel;
        pads_after[3*i +: 3] = complete[i] ? pads[3*i +: 3]
                                           : pads_now[3*i +: 3] + kernel - age_now[3*i +: 3];
    end
end

wire [7:0] open_now = (busy & ~complete) | (tail ? 8'd0 : begun);
wire       leaves   = flush_row
                    || real_row && (complete[head] || open_now[head] && closes[head]);
wire [7:0] left     = leaves ? 8'd1 << head : 8'd0;

wire surface_done = real_row && last_row && !(begins ? more_after : more)
                 || tail && !draining && !due;
wire surface_end  = (leaves_left == 13'd0);

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        running    <= 1'b0;
        plan_valid <= 1'b0;
    end else begin
        if (start)              running <= 1'b1;
        else if (go && end_row) running <= 1'b0;
        if (planned)            plan_valid <= 1'b1;
        else if (plan_take)     plan_valid <= 1'b0;
    end
end

always @(posedge clk) begin
    if (planned) begin
        plan_kind        <= real_row ? REAL : flush_row ? FLUSH : END;
        plan_act         <= real_row ? open_now : 8'd0;
        plan_fresh       <= fresh | begun;
        plan_emit        <= leaves;
        plan_slot        <= head;
        plan_pads        <= pads_after[3*head +: 3];
        plan_surface_end <= surface_end;
        plan_strip_end   <= surface_end && leave_surfaces_left == 10'd0;
    end
end

always @(posedge clk) pitch <= {2'd0, stride} + 6'd1;

always @(posedge clk) begin
    if (start || (go && surface_done)) begin
        rows_left   <= in_height;
        more        <= 1'b1;
        begins_left <= out_height;
        distance    <= -{3'd0, pad};
        tail        <= 1'b0;
    end else if (go) begin
        if (real_row) begin
            rows_left <= rows_left - 13'd1;
            if (last_row) tail <= 1'b1;
        end
        if (begins) begin
            begins_left <= begins_left - 13'd1;
            more        <= more_after;
        end
        // Behind the last window the distance stands still: it must not wrap
        if (more) distance <= (begins ? distance_after : distance) - {5'd0, real_row};
    end
    if (start) begin
        surfaces_left <= surfaces;
        draining      <= 1'b0;
    end else if (go && surface_done) begin
        surfaces_left <= surfaces_left - 10'd1;
        if (surfaces_left == 10'd0) draining <= 1'b1;
    end
    if (start) begin
        leaves_left         <= out_height;
        leave_surfaces_left <= surfaces;
    end else if (go && leaves) begin
        leaves_left <= surface_end ? out_height : leaves_left - 13'd1;
        if (surface_end) leave_surfaces_left <= leave_surfaces_left - 10'd1;
    end
end

integer j;
always @(posedge clk) begin
    if (start) begin
        busy     <= 8'd0;
        complete <= 8'd0;
        fresh    <= 8'd0;
        head     <= 3'd0;
        next     <= 3'd0;
        count    <= 4'd0;
    end else if (go) begin
        busy     <= (busy | begun) & ~left;
        complete <= (complete | (tail ? begun : 8'd0) | (real_row ? open_now & closes : 8'd0)) & ~left;
        fresh    <= real_row ? 8'd0 : fresh | begun;
        if (leaves) head <= (head + 3'd1) & slot_mask;
        if (begins) next <= (next + 3'd1) & slot_mask;
        count    <= count + {3'd0, begins} - {3'd0, leaves};
    end
    for (j = 0; j < 8; j = j + 1) if (go) begin
        if (real_row) age[3*j +: 3] <= age_now[3*j +: 3] + 3'd1;
        else          age[3*j +: 3] <= age_now[3*j +: 3];
        if (real_row && closes[j] && open_now[j]) pads[3*j +: 3] <= pads_after[3*j +: 3];
        else                                      pads[3*j +: 3] <= pads_now[3*j +: 3];
    end
end

`ifdef DLA_ASSERT
always @(posedge clk) begin
    if (rst_n && go && pitch != {2'd0, stride} + 6'd1) $error("pdp_rows: the stride changed in a layer");
    if (rst_n && go && real_row && (open_now & ~(busy | begun)) != 0) $error("pdp_rows: row goes into a free slot");
    if (rst_n && go && flush_row && !complete[head]) $error("pdp_rows: an incomplete row leaves");
end
`endif

endmodule

`default_nettype wire
