// Register files: writes that are dropped, words never written, addresses outside, groups.
`include "cover.svh"

module dla_regs_cover #(parameter WORD_W = 6, GROUPED = 1, FIRST_DUAL = 2, ADDR_W = 7) (
    input wire clk, rst_n, reg_valid, reg_write, in_range, read, write, single_write, producer, ram_write,
    input wire [1:0] dual_write,
    input wire [WORD_W-1:0] word,
    input wire [ADDR_W-1:0] ram_addr,
    input wire [(1<<ADDR_W)-1:0] written
);

generate
    if (GROUPED != 0) begin : groups
        `COVER(write_dropped_while_the_group_is_enabled, write && word > FIRST_DUAL && dual_write == 0)
        `COVER(write_of_group_0, dual_write[0])
        `COVER(write_of_group_1, dual_write[1])
        `COVER(read_of_group_0, read && word > FIRST_DUAL && !producer)
        `COVER(read_of_group_1, read && word > FIRST_DUAL && producer)
    end
endgenerate
`COVER(read_before_the_first_write, read && !written[ram_addr])
`COVER(read_after_a_write, read && written[ram_addr])
`COVER(read_outside, reg_valid && !reg_write && !in_range)
`COVER(write_outside, reg_valid && reg_write && !in_range)
`COVER_THEN(read_of_the_word_just_written, ram_write, read && written[ram_addr])
`COVER_THEN(two_accesses_in_a_row, reg_valid, reg_valid)

endmodule

bind dla_regs dla_regs_cover #(.WORD_W(WORD_W), .GROUPED(GROUPED), .FIRST_DUAL(FIRST_DUAL), .ADDR_W(ADDR_W)) u_cover (.*);
