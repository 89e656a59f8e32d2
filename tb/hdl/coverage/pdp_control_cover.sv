// Walk of PDP: windows, paddings, strips, rows flushed, the output buffer full and empty.
`include "cover.svh"

module pdp_control_cover #(parameter OUT_PLACES = 16) (
    input wire clk, rst_n, layer_start, strip_done, first, shift, flush, event_now, takes_place, credit, room, due, row_emit, reads,
    input wire in_valid, in_ready, walks, real_row, in_done, wanted,
    input wire [7:0] strips_left, split_num, plan_act,
    input wire [4:0] places,
    input wire [2:0] kernel_width, kernel_height, pad_left, pad_top, lag, ev_column_pads, ev_row_pads,
    input wire [3:0] stride_width, stride_height,
    input wire [12:0] in_width, in_height, out_width, out_height, column,
    input wire [9:0] surfaces,
    input wire [1:0] slots_log2,
    input wire plan_take, ev_valid
);

genvar g, h;
generate
    for (g = 0; g < 8; g = g + 1) begin : size
        `COVER(columns_of_the_kernel, layer_start && kernel_width == g)
        `COVER(rows_of_the_kernel, layer_start && kernel_height == g)
        `COVER(padding_left, layer_start && pad_left == g)
        `COVER(padding_top, layer_start && pad_top == g)
        `COVER(columns_of_padding_in_a_window, ev_valid && ev_column_pads == g)
        `COVER(rows_of_padding_in_a_window, ev_valid && ev_row_pads == g)
    end
    for (g = 0; g < 16; g = g + 1) begin : stride
        `COVER(across, layer_start && stride_width == g)
        `COVER(down, layer_start && stride_height == g)
    end
    for (g = 0; g < 4; g = g + 1) begin : rows_open_log2
        `COVER(seen, plan_take && slots_log2 == g)
    end
endgenerate
`COVER_FIELD(input_width, layer_start, in_width, 0, 8191)
`COVER_FIELD(input_height, layer_start, in_height, 0, 8191)
`COVER_FIELD(output_width, layer_start, out_width, 0, 8191)
`COVER_FIELD(output_height, layer_start, out_height, 0, 8191)
`COVER_FIELD(surfaces, layer_start, surfaces, 0, 1023)
`COVER_FIELD(strips, layer_start, split_num, 0, 255)
`COVER(stride_longer_than_the_kernel, layer_start && stride_width > {1'b0, kernel_width})
`COVER(windows_overlap, layer_start && stride_width < {1'b0, kernel_width})
`COVER(first_of_several_strips_ends, strip_done && first && strips_left != 0)
`COVER(middle_strip_ends, strip_done && !first && strips_left != 0)
`COVER(last_of_several_strips_ends, strip_done && !first && strips_left == 0)
`COVER(rows_flushed_below_the_input, flush)
`COVER(output_buffer_full, places == 0)
`COVER(waits_for_a_place, walks && due && row_emit && !room)
`COVER(output_buffer_empty, places == OUT_PLACES)
`COVER(place_taken_and_given_back_in_one_cycle, takes_place && credit)
`COVER(last_place_taken, takes_place && !credit && places == 1)
`COVER(column_without_input, shift && !reads)
`COVER(waits_for_input, in_ready && !in_valid)
`COVER(input_waits, in_valid && !in_ready)

endmodule

bind pdp_control pdp_control_cover #(.OUT_PLACES(OUT_PLACES)) u_cover (.*);
