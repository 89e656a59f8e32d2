// Every bank by every port, pairs of data entries in both orders and across banks, all ports at once.
`include "cover.svh"

module cbuf_cover (
    input wire clk, rst_n, wr_valid, wt_rd_en,
    input wire [13:0] wr_addr, dat_rd_addr0, dat_rd_addr1, wt_rd_addr,
    input wire [1:0] dat_rd_en
);

genvar b;
generate
    for (b = 0; b < 32; b = b + 1) begin : bank
        `COVER(written, wr_valid && wr_addr[13:9] == b)
        `COVER(data_read, dat_rd_en[0] && dat_rd_addr0[13:9] == b)
        `COVER(data_read_as_second, dat_rd_en[1] && dat_rd_addr1[13:9] == b)
        `COVER(weights_read, wt_rd_en && wt_rd_addr[13:9] == b)
    end
endgenerate
`COVER(first_data_port_alone, dat_rd_en == 2'b01)
`COVER(second_data_port_alone, dat_rd_en == 2'b10)
`COVER(pair_from_an_even_entry, &dat_rd_en && !dat_rd_addr0[0])
`COVER(pair_from_an_odd_entry, &dat_rd_en && dat_rd_addr0[0])
`COVER(pair_across_two_banks, &dat_rd_en && dat_rd_addr0[13:9] != dat_rd_addr1[13:9])
`COVER(all_ports_at_once, wr_valid && &dat_rd_en && wt_rd_en)
`COVER(data_read_of_the_entry_that_is_written, wr_valid && dat_rd_en[0] && wr_addr == dat_rd_addr0)
`COVER(weight_read_of_the_entry_that_is_written, wr_valid && wt_rd_en && wr_addr == wt_rd_addr)
`COVER(data_and_weights_of_one_group_of_banks, dat_rd_en[0] && wt_rd_en && dat_rd_addr0[13:11] == wt_rd_addr[13:11])

endmodule

bind cbuf cbuf_cover u_cover (.*);
