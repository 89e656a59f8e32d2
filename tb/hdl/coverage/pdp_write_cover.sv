// Addresses of PDP's output: steps of every loop, carries through every byte.
`include "cover.svh"

module pdp_write_cover (
    input wire clk, rst_n, layer_start, credit, line_end, surface_end, strip_end, first_line, out_valid, hold_last, wr_req_last,
    input wire [31:3] addr, line_stride, surface_stride, next_atom, next_start
);

genvar b;
generate
    for (b = 1; b < 4; b = b + 1) begin : carry_into_byte
        `COVER(by_an_atom, credit && !line_end && &addr[8*b-1:3])
        `COVER(by_a_stride, credit && line_end && !strip_end && next_start[31:8*b] != addr[31:8*b])
    end
endgenerate
`COVER(next_line, credit && line_end && !surface_end)
`COVER(next_surface, credit && surface_end && !strip_end)
`COVER(next_strip, credit && strip_end && !wr_req_last)
`COVER(last_atom_waits, out_valid && wr_req_last && hold_last)

endmodule

bind pdp_write pdp_write_cover u_cover (.*);
