// Rules of dla_ram_1r1w, included by the module when FORMAL is set. Proven by k-induction (dla_ram_1r1w.sby)
// for one word at any address: what was written last is what is read.
(* anyconst *) reg [ADDR_W-1:0] f_addr;
reg             f_written = 1'b0;
reg             f_watched = 1'b0; // rd_data is a read of that word
reg [WIDTH-1:0] f_value, f_expected;

always @* assume (f_addr < DEPTH);
always @* assume (!(wr_en && rd_en && wr_addr == rd_addr));  // the word read would be undefined

always @(posedge clk) begin
    if (wr_en && wr_addr == f_addr) begin
        f_written <= 1'b1;
        f_value   <= wr_data;
    end
    if (rd_en) begin
        f_watched  <= f_written && rd_addr == f_addr;
        f_expected <= f_value;
    end
end

always @* begin
    if (f_watched) assert (rd_data == f_expected);           // 1: holds until the next read
    if (f_written) assert (mem[f_addr] == f_value);          // 2: ties the memory to the specification
    cover (f_watched && f_value != f_expected);
end
