// Starts and ends layers: bank changes, reuse of what is in CBUF, done, interrupts.
//
// The data and the weight engine of a layer go their own way: start (now, or when csc has finished all
// layers fetched before if the engine's ring must be flushed), run or skip, end. The layer is done when
// both have ended. Spec: cdma.md section 7, programming.md section 5.1; contract: docs/architecture.md.
//
// `ahead` counts the layers fetched that csc has not finished: layers that fetch nothing have no other bound. At 255 the next
// one waits. Where csc takes layers that reuse everything before cdma comes to them it is negative; never when banks change.
`default_nettype none

module cdma_layer (
    input  wire       clk,
    input  wire       rst_n,
    // register file
    input  wire       op_en,
    input  wire       consumer,
    output wire       done,
    input  wire       conv_mode,       // 1: not a mode of this build, the data engine never starts
    input  wire       img,
    input  wire       data_reuse,
    input  wire       weight_reuse,
    input  wire       skip_data_rls,
    input  wire       skip_weight_rls,
    input  wire [4:0] data_bank,
    input  wire [4:0] weight_bank,
    // csc
    input  wire       csc_done,
    output wire       dat_flush,
    output wire       wt_flush,
    // engines
    output wire       dat_start,
    input  wire       dat_ended,
    output wire       wt_start,
    input  wire       wt_ended,
    // interrupts, one bit a group
    output wire [1:0] dat_intr,
    output wire [1:0] wt_intr
);

// The layer before.
reg [4:0] last_data_bank;
reg [4:0] last_weight_bank;
reg       last_img;
reg       last_skip_data_rls;
reg       last_skip_weight_rls;
reg signed [9:0] ahead;

wire data_changed   = data_bank != last_data_bank;
wire weight_changed = data_changed || weight_bank != last_weight_bank;
wire skip_data      = data_reuse && last_skip_data_rls && img == last_img && !data_changed;
wire skip_weight    = weight_reuse && last_skip_weight_rls && !weight_changed;
wire csc_idle       = ahead == 10'sd0;
wire full           = ahead == 10'sd255;

reg dat_busy, dat_over; // neither: waiting for the start of the layer
reg wt_busy, wt_over;

wire dat_go = op_en && !full && !dat_busy && !dat_over && !conv_mode && (!data_changed || csc_idle);
wire wt_go  = op_en && !full && !wt_busy && !wt_over && (!weight_changed || csc_idle);

assign dat_flush = dat_go && data_changed;
assign wt_flush  = wt_go && weight_changed;
assign dat_start = dat_go && !skip_data;
assign wt_start  = wt_go && !skip_weight;
assign done      = dat_over && wt_over;

wire dat_end = (dat_go && skip_data) || dat_ended;
wire wt_end  = (wt_go && skip_weight) || wt_ended;
assign dat_intr = {consumer, !consumer} & {2{dat_end}};
assign wt_intr  = {consumer, !consumer} & {2{wt_end}};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        {dat_busy, dat_over, wt_busy, wt_over} <= 4'b0000;
        {last_data_bank, last_weight_bank}     <= 10'h3ff;
        {last_img, last_skip_data_rls, last_skip_weight_rls} <= 3'b000;
        ahead <= 10'sd0;
    end else begin
        dat_busy <= dat_start || (dat_busy && !dat_ended);
        wt_busy  <= wt_start || (wt_busy && !wt_ended);
        dat_over <= dat_end || (dat_over && !done);
        wt_over  <= wt_end || (wt_over && !done);
        ahead    <= ahead + {9'd0, done} - {9'd0, csc_done};
        if (done) begin
            last_data_bank       <= data_bank;
            last_weight_bank     <= weight_bank;
            last_img             <= img;
            last_skip_data_rls   <= skip_data_rls;
            last_skip_weight_rls <= skip_weight_rls;
        end
    end
end

`ifdef DLA_ASSERT
always @(posedge clk or negedge rst_n) begin
    if (rst_n && done && ahead > 10'sd255)        $error("cdma_layer: more layers ahead of csc than are counted");
    if (rst_n && csc_done && ahead == -10'sd512)  $error("cdma_layer: csc is more layers ahead than are counted");
    if (rst_n && dat_go && data_changed && ahead < 10'sd0) $error("cdma_layer: csc took a layer before its banks changed");
end
`endif

`ifdef FORMAL_CDMA_LAYER
`include "cdma_layer.vh"
`endif

endmodule

`default_nettype wire
