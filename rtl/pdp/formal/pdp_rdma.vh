// Rules of pdp_rdma, included by the module for its own proof: bounded (pdp_rdma.sby), one layer of up to four atoms, in two of
// the three directions, from reset to its end. Registers and RAM are left out: any settings, any data.
//
// Inputs flow: the memory takes a request at the latest in the second cycle and answers in the second, pdp takes every
// second cycle at the latest. When they do not, nothing else changes than time.
reg        f_started = 1'b0;
reg        f_ended = 1'b0;         // the layer is done
reg        f_req_waited = 1'b0, f_rsp_waited = 1'b0, f_out_waited = 1'b0;
reg [3:0]  f_asked = 4'd0, f_answered = 4'd0, f_taken = 4'd0;
reg [5:0]  f_cycles = 6'd0;
reg        f_column = 1'b0, f_line = 1'b0, f_surface = 1'b0; // of the next request
wire       f_fire   = rd_req_valid && rd_req_ready;
wire [3:0] f_atoms  = (cube_width[0] ? 4'd2 : 4'd1) << ({1'b0, cube_height[0]} + {1'b0, cube_channel[3]});
wire [28:0] f_addr  = base_addr[31:3] + f_column + (f_line ? line_stride[31:3] : 29'd0) + (f_surface ? surface_stride[31:3] : 29'd0);

always @* begin
    assume (rst_n == f_started);
    assume (op_en == (f_started && !f_ended && !done)); // one layer
    assume (ram_type && split_num == 8'd0);
    assume (cube_width <= 13'd1 && cube_height <= 13'd1 && cube_channel <= 13'd15);
    assume (!(cube_height[0] && cube_channel[3]));
    if (f_req_waited) assume (rd_req_ready);
    if (rd_rsp_valid) assume (f_asked != f_answered);
    if (f_rsp_waited) assume (rd_rsp_valid);
    if (f_out_waited) assume (rd_ready);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (f_started) assume ($stable({cube_width, cube_height, cube_channel, base_addr, line_stride, surface_stride}));
    if (rst_n) begin
        f_ended      <= f_ended || done;
        f_cycles     <= f_cycles + (f_cycles != 6'd63);
        f_req_waited <= rd_req_valid && !rd_req_ready;
        f_rsp_waited <= f_asked != f_answered && !rd_rsp_valid;
        f_out_waited <= rd_valid && !rd_ready;
        f_asked      <= f_asked + f_fire;
        f_answered   <= f_answered + rd_rsp_valid;
        f_taken      <= f_taken + (rd_valid && rd_ready);
        if (f_fire) begin
            f_column <= cube_width[0] && !f_column;
            if (!cube_width[0] || f_column) begin
                f_line <= cube_height[0] && !f_line;
                if (!cube_height[0] || f_line) f_surface <= !f_surface;
            end
        end
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (f_cycles >= 6'd7 + {1'b0, f_atoms, 1'b0}) assert (f_ended);      // 1: the layer ends, two cycles an atom and seven
    if (rd_req_valid) assert (rd_req_addr == f_addr && f_asked < f_atoms); // 2: asks for each atom of the cube once, in order
    if (done) assert (f_asked == f_atoms);                               // 3: ends when all are asked for
    assert (f_taken <= f_answered);                                      // 4: hands on no more beats than came
    if (f_cycles >= 6'd12 + {1'b0, f_atoms, 1'b0}) assert (f_taken == f_atoms); // 5: and all of them, five cycles later
    assert (!(done && f_ended));                                         // 6: ends once
    cover (f_ended && f_taken == 4'd4 && cube_channel[3]);
end
