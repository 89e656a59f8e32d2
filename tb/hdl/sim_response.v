// Simulation only: response queue of one direction of the memory (read data or write acknowledges).
//
// A pushed response comes out `latency` cycles later at the earliest (plus up to `jitter`, random), one
// at most every `every` cycles, and with probability `stall`/256 not in a given cycle. Responses of one
// id keep their order. Over all ids they keep it too, unless `reorder` is 1: then a random due id goes
// first. push in cycle t with latency L is valid in cycle t+L; L >= 1.
`default_nettype none

module sim_response #(
    parameter WIDTH      = 64, // bits of payload
    parameter DEPTH_LOG2 = 9,  // log2 of responses per id
    parameter SALT       = 1   // makes the random sequences of two instances differ
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             hold,     // nothing comes out
    output reg  [DEPTH_LOG2:0] count, // responses not out yet
    input  wire [31:0]      latency,
    input  wire [31:0]      jitter,
    input  wire [31:0]      every,
    input  wire [31:0]      stall,
    input  wire             reorder,
    input  wire [31:0]      seed,
    input  wire             push_valid,
    input  wire [3:0]       push_id,
    input  wire [WIDTH-1:0] push_data,
    output wire             full,
    output wire             empty,
    output reg              out_valid,
    input  wire             out_ready,
    output reg  [3:0]       out_id,
    output reg  [WIDTH-1:0] out_data
);

localparam DEPTH = 1 << DEPTH_LOG2;

reg [WIDTH-1:0]      data  [0:16*DEPTH-1];  // one ring for each id
reg [31:0]           due   [0:16*DEPTH-1];
reg [DEPTH_LOG2-1:0] wr    [0:15];
reg [DEPTH_LOG2-1:0] rd    [0:15];
reg [3:0]            order [0:DEPTH-1];     // ids in the order of their requests
reg [DEPTH_LOG2-1:0] order_wr, order_rd;
reg [31:0]           now, last, rnd;

assign full  = count >= DEPTH - 2;
assign empty = (count == 0) && !out_valid;

integer i;
reg found;
reg [3:0] id;

function [31:0] next_random(input [31:0] value);
    reg [31:0] x;
    begin
        x = value ^ (value << 13);
        x = x ^ (x >> 17);
        next_random = x ^ (x << 5);
    end
endfunction

task push;
    begin
        data[{push_id, wr[push_id]}] = push_data;
        due[{push_id, wr[push_id]}] = now + latency + ((jitter == 0) ? 0 : (rnd >> 8) % (jitter + 1));
        wr[push_id] = wr[push_id] + 1'b1;
        order[order_wr] = push_id;
        order_wr = order_wr + 1'b1;
        count = count + 1'b1;
    end
endtask

// Sets `found` and `id`: whose head comes out next.
task pick;
    begin
        found = 0;
        if (!hold && count != 0 && now + 1 - last >= every && !(stall != 0 && {24'd0, rnd[7:0]} < stall)) begin
            if (!reorder) begin
                id = order[order_rd];
                found = due[{id, rd[id]}] <= now + 1;
            end else begin
                for (i = 0; i < 16; i = i + 1) begin
                    if (!found) begin
                        id = rnd[11:8] + i[3:0];
                        found = rd[id] != wr[id] && due[{id, rd[id]}] <= now + 1;
                    end
                end
            end
        end
    end
endtask

always @(posedge clk) begin
    if (!rst_n) begin
        for (i = 0; i < 16; i = i + 1) begin
            wr[i] = 0;
            rd[i] = 0;
        end
        order_wr = 0;
        order_rd = 0;
        count = 0;
        now = 0;
        last = 0;
        rnd = (seed ^ (SALT * 32'h9E3779B9)) | 32'd1;
        out_valid <= 0;
    end else begin
        if (jitter != 0 || stall != 0 || reorder) rnd = next_random(rnd);
        if (push_valid) push;
        if (!out_valid || out_ready) begin
            pick;
            out_valid <= found;
            if (found) begin
                out_id <= id;
                out_data <= data[{id, rd[id]}];
                rd[id] = rd[id] + 1'b1;
                order_rd = order_rd + 1'b1;
                count = count - 1'b1;
                last = now + 1;
            end
        end
        now = now + 1;
    end
end

endmodule

`default_nettype wire
