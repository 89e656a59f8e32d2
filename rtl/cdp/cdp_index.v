// Place of a value in one look-up table: below, above, or index and fraction. Latency 3, one value a cycle.
//
//     q -> [- start] d -> [leading one, shift amount] -> [shift] under, over, index, fraction
//
// Linear: index and 16 fraction bits are d * 2^(16 - index_select). Exponential: d = (1 + fraction) * 2^e, index = e - offset.
// Both are a right shift of d * 2^(8 + 16), by 8 + index_select or by 8 + e. Spec: cdp.md section 4.3.
`default_nettype none

module cdp_index #(
    parameter INDEX_W     = 8, // bits of the index: 8 (LO), 6 (LE)
    parameter EXPONENTIAL = 0  // 1: the table can be exponential
) (
    input  wire                clk,
    // table settings
    input  wire                exponential,
    input  wire signed [5:0]   index_select,
    input  wire [21:0]         beyond,      // bit i: a linear table ends at 2^i from its start, or before
    input  wire signed [7:0]   offset,      // of the exponential index
    input  wire signed [21:0]  start,
    // data
    input  wire signed [21:0]  q,
    output wire                under_next,  // under and over, a cycle earlier
    output wire                over_next,
    output reg                 under,
    output reg                 over,        // not with under
    output reg  [INDEX_W-1:0]  index,
    output reg  [15:0]         fraction
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (INDEX_W < 1 || INDEX_W > 8) begin : g_index_w_illegal cdp_index_INDEX_W_is_1_to_8 u_illegal (); end
    if (EXPONENTIAL < 0 || EXPONENTIAL > 1) begin : g_exponential_illegal cdp_index_EXPONENTIAL_is_0_to_1 u_illegal (); end
endgenerate

// ---------------------------------------------------------------- 1: distance from the start
reg signed [22:0] d;

always @(posedge clk) d <= {q[21], q} - {start[21], start};

// ---------------------------------------------------------------- 2: exponent, shift amount
reg  [4:0]  exponent;
reg  [21:0] d2;
reg         under2;
reg  [5:0]  amount;
reg  [8:0]  place;      // exponential index
reg  [4:0]  leading;    // position of the highest one of d
wire        use_exponent = (EXPONENTIAL != 0) && exponential;
integer     i;

always @* begin
    leading = 5'd0;
    for (i = 0; i < 22; i = i + 1) begin
        if (d[i]) leading = i[4:0];
    end
end

always @(posedge clk) begin
    d2       <= d[21:0];
    exponent <= leading;
    under2   <= d[22] || (d[21:0] == 22'd0);
    amount   <= (use_exponent ? {1'b0, leading} : index_select) + 6'd8;
end

always @* place = {4'd0, exponent} - {offset[7], offset};

// ---------------------------------------------------------------- 3: shift
wire [16+INDEX_W-1:0] scaled;
wire                  too_low  = use_exponent && !offset[7] && place[8];  // distance below 2^offset
wire                  too_high = use_exponent ? !place[8] && (place[7:6] != 0) : |(d2 & beyond);

assign under_next = under2 || too_low;
assign over_next  = !under2 && too_high;

dla_shift_right #(.IN_W(46), .OUT_W(16 + INDEX_W), .AMOUNT_W(6)) u_shift (
    .number ({d2, 24'd0}),
    .amount (amount),
    .result (scaled)
);

always @(posedge clk) begin
    under    <= under_next;
    over     <= over_next;
    index    <= use_exponent ? place[INDEX_W-1:0] : scaled[16+INDEX_W-1:16];
    fraction <= scaled[15:0];
end

endmodule

`default_nettype wire
