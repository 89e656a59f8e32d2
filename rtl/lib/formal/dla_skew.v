// A code that changes in one bit at a time, on its way to another clock: each bit of the most recent change arrives when it
// likes, at the latest when the next one leaves. Simulation and proof only (DLA_SKEW): a bus that changes in several bits at
// a time, binary instead of Gray, comes out as a value that was never sent.
//
//   src_clk: d, the value older its most recent change, number of changes ---> dst_clk: which bits have arrived ---> q
`default_nettype none

module dla_skew #(
    parameter WIDTH = 4
) (
    input  wire             src_clk,
    input  wire             src_rst_n,
    input  wire [WIDTH-1:0] d,         // a register of src_clk
    input  wire             dst_clk,
    input  wire             dst_rst_n,
    output wire [WIDTH-1:0] q          // to be sampled by dst_clk
);

// Source side

reg  [WIDTH-1:0] last;   // d, one cycle ago
reg  [WIDTH-1:0] older; // d ahead of its most recent change but the one of this cycle
reg  [7:0]       moves;
wire             moved = d != last;
wire [WIDTH-1:0] prior = moved ? last : older;
wire [7:0]       count = moves + {7'd0, moved};

always @(posedge src_clk or negedge src_rst_n) begin
    if (!src_rst_n) begin
        last   <= 0;
        older <= 0;
        moves  <= 8'd0;
    end else begin
        last   <= d;
        older <= prior;
        moves  <= count;
    end
end

// Destination side

`ifdef FORMAL
(* anyseq *) wire [WIDTH-1:0] lucky;
`else
reg [WIDTH-1:0] lucky; // bits that are in time for the next edge
initial lucky = 0;
always @(posedge dst_clk) lucky <= $random;
`endif

reg  [7:0]       seen;
reg  [WIDTH-1:0] landed;
wire [WIDTH-1:0] arrived = lucky | (count == seen ? landed : {WIDTH{1'b0}});

assign q = (d & arrived) | (prior & ~arrived);

always @(posedge dst_clk or negedge dst_rst_n) begin
    if (!dst_rst_n) begin
        seen   <= 8'd0;
        landed <= {WIDTH{1'b1}};
    end else begin
        seen   <= count;
        landed <= arrived;
    end
end

endmodule

`default_nettype wire
