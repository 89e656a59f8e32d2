// Weight fetch: WEIGHT_BYTES/8 atoms in increasing order, as far ahead as the weight ring has space.
//
// One read a cycle; answers go to consecutive entries of the ring. Spec: cdma.md section 6.
`default_nettype none

module cdma_wt (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        start,        // pulse: fetch the layer
    output wire        ended,        // pulse: all of it is in CBUF
    // layer, constant from start to ended
    input  wire        ram_ok,       // a memory interface is attached
    input  wire [31:3] base,
    input  wire [31:3] atoms,
    // ring
    input  wire        space,
    input  wire        idle,
    output wire        send,
    // mcif
    output wire        rd_req_valid,
    input  wire        rd_req_ready,
    output reg  [31:3] rd_req_addr
);

reg        run;
reg        drain;
reg [31:3] left; // atoms to request
wire       last = left == 29'd1;

assign rd_req_valid = run && ram_ok && space;
assign send         = rd_req_valid && rd_req_ready;
assign ended        = drain && idle;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        run   <= 1'b0;
        drain <= 1'b0;
    end else begin
        run   <= start || (run && !(send && last));
        drain <= (send && last) || (drain && !ended);
    end
end

always @(posedge clk) begin
    if (start) begin
        rd_req_addr <= base;
        left        <= atoms;
    end else if (send) begin
        rd_req_addr <= rd_req_addr + 29'd1;
        left        <= left - 29'd1;
    end
end

`ifdef FORMAL_CDMA_WT
`include "cdma_wt.vh"
`endif

endmodule

`default_nettype wire
