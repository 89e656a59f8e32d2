// Contract of dla_cube_fetch, for the proofs of what is around it: the same ports and the same cycles, without the data.
//
// Requests are those of dla_cube_fetch.vh, walked by dla_cube_walk; a beat is offered from the third cycle after its answer on, in
// order (rule 6 of dla_ram_fifo). Bytes are only moved, so beats are numbers: byte k of beat n is tag(n, k), what the memory answers.
`default_nettype none

module dla_cube_fetch #(
    parameter DEPTH   = 128,
    parameter SIZE0_W = 13,
    parameter SIZE1_W = 13,
    parameter SIZE2_W = 13,
    parameter CNT_W   = $clog2(DEPTH) + 1
) (
    input  wire               clk,
    input  wire               rst_n,
    input  wire [31:0]        ram_pd,
    input  wire               start,
    input  wire               allow,
    output reg                busy,
    input  wire [31:3]        base,
    input  wire [31:3]        stride0,
    input  wire [31:3]        stride1,
    input  wire [31:3]        stride2,
    input  wire [SIZE0_W-1:0] size0,
    input  wire [SIZE1_W-1:0] size1,
    input  wire [SIZE2_W-1:0] size2,
    output wire               rd_req_valid,
    input  wire               rd_req_ready,
    output wire [31:3]        rd_req_addr,
    input  wire               rd_rsp_valid,
    input  wire [63:0]        rd_rsp_data,
    output wire               out_valid,
    input  wire               out_ready,
    output reg  [63:0]        out_data,
    output reg  [CNT_W-1:0]   used
);

reg [CNT_W-1:0] offered;      // beats that came three cycles ago or earlier and are not taken
reg [1:0]       came;
reg [3:0]       number;       // of the beat offered
wire            last0, last1, last2;
wire            req_fire = rd_req_valid && rd_req_ready;
wire            pop      = out_valid && out_ready;
integer         k;

assign rd_req_valid = busy && allow && !used[CNT_W-1];
assign out_valid    = offered != 0;

dla_cube_walk #(.SIZE0_W(SIZE0_W), .SIZE1_W(SIZE1_W), .SIZE2_W(SIZE2_W)) u_walk (
    .clk (clk), .load (start), .step (req_fire), .base (base), .stride0 (stride0), .stride1 (stride1), .stride2 (stride2),
    .size0 (size0), .size1 (size1), .size2 (size2), .addr (rd_req_addr), .last0 (last0), .last1 (last1), .last2 (last2)
);

always @* for (k = 0; k < 8; k = k + 1) out_data[8*k +: 8] = {k[0] ^ k[1], number, k[2:0]};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        busy    <= 1'b0;
        used    <= 0;
        offered <= 0;
        came    <= 2'd0;
        number  <= 4'd0;
    end else begin
        busy    <= start || busy && !(req_fire && last0 && last1 && last2);
        used    <= used + {{(CNT_W-1){1'b0}}, req_fire} - {{(CNT_W-1){1'b0}}, pop};
        offered <= offered + {{(CNT_W-1){1'b0}}, came[1]} - {{(CNT_W-1){1'b0}}, pop};
        came    <= {came[0], rd_rsp_valid};
        number  <= number + {3'd0, pop};
    end
end

wire unused = |rd_rsp_data;

endmodule

`default_nettype wire
