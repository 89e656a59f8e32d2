// Both tables: hit, below and above in every combination, under every priority.
`include "cover.svh"

module cdp_choice_cover (
    input wire under_lo_first, over_lo_first, hybrid_lo_first, le_under, le_over, lo_under, lo_over, input wire clk
);

wire [1:0] le = le_under ? 2'd1 : le_over ? 2'd2 : 2'd0;
wire [1:0] lo = lo_under ? 2'd1 : lo_over ? 2'd2 : 2'd0;
genvar a, b, p;
generate
    for (a = 0; a < 3; a = a + 1) begin : le_is
        for (b = 0; b < 3; b = b + 1) begin : lo_is
            for (p = 0; p < 2; p = p + 1) begin : lo_first
                `COVER_ALWAYS(chosen, le == a && lo == b
                    && (a == 1 && b == 1 ? under_lo_first : a == 2 && b == 2 ? over_lo_first : hybrid_lo_first) == p)
            end
        end
    end
endgenerate

endmodule

bind cdp_lut_lane cdp_choice_cover u_cover (.*);
