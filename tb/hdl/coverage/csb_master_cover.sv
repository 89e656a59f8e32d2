// Every unit and every kind of access, the FIFO full and empty, answers under way.
`include "cover.svh"

module csb_master_cover #(parameter UNIT_COUNT = 14) (
    input wire clk, rst_n, csb_clk, csb_rst_n,
    input wire csb2nvdla_valid, csb2nvdla_ready, nvdla2csb_valid, nvdla2csb_wr_complete,
    input wire req_valid, req_write, req_nposted, issue, hold, busy, answers, settling,
    input wire [15:0] req_addr,
    input wire [UNIT_COUNT-1:0] reg_valid
);

genvar u;
generate
    for (u = 0; u < UNIT_COUNT; u = u + 1) begin : unit
        `COVER(read, issue && req_addr[15:10] == u && !req_write)
        `COVER(posted_write, issue && req_addr[15:10] == u && req_write && !req_nposted)
        `COVER(non_posted_write, issue && req_addr[15:10] == u && req_write && req_nposted)
    end
    if (1) begin : no_unit
        `COVER(read, issue && req_addr[15:10] >= UNIT_COUNT && !req_write)
        `COVER(write, issue && req_addr[15:10] >= UNIT_COUNT && req_write)
        `COVER(highest_address, issue && req_addr == 16'hffff)
    end
    if (1) begin : pins
        full: cover property (@(posedge csb_clk) disable iff (!csb_rst_n) csb2nvdla_valid && !csb2nvdla_ready);
        read_answered: cover property (@(posedge csb_clk) disable iff (!csb_rst_n) nvdla2csb_valid);
        write_answered: cover property (@(posedge csb_clk) disable iff (!csb_rst_n) nvdla2csb_wr_complete);
        request_with_an_answer: cover property (@(posedge csb_clk) disable iff (!csb_rst_n)
            csb2nvdla_valid && csb2nvdla_ready && (nvdla2csb_valid || nvdla2csb_wr_complete));
    end
endgenerate
`COVER(empty, !req_valid)
`COVER(waits_for_the_answer_before, req_valid && answers && busy)
`COVER(posted_write_behind_an_answer_under_way, issue && !answers && busy)
`COVER_THEN(two_requests_in_a_row, issue, issue)
`COVER(waits_for_a_unit_after_reset, req_valid && hold)
`COVER(request_while_a_layer_ends, issue && settling)

endmodule

bind csb_master csb_master_cover #(.UNIT_COUNT(UNIT_COUNT)) u_cover (.*);
