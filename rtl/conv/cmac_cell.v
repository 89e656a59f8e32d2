// One MAC cell: the dot product of eight int8 data and the eight int8 weights of one kernel.
// The shadow weights of lanes 0-3 and of lanes 4-7 are loaded together, or the upper ones alone.
//
//   cycle 0  active weights (loaded from the shadow set with `swap`), data register outside
//   cycle 1  two sums of four products
//   cycle 2  their sum
//
// Registers change only when something is to be computed. csc_cmac_cacc.md section 5.
`default_nettype none

module cmac_cell #(
    parameter DSP = 1 // 1: products by multipliers, 0: by logic (cmac_dot4)
) (
    input  wire        clk,
    // weights
    input  wire        load_low,  // into the shadow set: lanes 0-3
    input  wire        load_high, // lanes 4-7
    input  wire [63:0] wt_data,
    input  wire        swap,      // shadow set becomes active
    input  wire        present,   // with swap: the kernel exists (else it counts as 0)
    // data
    input  wire        dat_valid_1,
    input  wire [63:0] dat_data,
    input  wire        dat_valid_2,
    output reg  [18:0] sum
);

reg [63:0] shadow;
reg [63:0] active;
reg        exists;
reg        exists_2;
reg [17:0] low;
reg [17:0] high;

always @(posedge clk) begin
    if (load_low)  shadow[31:0]  <= wt_data[31:0];
    if (load_high) shadow[63:32] <= wt_data[63:32];
    if (swap) begin
        active <= shadow;
        exists <= present;
    end
end

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (DSP != 0 && DSP != 1) begin : g_dsp_illegal cmac_cell_DSP_is_0_or_1 u_illegal (); end
endgenerate

generate
if (DSP != 0) begin : g_multipliers
    // Sums of 32 bits cost synthesis nothing, it cuts them; simulators need not cut and extend each product again.
    function [31:0] dot4(input [31:0] a, input [31:0] b);
        dot4 = $signed(a[7:0])   * $signed(b[7:0])   + $signed(a[15:8])  * $signed(b[15:8])
             + $signed(a[23:16]) * $signed(b[23:16]) + $signed(a[31:24]) * $signed(b[31:24]);
    endfunction

    wire [31:0] low_next  = dot4(dat_data[31:0], active[31:0]);
    wire [31:0] high_next = dot4(dat_data[63:32], active[63:32]);
    wire        unused    = |{low_next[31:18], high_next[31:18]};

    always @(posedge clk) begin
        if (dat_valid_1) begin
            low      <= low_next[17:0];
            high     <= high_next[17:0];
            exists_2 <= exists;
        end
    end
end else begin : g_logic
    wire [17:0] low_next, high_next;

    cmac_dot4 u_low  (.a (dat_data[31:0]),  .b (active[31:0]),  .q (low_next));
    cmac_dot4 u_high (.a (dat_data[63:32]), .b (active[63:32]), .q (high_next));

    always @(posedge clk) begin
        if (dat_valid_1) begin
            low      <= low_next;
            high     <= high_next;
            exists_2 <= exists;
        end
    end
end
endgenerate

wire [18:0] total = {low[17], low} + {high[17], high};

always @(posedge clk) begin
    if (dat_valid_2) sum <= exists_2 ? total : 19'd0;
end

endmodule

`default_nettype wire
