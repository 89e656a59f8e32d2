// Addresses of cubes: carries through every byte, steps of every loop, both ends of memory.
`include "cover.svh"

module dla_cube_walk_cover #(parameter ADDR_W = 29) (
    input wire clk, load, step, last0, last1, last2, plane_end,
    input wire [ADDR_W-1:0] addr, addr_next, stride, from
);

genvar b;
generate
    if (ADDR_W == 29) begin : memory
        // Of an address of bytes: atoms are 8 of them.
        for (b = 1; b < 4; b = b + 1) begin : carry_into_byte
            `COVER_ALWAYS(by_a_step_of_one_atom, step && !load && stride == 1 && &addr[8*b-4:0] && addr_next == addr + 1)
            `COVER_ALWAYS(by_a_stride, step && !load && stride != 1 && addr_next[28:8*b-3] != from[28:8*b-3])
        end
        `COVER_ALWAYS(lowest_address, load && addr_next == 0)
        `COVER_ALWAYS(highest_mebibyte, (load || step) && &addr_next[28:17])
        `COVER_ALWAYS(stride_of_at_least_half_of_memory, step && !load && stride[28])
        `COVER_ALWAYS(address_wraps, step && !load && addr_next < from)
        `COVER_ALWAYS(next_position, step && !last0)
        `COVER_ALWAYS(next_row, step && last0 && !last1)
        `COVER_ALWAYS(next_plane, step && plane_end && !last2)
        `COVER_ALWAYS(end_of_the_cube, step && plane_end && last2)
    end
endgenerate

endmodule

bind dla_cube_walk dla_cube_walk_cover #(.ADDR_W(ADDR_W)) u_cover (.*);

