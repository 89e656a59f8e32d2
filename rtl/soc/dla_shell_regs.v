// Registers of the AXI shell, in the clock of the memory bus: reset of the accelerator, memory window, bus errors.
//
//   host clock --> dla_async_fifo --> registers --> dla_async_fifo --> host clock      (TWO_CLOCKS = 0: without the FIFOs)
//
//   byte   name          | bits
//   0x00   ID            | 0x434F4441
//   0x04   CONFIG        | 7:0 bits of the data bus, 15:8 beats of a burst, 16: two clocks
//   0x08   CONTROL       | 0: 1 holds the accelerator in reset
//   0x0C   STATUS        | 0: accelerator is out of reset, 1: the memory owes something and the reset waits for it
//   0x10   ERROR         | sticky, a 1 clears: 0 read SLVERR, 1 read DECERR, 2 write SLVERR, 3 write DECERR, 4 read, 5 write outside of the window
//   0x14   MASK          | a 1 keeps that bit of ERROR from `error`
//   0x18   READ_ERRORS   | 15:0 beats with SLVERR or DECERR, up to 65,535; a write clears it
//   0x1C   WRITE_ERRORS  | 15:0 responses with SLVERR or DECERR, the same
//   0x20   REFUSALS      | 15:0 requests outside of the window, the same
//   0x24   REFUSED_ADDR  | the first of them since bits 4 and 5 of ERROR were 0
//   0x28   ERROR_ID      | 3:0 id of the first error since bits 3 to 0 of ERROR were 0
//   0x2C   WINDOW_BASE   | 31:12 first page the accelerator may touch; 11:0 read 0
//   0x30   WINDOW_LIMIT  | 31:12 last page; 11:0 read 0xFFF
// Others read 0. An access is answered once, in order: 1 cycle after it is taken, and the FIFOs.
`default_nettype none

module dla_shell_regs #(
    parameter TWO_CLOCKS         = 1,     // 0: host_clk and clk are one net, and so are the resets
    parameter DATA_W             = 64,    // for CONFIG
    parameter MAX_BEATS          = 16,    // for CONFIG
    parameter [31:0] WINDOW_BASE  = 32'h00000000, // after reset
    parameter [31:0] WINDOW_LIMIT = 32'hffffffff
) (
    input  wire         host_clk,
    input  wire         host_rst_n,
    input  wire         req_valid,
    output wire         req_ready,
    input  wire         req_write,
    input  wire [9:0]   req_addr,
    input  wire [31:0]  req_wdata,
    output wire         rsp_valid,
    output wire [31:0]  rsp_data,
    // clock of the memory bus
    input  wire         clk,
    input  wire         rst_n,
    output reg          hold_reset,
    input  wire         dla_up,    // of this clock
    input  wire         waiting,
    output reg  [31:12] base,
    output reg  [31:12] limit,
    input  wire [5:0]   status,
    output wire [5:0]   clear_status,
    input  wire [15:0]  read_errors,
    input  wire [15:0]  write_errors,
    input  wire [15:0]  refusals,
    output wire [2:0]   clear_counts,
    input  wire [3:0]   error_id,
    input  wire [31:0]  refused_addr,
    output reg          error
);

// An illegal parameter asks for a module that does not exist: its name is the rule.
generate
    if (TWO_CLOCKS != 0 && TWO_CLOCKS != 1) begin : g_two_clocks_illegal dla_shell_regs_TWO_CLOCKS_is_0_or_1 u_illegal (); end
    if (DATA_W != 32 && DATA_W != 64 && DATA_W != 128)
        begin : g_data_w_illegal dla_shell_regs_DATA_W_is_32_64_or_128 u_illegal (); end
    if (MAX_BEATS < 1 || MAX_BEATS > 16) begin : g_max_beats_illegal dla_shell_regs_MAX_BEATS_is_1_to_16 u_illegal (); end
endgenerate

localparam [31:0] WIDTH = DATA_W, BEATS = MAX_BEATS;

wire        valid, write;  // an access, one cycle
wire [9:0]  addr;
wire [31:0] wdata;
reg         answered;
reg  [31:0] rdata;

generate
    if (TWO_CLOCKS != 0) begin : g_cross
        wire unused_ready;
        dla_async_fifo #(.WIDTH(43), .DEPTH(4)) u_request (
            .wr_clk (host_clk), .wr_rst_n (host_rst_n), .in_valid (req_valid), .in_ready (req_ready),
            .in_data ({req_write, req_addr, req_wdata}),
            .rd_clk (clk), .rd_rst_n (rst_n), .out_valid (valid), .out_ready (1'b1), .out_data ({write, addr, wdata})
        );
        dla_async_fifo #(.WIDTH(32), .DEPTH(4)) u_answer (
            .wr_clk (clk), .wr_rst_n (rst_n), .in_valid (answered), .in_ready (unused_ready), .in_data (rdata),
            .rd_clk (host_clk), .rd_rst_n (host_rst_n), .out_valid (rsp_valid), .out_ready (1'b1), .out_data (rsp_data)
        );
    end else begin : g_direct
        assign valid = req_valid;
        assign {write, addr, wdata} = {req_write, req_addr, req_wdata};
        assign req_ready = 1'b1;
        assign rsp_valid = answered;
        assign rsp_data  = rdata;
        wire unused = host_clk || host_rst_n;
    end
endgenerate

// ---------------------------------------------------------------- registers

reg [5:0]   mask;
wire [31:0] strobe = {31'd0, valid && write} << addr[4:0];

assign clear_status = wdata[5:0] & {6{strobe[4] && addr < 10'd13}};
assign clear_counts = {strobe[8], strobe[7], strobe[6]} & {3{addr < 10'd13}};

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        answered   <= 1'b0;
        hold_reset <= 1'b0;
        mask       <= 6'd0;
        base       <= WINDOW_BASE[31:12];
        limit      <= WINDOW_LIMIT[31:12];
        error      <= 1'b0;
    end else begin
        answered <= valid;
        error    <= |(status & ~mask);
        if (valid && write) begin
            case (addr)
                10'd2:   hold_reset <= wdata[0];
                10'd5:   mask       <= wdata[5:0];
                10'd11:  base       <= wdata[31:12];
                10'd12:  limit      <= wdata[31:12];
                default: ;
            endcase
        end
    end
end

always @(posedge clk) if (valid) begin // words of the FIFO are looked at only when their pointer has crossed
    case (addr)
        10'd0:   rdata <= 32'h434f4441;
        10'd1:   rdata <= {15'd0, TWO_CLOCKS != 0, BEATS[7:0], WIDTH[7:0]};
        10'd2:   rdata <= {31'd0, hold_reset};
        10'd3:   rdata <= {30'd0, waiting, dla_up};
        10'd4:   rdata <= {26'd0, status};
        10'd5:   rdata <= {26'd0, mask};
        10'd6:   rdata <= {16'd0, read_errors};
        10'd7:   rdata <= {16'd0, write_errors};
        10'd8:   rdata <= {16'd0, refusals};
        10'd9:   rdata <= refused_addr;
        10'd10:  rdata <= {28'd0, error_id};
        10'd11:  rdata <= {base, 12'd0};
        10'd12:  rdata <= {limit, 12'hfff};
        default: rdata <= 32'd0;
    endcase
end

wire unused_bits = |{wdata[11:6], strobe[31:9], strobe[5], strobe[3:0], WINDOW_BASE[11:0], WINDOW_LIMIT[11:0]};

`ifdef FORMAL_DLA_SHELL_REGS
`include "dla_shell_regs.vh"
`endif

endmodule

`default_nettype wire
