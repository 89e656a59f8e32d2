// Interrupts: every source set, cleared and masked, sets and clears of one cycle, two at once.
`include "cover.svh"

module glb_cover (
    input wire        clk, rst_n,
    input wire        reg_valid, reg_write,
    input wire [9:0]  reg_addr,
    input wire [15:0] mask, status, pulse, wbits, set, clear, PRESENT,
    input wire        any
);

wire forced = reg_valid && reg_write && reg_addr == 10'd2;

genvar g, h;
generate
    for (g = 0; g < 16; g = g + 1) begin : source
        if (g < 6 || g > 9) begin : present
            `COVER(done_pulse, pulse[g])
            `COVER(set_by_software, forced && wbits[g])
            `COVER(cleared, clear[g] && status[g] && !set[g])
            `COVER(clear_and_pulse_in_one_cycle, clear[g] && pulse[g])
            `COVER(pulse_while_pending, status[g] && pulse[g] && !clear[g])
            `COVER(pending_and_masked, status[g] && mask[g])
            `COVER(alone_raises_the_pin, status == (16'd1 << g) && !mask[g])
            for (h = g + 1; h < 16; h = h + 1) begin : with_source
                if ((h < 6 || h > 9) && h != (g ^ 1)) begin : present
                    `COVER(two_pulses_in_one_cycle, pulse[g] && pulse[h])
                end
            end
        end else begin : absent
            `COVER(set_by_software_has_no_effect, forced && wbits[g])
        end
    end
endgenerate
`COVER(all_pending, status == PRESENT)
`COVER(all_pending_and_masked, status == PRESENT && &mask)
`COVER(clear_without_an_effect, |clear && (clear & status) == 0)
`COVER(mask_hides_the_last_source, any && |status && (status & ~mask) == 0)
`COVER(version_read, reg_valid && !reg_write && reg_addr == 10'd0)
`COVER(hole_read, reg_valid && !reg_write && reg_addr > 10'd3)

endmodule

bind glb glb_cover u_cover (.*);
