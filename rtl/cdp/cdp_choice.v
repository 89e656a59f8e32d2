// Which table a value of CDP takes, and how the two look-ups ended. Combinational. Spec: cdp.md sections 4.4, 4.6.
`default_nettype none

module cdp_choice (
    input  wire under_lo_first,  // priorities: 0 LE, 1 LO
    input  wire over_lo_first,
    input  wire hybrid_lo_first,
    input  wire le_under,
    input  wire le_over,
    input  wire lo_under,
    input  wire lo_over,
    output wire use_le,
    output wire both_under,
    output wire both_over,
    output wire hybrid,          // both hit, or one is below and the other above
    output wire le_hit,          // only LE hits
    output wire lo_hit
);

wire le_miss = le_under || le_over;
wire lo_miss = lo_under || lo_over;

assign both_under = le_under && lo_under;
assign both_over  = le_over && lo_over;
assign hybrid     = (le_miss == lo_miss) && !both_under && !both_over;
assign le_hit     = !le_miss && lo_miss;
assign lo_hit     = le_miss && !lo_miss;
assign use_le     = both_under ? !under_lo_first
                  : both_over  ? !over_lo_first
                  : hybrid     ? !hybrid_lo_first
                  : le_hit;

endmodule

`default_nettype wire
