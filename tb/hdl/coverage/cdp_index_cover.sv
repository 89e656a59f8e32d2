// Indices of the tables: distances at their limits, exponents, selects of both signs.
`include "cover.svh"

module cdp_index_cover #(parameter INDEX_W = 8) (
    input wire clk, under2, too_low, too_high, use_exponent, under, over,
    input wire [4:0] exponent,
    input wire [8:0] place,
    input wire signed [22:0] d,
    input wire signed [5:0] index_select,
    input wire signed [7:0] offset,
    input wire [INDEX_W-1:0] index
);

genvar g;
generate
    if (INDEX_W == 6) begin : le
        for (g = 0; g < 22; g = g + 1) begin : exponent_is
            `COVER_ALWAYS(seen, use_exponent && exponent == g)
        end
        `COVER_ALWAYS(exponential_below_the_offset, too_low)
        `COVER_ALWAYS(exponential_beyond_the_table, use_exponent && too_high)
        `COVER_ALWAYS(linear_beyond_the_table, !use_exponent && too_high)
        `COVER_ALWAYS(negative_offset, use_exponent && offset < 0)
        `COVER_ALWAYS(first_entry, !under && !over && index == 0)
        `COVER_ALWAYS(last_entry, !under && !over && &index)
    end else begin : lo
        `COVER_ALWAYS(beyond_the_table, too_high)
        `COVER_ALWAYS(first_entry, !under && !over && index == 0)
        `COVER_ALWAYS(last_entry, !under && !over && &index)
    end
endgenerate
`COVER_ALWAYS(exactly_at_the_start, d == 0)
`COVER_ALWAYS(a_step_above_the_start, d == 1)
`COVER_ALWAYS(a_step_below_the_start, d == -1)
`COVER_ALWAYS(select_negative, index_select < 0)
`COVER_ALWAYS(select_0, index_select == 0)
`COVER_ALWAYS(select_positive, index_select > 0)

endmodule

bind cdp_index cdp_index_cover #(.INDEX_W(INDEX_W)) u_cover (.*);
