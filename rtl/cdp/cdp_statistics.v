// Look-up statistics of CDP: five counters of events in all lanes, per layer, each stops at its largest value.
// Spec: cdp.md section 4.6.
`default_nettype none

module cdp_statistics #(
    parameter LANES = 8 // elements a cycle
) (
    input  wire         clk,
    input  wire         start,   // pulse: clear
    input  wire         valid,
    input  wire [5*LANES-1:0] outcome, // 5 bits a lane, see cdp_lut_lane
    output wire [159:0] counts   // 32 bits a counter, LO hits lowest
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8)
        begin : g_lanes_illegal cdp_statistics_LANES_is_1_2_4_or_8 u_illegal (); end
endgenerate

reg [5*LANES-1:0] events;

always @(posedge clk) events <= outcome & {5*LANES{valid}};

genvar i;
generate
    for (i = 0; i < 5; i = i + 1) begin : g_counter
        reg  [3:0]  number;
        reg  [31:0] count;
        reg  [3:0]  found;
        integer     n;
        wire [32:0] sum = {1'b0, count} + {29'd0, number};

        assign counts[32*i +: 32] = count;

        always @* begin
            found = 4'd0;
            for (n = 0; n < LANES; n = n + 1) found = found + {3'd0, events[5*n+i]};
        end

        always @(posedge clk) begin
            number <= found;
            if (start) count <= 0;
            else       count <= sum[31:0] | {32{sum[32]}};
        end
    end
endgenerate

endmodule

`default_nettype wire
