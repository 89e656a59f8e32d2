// Weight sets of every size, loaded while the one before computes, swapped at every distance.
`include "cover.svh"

module cmac_cover #(parameter HALF = 0, INDEX_W = 4) (
    input wire clk, rst_n, wt_valid, wt_pair, wt_upper, dat_valid, dat_swap, dat_first, dat_last, dat_layer_end, here, new_set,
    input wire [2:0] wt_sel,
    input wire [3:0] present,
    input wire [INDEX_W-1:0] dat_index
);

generate
    if (HALF == 0) begin : kernels_0_to_3
        // Kernel 0 is always present.
        `COVER(some_present, dat_valid && dat_swap && present != 0 && present != 15)
        `COVER(all_present, dat_valid && dat_swap && present == 15)
    end else begin : kernels_4_to_7
        `COVER(none_present, dat_valid && dat_swap && present == 0)
        `COVER(some_present, dat_valid && dat_swap && present != 0 && present != 15)
        `COVER(all_present, dat_valid && dat_swap && present == 15)
    end
    if (1) begin : loaded
        `COVER(one_kernel, wt_valid && here && !wt_pair && !wt_upper)
        `COVER(two_kernels_of_four_lanes, wt_valid && here && wt_pair)
        `COVER(upper_lanes_alone, wt_valid && here && wt_upper && !wt_pair)
        `COVER(while_data_pass, wt_valid && here && dat_valid && !dat_swap)
        `COVER(first_of_a_set_in_the_cycle_of_a_swap, new_set && dat_valid && dat_swap)
        `COVER(in_the_cycle_of_a_swap, wt_valid && here && dat_valid && dat_swap)
    end
endgenerate
`COVER_THEN(swap_after_swap, dat_valid && dat_swap, dat_valid && dat_swap)
`COVER(idle, !dat_valid)
`COVER_THEN(data_in_a_row, dat_valid, dat_valid)
`COVER(operation_is_first_and_last, dat_valid && dat_first && dat_last)
`COVER(layer_ends, dat_valid && dat_layer_end)
`COVER(highest_index, dat_valid && &dat_index)

endmodule

bind cmac cmac_cover #(.HALF(HALF), .INDEX_W(INDEX_W)) u_cover (.*);
