// Rules of csb_master about requests and answers, included by the module for its own proof: bounded (csb_master.sby), for any
// phases and rates of the two clocks and levels that cross an edge late (dla_sync with DLA_SKEW).
//
// The FIFO of requests is left out, it is proven on its own: any request may come in any cycle of clk.
(* gclk *) reg f_time;
reg        f_started = 1'b0;
reg [3:0]  f_asked = 4'd0;    // requests issued that want an answer, and answers at the pins
reg [3:0]  f_told  = 4'd0;
reg        f_write;           // the last of them is a write
reg [31:0] f_value;           // what the units answered to it
reg        f_issued = 1'b0;   // a request was issued at the last edge of clk: unit, word, data
reg [5:0]  f_unit;
reg [42:0] f_request;
reg [2:0]  f_edges = 3'd0;    // edges of csb_clk since the answer was sent
reg        f_rst_clk = 1'b0, f_rst_csb = 1'b0;

always @(posedge f_time) begin
    f_started <= 1'b1;
    if (!f_started) assume (!rst_n && !csb_rst_n && !clk && !csb_clk);
    else begin
        assume ({clk, csb_clk} != $past({clk, csb_clk})); // time is what happens
        assume (csb_rst_n <= rst_n);                      // released behind the other one, both once
        if ($past(rst_n))     assume (rst_n);
        if ($past(csb_rst_n)) assume (csb_rst_n);
        if (!csb_rst_n) assume (hold);                    // no request can be there
    end
end

always @(posedge clk) if (rst_n) begin
    f_issued <= issue;
    if (issue) begin
        f_unit    <= req_addr[15:10];
        f_request <= {req_write, req_addr[9:0], req_wdata};
    end
    if (issue && answers) begin
        f_asked <= f_asked + 4'd1;
        f_write <= req_write;
    end
    if (answering) f_value <= reg_rdata;
end

always @(posedge csb_clk) if (csb_rst_n) begin
    f_edges <= answer_sent == taken || take ? 3'd0 : f_edges == 3'd7 ? f_edges : f_edges + 3'd1;
end

// An answer is told from the edge on that puts it on the pins; it stays there for a cycle of csb_clk.
wire f_shown = nvdla2csb_valid || nvdla2csb_wr_complete;
always @(posedge csb_clk) if (csb_rst_n && f_shown) f_told <= f_told + 4'd1;

always @(posedge f_time) if (f_started && rst_n && csb_rst_n) begin
    assert (f_asked - f_told - {3'd0, f_shown} <= 4'd1);                                // 1: an answer for each request that wants one, one at a time
    assert (!(nvdla2csb_valid && nvdla2csb_wr_complete));                  // 2: of one kind
    if (f_shown) assert (f_asked != f_told);                               // 3: none that nobody asked for
    if (f_shown && !$past(f_shown)) begin
        assert (nvdla2csb_wr_complete == f_write);                         // 4: to a write or to a read,
        if (nvdla2csb_valid) assert (nvdla2csb_data == f_value);           //    with what the unit answered
    end
    if (f_shown && $past(f_shown)) assert ($stable(nvdla2csb_data) && $stable(nvdla2csb_valid));
    if (f_issued) assert (reg_valid == ({UNIT_COUNT{1'b1}} & (64'd1 << f_unit)) &&
                          {reg_write, reg_addr, reg_wdata} == f_request);  // 5: each request strobes its unit, whole
    else assert (reg_valid == 0);                                          //    once
    assert (f_edges <= 3'd3);                                              // 6: an answer crosses in 4 edges, one of them late
    cover (f_told == 4'd2);
end
