// Layers of SDP: sources and destinations, stages with operands of registers and of memory, sizes at their limits.
`include "cover.svh"

module sdp_cover (
    input wire clk, rst_n, start, flying, to_pdp, bs_bypass, bs_alu_bypass, bs_mul_bypass, bs_alu_src, bs_mul_src, bs_prelu,
    input wire bs_relu_bypass, bn_bypass, bn_alu_bypass, bn_mul_bypass, bn_alu_src, bn_mul_src, bn_prelu, bn_relu_bypass,
    input wire perf_dma_en, perf_sat_en, consumer, done, op_en,
    input wire cacc2sdp_valid, cacc2sdp_ready, mrd_valid, mrd_ready, brd_valid, brd_ready, nrd_valid, nrd_ready,
    input wire sdp2pdp_valid, sdp2pdp_ready, wr_req_valid, wr_req_ready, wr_done,
    input wire [1:0] sdp_intr,
    input wire [12:0] width, height, channel
);

`COVER_STREAM(cacc2sdp, cacc2sdp_valid, cacc2sdp_ready)
`COVER_STREAM(input_of_memory, mrd_valid, mrd_ready)
`COVER_OFFERS(operands_of_bs, brd_valid, brd_ready)
`COVER_OFFERS(operands_of_bn, nrd_valid, nrd_ready)
`COVER_STREAM(sdp2pdp, sdp2pdp_valid, sdp2pdp_ready)
`COVER_STREAM(write, wr_req_valid, wr_req_ready)
`COVER_FIELD(width, start, width, 0, 8191)
`COVER_FIELD(height, start, height, 0, 8191)
`COVER_FIELD(surfaces, start, channel[12:3], 0, 1023)
genvar f, t;
generate
    for (f = 0; f < 2; f = f + 1) begin : flying_is
        for (t = 0; t < 2; t = t + 1) begin : to_pdp_is
            `COVER(layer, start && flying == f && to_pdp == t)
            `COVER(one_atom, start && flying == f && to_pdp == t && width == 0 && height == 0 && channel[12:3] == 0)
            `COVER(both_stages_with_operands_of_memory, start && flying == f && to_pdp == t
                && !bs_bypass && !bn_bypass && (!bs_alu_bypass && bs_alu_src || !bs_mul_bypass && bs_mul_src)
                && (!bn_alu_bypass && bn_alu_src || !bn_mul_bypass && bn_mul_src))
        end
    end
    if (1) begin : bs
        `COVER(bypassed, start && bs_bypass)
        `COVER(alu_of_a_register, start && !bs_bypass && !bs_alu_bypass && !bs_alu_src)
        `COVER(alu_of_memory, start && !bs_bypass && !bs_alu_bypass && bs_alu_src)
        `COVER(mul_of_a_register, start && !bs_bypass && !bs_mul_bypass && !bs_mul_src)
        `COVER(mul_of_memory, start && !bs_bypass && !bs_mul_bypass && bs_mul_src)
        `COVER(alu_and_mul_of_memory, start && !bs_bypass && !bs_alu_bypass && bs_alu_src && !bs_mul_bypass && bs_mul_src)
        `COVER(prelu, start && !bs_bypass && !bs_mul_bypass && bs_prelu)
        `COVER(relu, start && !bs_bypass && !bs_relu_bypass)
    end
    if (1) begin : bn
        `COVER(bypassed, start && bn_bypass)
        `COVER(alu_of_a_register, start && !bn_bypass && !bn_alu_bypass && !bn_alu_src)
        `COVER(alu_of_memory, start && !bn_bypass && !bn_alu_bypass && bn_alu_src)
        `COVER(mul_of_a_register, start && !bn_bypass && !bn_mul_bypass && !bn_mul_src)
        `COVER(mul_of_memory, start && !bn_bypass && !bn_mul_bypass && bn_mul_src)
        `COVER(alu_and_mul_of_memory, start && !bn_bypass && !bn_alu_bypass && bn_alu_src && !bn_mul_bypass && bn_mul_src)
        `COVER(prelu, start && !bn_bypass && !bn_mul_bypass && bn_prelu)
        `COVER(relu, start && !bn_bypass && !bn_relu_bypass)
    end
endgenerate
`COVER_FLAG(stalls_counted, start, perf_dma_en)
`COVER_FLAG(saturation_counted, start, perf_sat_en)
`COVER(done_in_group_0, done && !consumer)
`COVER(done_in_group_1, done && consumer)
`COVER(interrupt_of_a_layer_while_the_next_runs, |sdp_intr && op_en && !done)
`COVER(acknowledge_in_the_cycle_of_a_write, wr_done && wr_req_valid && wr_req_ready)

endmodule

bind sdp sdp_cover u_cover (.*);
