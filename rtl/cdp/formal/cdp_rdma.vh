// Rules of cdp_rdma, included by the module for its own proof: bounded (cdp_rdma.sby), one layer of up to four atoms, in two of
// the three directions, from reset to its end. Registers are left out, dla_cube_fetch is replaced by its contract.
//
// Inputs flow: the memory takes a request at the latest in the second cycle and answers in the second, cdp takes every
// second cycle at the latest. When they do not, nothing else changes than time.
(* anyconst *) reg [5:0] f_settings; // of the layer
reg        f_started = 1'b0;
reg        f_ended = 1'b0;           // the layer is done
reg        f_req_waited = 1'b0, f_rsp_waited = 1'b0, f_out_waited = 1'b0;
reg [3:0]  f_asked = 4'd0, f_answered = 4'd0, f_taken = 4'd0;
reg [5:0]  f_cycles = 6'd0;
wire       f_fire  = rd_req_valid && rd_req_ready;
wire [3:0] f_atoms = 4'd1 << ({1'b0, channel[3]} + {1'b0, width[0]} + {1'b0, height[0]});

// The place of an atom: the bits of its number count surfaces, then columns, then lines.
function [2:0] f_place(input [3:0] number); // line, column, surface
    begin
        f_place[0] = channel[3] && number[0];
        f_place[1] = width[0] && (channel[3] ? number[1] : number[0]);
        f_place[2] = height[0] && ((channel[3] && width[0]) ? number[2] : (channel[3] || width[0]) ? number[1] : number[0]);
    end
endfunction
wire [2:0]  f_next = f_place(f_asked), f_out = f_place(f_taken);
wire [2:0]  f_end  = {height[0], width[0], channel[3]};
wire [28:0] f_addr = base[31:3] + f_next[1] + (f_next[2] ? line_stride[31:3] : 29'd0) + (f_next[0] ? surface_stride[31:3] : 29'd0);
wire        f_last_surface = f_out[0] == f_end[0];

integer f_i;
always @* begin
    assume (rst_n == f_started);
    assume (op_en == (f_started && !f_ended && !done)); // one layer
    assume (ram_type && {width[0], height[0], channel[3:0]} == f_settings && f_atoms <= 4'd4);
    assume (width[12:1] == 0 && height[12:1] == 0 && channel[12:4] == 0);
    assume (base == 32'h800 && line_stride == 32'h80 && surface_stride == 32'h200); // which is which: dla_cube_walk is proven for any
    if (f_req_waited) assume (rd_req_ready);
    if (rd_rsp_valid) assume (f_asked != f_answered);
    if (f_rsp_waited) assume (rd_rsp_valid);
    if (f_out_waited) assume (rd_ready);
end

always @(posedge clk) begin
    f_started <= 1'b1;
    if (rst_n) begin
        f_ended      <= f_ended || done;
        f_cycles     <= f_cycles + (f_cycles != 6'd63);
        f_req_waited <= rd_req_valid && !rd_req_ready;
        f_rsp_waited <= f_asked != f_answered && !rd_rsp_valid;
        f_out_waited <= rd_valid && !rd_ready;
        f_asked      <= f_asked + f_fire;
        f_answered   <= f_answered + rd_rsp_valid;
        f_taken      <= f_taken + fire;
    end
end

always @(posedge clk) if (f_started && rst_n) begin
    if (rd_req_valid) assert (rd_req_addr == f_addr && f_asked < f_atoms);  // 1: asks for each atom of the cube once, in order
    assert (f_taken <= f_answered);                                         // 2: hands on no more beats than came
    if (rd_valid) for (f_i = 0; f_i < 8; f_i = f_i + 1)
        assert (rd_data[8*f_i + 3 +: 4] == f_taken && rd_data[8*f_i +: 3] == f_i); // 3: each once, whole, in order
    if (rd_valid) assert (rd_pixel_end == f_last_surface && rd_line_end == (f_last_surface && f_out[1] == f_end[1])
                          && rd_layer_end == (f_out == f_end));             // 4: with its place in the cube
    if (rd_valid) for (f_i = 0; f_i < 8; f_i = f_i + 1)
        assert (rd_lanes[f_i] == (!f_last_surface || f_i <= channel[2:0])); // 5: and the lanes that hold channels
    if ($past(rst_n && rd_valid && !rd_ready)) assert (rd_valid && $stable({rd_data, rd_lanes, rd_pixel_end, rd_line_end, rd_layer_end})); // 6: an offer stands
    if (done) assert (f_taken == f_atoms);                                  // 7: ends when all are taken
    if (f_cycles >= 6'd9 + {1'b0, f_atoms, 1'b0}) assert (f_ended);         // 8: the layer ends, two cycles an atom and nine
    assert (!(done && f_ended));                                            // 9: ends once
    if (!awake) assert (f_asked == f_taken && !rd_req_valid && !rd_valid);  // 10: nothing is under way while the clock may stop
    cover (f_ended && f_taken == 4'd4 && channel[3] && height[0]);
end
