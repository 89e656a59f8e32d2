// Replays requests on sim_dram: lines "cycle kind id address" (kind 0 read, 1 write), at the earliest at that cycle.
`timescale 1ns/1ps
module replay;
reg clk = 0, rst_n = 0;
always #5 clk = !clk;
reg read_valid = 0, write_valid = 0;
reg [3:0] id = 0;
reg [31:0] address = 0;
wire on, read_ready, write_ready;
wire [31:0] read_wait;
sim_dram u_dram (.clk(clk), .rst_n(rst_n), .on(on), .read_valid(read_valid), .read_id(id), .read_addr(address),
    .read_ready(read_ready), .read_wait(read_wait), .write_valid(write_valid), .write_addr(address), .write_ready(write_ready));
integer file, got, cycle, kind, which, where, now;
initial begin
    file = $fopen("requests", "r");
    repeat (4) @(negedge clk);
    rst_n = 1;
    now = 0; // of the cycle that ends with the next rising edge
    got = $fscanf(file, "%d %d %d %h", cycle, kind, which, where);
    while (got == 4) begin
        #1;
        if (now >= cycle && (kind == 0 ? read_ready : write_ready)) begin
            id = which[3:0];
            address = where;
            read_valid = kind == 0;
            write_valid = kind == 1;
            @(negedge clk);
            if (kind == 0) $display("R %0d %0d", now, now + 1 + read_wait);
            else $display("W %0d", now);
            read_valid = 0;
            write_valid = 0;
            got = $fscanf(file, "%d %d %d %h", cycle, kind, which, where);
        end else @(negedge clk);
        now = now + 1;
    end
    u_dram.report(32'd1);
    $finish;
end
endmodule
