// Rules of dla_regfile_1r1w, included by the module when FORMAL is set. Proven by k-induction
// (dla_regfile_1r1w.sby) for one word at any address.
(* anyconst *) reg [ADDR_W-1:0] f_addr;
reg             f_written = 1'b0;
reg [WIDTH-1:0] f_value;

always @* assume (f_addr < DEPTH);

always @(posedge clk) begin
    if (wr_en && wr_addr == f_addr) begin
        f_written <= 1'b1;
        f_value   <= wr_data;
    end
end

always @* begin
    if (f_written && rd_addr == f_addr) assert (rd_data == f_value); // 1: read in the same cycle, the old word
    if (f_written) assert (mem[f_addr] == f_value);                  // 2: ties the memory to the specification
    cover (f_written && wr_en && wr_addr == f_addr && rd_addr == f_addr && wr_data != f_value);
end
