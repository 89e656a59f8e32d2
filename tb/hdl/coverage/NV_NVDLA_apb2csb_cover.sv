// Every phase of an APB access.
`include "cover.svh"

module NV_NVDLA_apb2csb_cover (
    input wire pclk, prstn, psel, penable, pwrite, access, read, accepted, csb2nvdla_ready, nvdla2csb_valid
);

wire clk = pclk, rst_n = prstn;
`COVER(setup, psel && !penable)
`COVER(write_taken_at_once, access && pwrite && csb2nvdla_ready)
`COVER(write_waits, access && pwrite && !csb2nvdla_ready)
`COVER(read_taken, read && !accepted && csb2nvdla_ready)
`COVER(read_waits_to_be_taken, read && !accepted && !csb2nvdla_ready)
`COVER(read_waits_for_its_data, read && accepted && !nvdla2csb_valid)
`COVER(read_has_its_data, read && nvdla2csb_valid)
`COVER_THEN(access_after_access, access, psel && !penable)

endmodule

bind NV_NVDLA_apb2csb NV_NVDLA_apb2csb_cover u_cover (.*);
