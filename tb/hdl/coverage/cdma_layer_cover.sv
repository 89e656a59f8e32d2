// Layers of CDMA: what they keep of the one before, and how far CSC is behind.
`include "cover.svh"

module cdma_layer_cover (
    input wire clk, rst_n, op_en, consumer, done, csc_done, dat_go, wt_go, dat_end, wt_end, dat_over, wt_over,
    input wire data_changed, weight_changed, skip_data, skip_weight, data_reuse, weight_reuse, img, last_img, csc_idle,
    input wire last_skip_data_rls, last_skip_weight_rls,
    input wire signed [9:0] ahead
);

`COVER(data_fetched, dat_go && !skip_data)
`COVER(data_kept, dat_go && skip_data)
`COVER(weights_fetched, wt_go && !skip_weight)
`COVER(weights_kept, wt_go && skip_weight)
`COVER(data_and_weights_kept, dat_go && skip_data && wt_go && skip_weight)
`COVER(data_reuse_without_effect_as_banks_change, dat_go && data_reuse && last_skip_data_rls && img == last_img && data_changed)
`COVER(data_reuse_without_effect_as_the_format_changes, dat_go && data_reuse && last_skip_data_rls && img != last_img && !data_changed)
`COVER(data_reuse_without_effect_as_nothing_was_kept, dat_go && data_reuse && !last_skip_data_rls)
`COVER(weight_reuse_without_effect_as_banks_change, wt_go && weight_reuse && last_skip_weight_rls && weight_changed)
`COVER(weight_reuse_without_effect_as_nothing_was_kept, wt_go && weight_reuse && !last_skip_weight_rls)
`COVER(banks_change, dat_go && data_changed)
`COVER(weight_banks_alone_change, wt_go && weight_changed && !data_changed)
`COVER(waits_for_csc_before_banks_change, op_en && !dat_over && data_changed && !csc_idle)
`COVER(data_end_first, dat_over && !wt_over)
`COVER(weights_end_first, wt_over && !dat_over)
`COVER(both_end_in_one_cycle, dat_end && wt_end)
`COVER(ends_in_group_0, done && !consumer)
`COVER(ends_in_group_1, done && consumer)
`COVER(a_layer_ahead_of_csc, ahead == 1)
`COVER(two_layers_ahead_of_csc, ahead == 2)
`COVER(behind_csc, ahead < 0)
`COVER(ends_in_the_cycle_of_csc, done && csc_done)

endmodule

bind cdma_layer cdma_layer_cover u_cover (.*);
