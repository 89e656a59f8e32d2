// Access of software to the two look-up tables: address counter, load, read back.
//
//   write of S_LUT_ACCESS_CFG   counter <= LUT_ADDR
//   write of S_LUT_ACCESS_DATA  table[counter] <= data, counter + 1   (ACCESS_TYPE write)
//   read of S_LUT_ACCESS_DATA   table[counter] one cycle later, counter + 1   (ACCESS_TYPE read)
//
// The counter stops at the last entry (LE 64, LO 256). Table address: LO from 0, LE from 384; entries beyond a table
// are not stored, and read entry 0. After reset the tables are cleared, one entry a cycle (`clearing`).
// Spec: cdp.md section 2.3.
`default_nettype none

module cdp_lut_access (
    input  wire        clk,
    input  wire        rst_n,
    output wire        clearing,
    output wire        accessed,  // by software, or its answer is due
    // register file
    input  wire [31:0] reg_wdata,
    input  wire        write_lut_access_cfg,
    input  wire        write_lut_access_data,
    input  wire        read_lut_access_data,
    input  wire        cfg_table,   // 0 LE, 1 LO
    input  wire        cfg_writing, // ACCESS_TYPE: 0 read, 1 write
    output reg  [9:0]  lut_addr,    // counter, for read-back
    output wire [15:0] lut_data,    // in the cycle after a read strobe, else 0
    // table memory
    output wire        table_wr_en,
    output wire [8:0]  table_wr_addr,
    output wire [15:0] table_wr_data,
    output wire        table_rd_en,
    output wire [8:0]  table_rd_addr,
    input  wire [15:0] table_rd_data // one cycle after table_rd_en
);

localparam [9:0] LE_LAST = 10'd64;
localparam [9:0] LO_LAST = 10'd256;
localparam [8:0] LE_BASE = 9'd384;

wire [9:0] last   = cfg_table ? LO_LAST : LE_LAST;
wire       stored = lut_addr <= last;
wire [8:0] offset = stored ? lut_addr[8:0] : 9'd0;
wire [8:0] entry  = cfg_table ? offset : LE_BASE + offset;

wire load    = write_lut_access_data && cfg_writing;
wire advance = (load || read_lut_access_data && !cfg_writing) && lut_addr != last;

reg [9:0] clear_count; // bit 9: all 512 entries are 0
reg       reading;

assign clearing      = !clear_count[9];
assign accessed      = write_lut_access_cfg || write_lut_access_data || read_lut_access_data || reading;
assign table_wr_en   = clearing || load && stored;
assign table_wr_addr = clearing ? clear_count[8:0] : entry;
assign table_wr_data = clearing ? 16'd0 : reg_wdata[15:0];
assign table_rd_en   = read_lut_access_data;
assign table_rd_addr = entry;
assign lut_data      = reading ? table_rd_data : 16'd0;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        clear_count <= 10'd0;
        lut_addr    <= 10'd0;
        reading     <= 1'b0;
    end else begin
        if (clearing) clear_count <= clear_count + 10'd1;
        if (write_lut_access_cfg) lut_addr <= reg_wdata[9:0];
        else if (advance)         lut_addr <= lut_addr + 10'd1;
        reading <= read_lut_access_data;
    end
end

// The other bits of the word go to the register file.
wire unused = |reg_wdata[31:16];

endmodule

`default_nettype wire
