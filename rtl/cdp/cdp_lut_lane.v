// One lane of the table look-up of CDP: 22 bits to 16. Latency 8, one value a cycle.
//
//     cycle 0: q
//           3: place in both tables (cdp_index), choice
//           3: table address, distance to the end of the table
//           4: entries (cdp_tables)
//           8: value (cdp_value)
//
// Spec: cdp.md sections 4.3 to 4.6.
`default_nettype none

module cdp_lut_lane (
    input  wire               clk,
    input  wire [31:0]        ram_pd,
    // table settings
    input  wire               exponential,
    input  wire signed [7:0]  offset,
    input  wire signed [5:0]  le_select,
    input  wire signed [5:0]  lo_select,
    input  wire signed [21:0] le_start,
    input  wire signed [21:0] lo_start,
    input  wire               under_lo_first,
    input  wire               over_lo_first,
    input  wire               hybrid_lo_first,
    input  wire [21:0]        le_beyond,  // bits of the distance beyond a linear table, see cdp_index
    input  wire [21:0]        lo_beyond,
    // ends of the tables, {LE under, LE over, LO under, LO over}: reference, scale (magnitude, sign), shift
    input  wire [4*39-1:0]    references,
    input  wire [4*16-1:0]    scales,
    input  wire [3:0]         scales_negative,
    input  wire [4*5-1:0]     shifts,
    // table load
    input  wire               table_wr_en,
    input  wire [8:0]         table_wr_addr,
    input  wire [15:0]        table_wr_data,
    // data
    input  wire signed [21:0] q,
    output wire signed [15:0] value,
    output reg  [4:0]         outcome  // {both under, both over, hybrid, LE hit, LO hit}, 4 cycles after q
);

wire        le_under, le_over, lo_under, lo_over; // cycle 3; the _next ones a cycle earlier
wire        le_under_next, le_over_next, lo_under_next, lo_over_next;
wire [5:0]  le_index;
wire [7:0]  lo_index;
wire [15:0] le_fraction, lo_fraction;

cdp_index #(.INDEX_W(6), .EXPONENTIAL(1)) u_le (
    .clk         (clk),
    .exponential (exponential),
    .index_select(le_select),
    .beyond      (le_beyond),
    .offset      (offset),
    .start       (le_start),
    .q           (q),
    .under_next  (le_under_next),
    .over_next   (le_over_next),
    .under       (le_under),
    .over        (le_over),
    .index       (le_index),
    .fraction    (le_fraction)
);

cdp_index #(.INDEX_W(8), .EXPONENTIAL(0)) u_lo (
    .clk         (clk),
    .exponential (1'b0),
    .index_select(lo_select),
    .beyond      (lo_beyond),
    .offset      (8'sd0),
    .start       (lo_start),
    .q           (q),
    .under_next  (lo_under_next),
    .over_next   (lo_over_next),
    .under       (lo_under),
    .over        (lo_over),
    .index       (lo_index),
    .fraction    (lo_fraction)
);

// ---------------------------------------------------------------- choice
// Made in the cycle in which the tables' ends are found: the distance to an end begins with the chosen end.
wire       choose_le, both_under, both_over, hybrid, le_hit, lo_hit;
reg        use_le;
reg  [1:0] table_end; // place in references, from the left
reg  [4:0] outcome3;

cdp_choice u_choice (
    .under_lo_first  (under_lo_first),
    .over_lo_first   (over_lo_first),
    .hybrid_lo_first (hybrid_lo_first),
    .le_under        (le_under_next),
    .le_over         (le_over_next),
    .lo_under        (lo_under_next),
    .lo_over         (lo_over_next),
    .use_le          (choose_le),
    .both_under      (both_under),
    .both_over       (both_over),
    .hybrid          (hybrid),
    .le_hit          (le_hit),
    .lo_hit          (lo_hit)
);

always @(posedge clk) begin
    use_le    <= choose_le;
    table_end <= {!choose_le, choose_le ? le_over_next : lo_over_next};
    outcome3  <= {both_under, both_over, hybrid, le_hit, lo_hit};
end

wire       under    = use_le ? le_under : lo_under;
wire       over     = table_end[0];
wire [8:0] le_entry = {2'b11, le_over, (le_under || le_over) ? 6'd0 : le_index};
wire [8:0] lo_entry = {lo_over, (lo_under || lo_over) ? 8'd0 : lo_index};

// ---------------------------------------------------------------- distance to the end of the table
wire signed [21:0] q3;
wire signed [38:0] reference = references[39*{4'd0, ~table_end} +: 39];
wire signed [39:0] distance  = {{18{q3[21]}}, q3} - {reference[38], reference};

dla_delay #(.WIDTH(22), .CYCLES(3)) u_q (.clk(clk), .d(q), .q(q3));

wire              negative = distance[39];
wire              far      = (distance[38:32] != {7{negative}}); // clamped
reg               hit4, negative4;
reg [1:0]         end4;
reg [31:0]        distance4;
reg [15:0]        fraction4;

always @(posedge clk) begin
    hit4      <= !under && !over;
    end4      <= table_end;
    fraction4 <= use_le ? le_fraction : lo_fraction;
    distance4 <= (distance[31:0] ^ {32{negative}}) | {32{far}};
    negative4 <= negative;
    outcome   <= outcome3;
end

// ---------------------------------------------------------------- entries and value
wire [15:0] base, upper;

cdp_tables u_tables (
    .clk     (clk),
    .ram_pd  (ram_pd),
    .wr_en   (table_wr_en),
    .wr_addr (table_wr_addr),
    .wr_data (table_wr_data),
    .entry   (use_le ? le_entry : lo_entry),
    .value   (base),
    .upper   (upper)
);

cdp_value u_value (
    .clk               (clk),
    .hit               (hit4),
    .base              (base),
    .upper             (upper),
    .fraction          (fraction4),
    .distance          (distance4),
    .distance_negative (negative4),
    .scale             (scales[16*{4'd0, ~end4} +: 16]),
    .scale_negative    (scales_negative[~end4]),
    .shift             (shifts[5*{3'd0, ~end4} +: 5]),
    .value             (value)
);

endmodule

`default_nettype wire
