// Simulation only: no output of NV_nvdla may be X after reset.
//
// One line "F X on <output> (cycle n)" in `log` for each output, at its first X.
// With +idle_payload=0 payloads that are not valid do not count: a foreign DUT may leave them X.
`default_nettype none

module sim_x_check (
    input wire        core_clk,
    input wire        csb_clk,
    input wire        rst_n,
    input wire [31:0] log,        // file descriptor
    input wire [63:0] cycle,
    // dla_csb_clk
    input wire        csb_ready,
    input wire        rsp_valid,
    input wire [31:0] rsp_data,
    input wire        rsp_wr_complete,
    input wire        intr,
    // dla_core_clk
    input wire        aw_valid,
    input wire [7:0]  aw_id,
    input wire [3:0]  aw_len,
    input wire [31:0] aw_addr,
    input wire        w_valid,
    input wire [63:0] w_data,
    input wire [7:0]  w_strb,
    input wire        w_last,
    input wire        b_ready,
    input wire        ar_valid,
    input wire [7:0]  ar_id,
    input wire [3:0]  ar_len,
    input wire [31:0] ar_addr,
    input wire        r_ready
);

localparam OUTPUTS = 12;

reg [OUTPUTS-1:0] told;

task check(input integer index, input bad, input [8*12-1:0] name);
    begin
        if (bad && !told[index]) begin
            $fdisplay(log, "F X on %0s (cycle %0d)", name, cycle);
            told[index] = 1'b1;
        end
    end
endtask

function is_x(input [127:0] value);
    is_x = (^value) === 1'bx;
endfunction

reg idle_payload;

initial begin
    told = 0;
    if (!$value$plusargs("idle_payload=%d", idle_payload)) idle_payload = 1'b1;
end

function bad_payload(input valid, input [127:0] value);
    bad_payload = (idle_payload || valid === 1'b1) && is_x(value);
endfunction

`ifndef VERILATOR // which has two states only
always @(posedge csb_clk) begin
    if (rst_n) begin
        check(0, is_x(csb_ready), "csb ready");
        check(1, is_x(rsp_valid), "csb valid");
        check(2, bad_payload(rsp_valid, {96'd0, rsp_data}), "csb data");
        check(3, is_x(rsp_wr_complete), "wr_complete");
        check(4, is_x(intr), "dla_intr");
    end
end

always @(posedge core_clk) begin
    if (rst_n) begin
        check(5, is_x({aw_valid, w_valid}), "aw, w valid");
        check(6, is_x(ar_valid), "ar valid");
        check(7, is_x(b_ready), "b ready");
        check(8, is_x(r_ready), "r ready");
        check(9, bad_payload(aw_valid, {84'd0, aw_id, aw_len, aw_addr}), "aw payload");
        check(10, bad_payload(w_valid, {55'd0, w_data, w_strb, w_last}), "w payload");
        check(11, bad_payload(ar_valid, {84'd0, ar_id, ar_len, ar_addr}), "ar payload");
    end
end
`endif

endmodule

`default_nettype wire
