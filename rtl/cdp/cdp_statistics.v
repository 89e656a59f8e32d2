// Look-up statistics of CDP: five counters of events in 8 lanes, per layer, each stops at its largest value.
// Spec: cdp.md section 4.6.
`default_nettype none

module cdp_statistics (
    input  wire         clk,
    input  wire         start,   // pulse: clear
    input  wire         valid,
    input  wire [39:0]  outcome, // 5 bits a lane, see cdp_lut_lane
    output wire [159:0] counts   // 32 bits a counter, LO hits lowest
);

reg [39:0] events;

always @(posedge clk) events <= outcome & {40{valid}};

genvar i;
generate
    for (i = 0; i < 5; i = i + 1) begin : g_counter
        reg  [3:0]  number;
        reg  [31:0] count;
        wire [32:0] sum = {1'b0, count} + {29'd0, number};

        assign counts[32*i +: 32] = count;

        always @(posedge clk) begin
            number <= {3'd0, events[i]} + {3'd0, events[i+5]} + {3'd0, events[i+10]} + {3'd0, events[i+15]}
                    + {3'd0, events[i+20]} + {3'd0, events[i+25]} + {3'd0, events[i+30]} + {3'd0, events[i+35]};
            if (start) count <= 0;
            else       count <= sum[31:0] | {32{sum[32]}};
        end
    end
endgenerate

endmodule

`default_nettype wire
