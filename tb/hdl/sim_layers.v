// Simulation only, for waveforms: the number of the layer that each unit works on, counted from 1; 0 while it has none.
//
// A unit's n-th layer is the n-th one it was enabled for since the simulation began. What that layer is called, the
// program knows: viewers show its name instead of the number (models/cocodla/runtime/layer_texts.py).
//
// Macro LAYER_ROWS: the DUT is this project's NV_nvdla, and its waveform is wanted. Else there is nothing here.
// Sampled at the falling edge, where nothing moves.
`default_nettype none

module sim_layers (
    input wire clk
);

`ifdef LAYER_ROWS

// OP_EN of the running group falls between two layers, always.
`define ROW(name, unit) \
    reg        name``_open; \
    reg [31:0] name``_count; \
    reg [31:0] name; \
    initial {name``_open, name``_count, name} = 65'd0; \
    always @(negedge clk) begin \
        name``_open <= sim_top.u_dla.unit.u_regs.op_en; \
        if (sim_top.u_dla.unit.u_regs.op_en === 1'b1) begin \
            if (!name``_open) name``_count <= name``_count + 32'd1; \
            name <= name``_open ? name``_count : name``_count + 32'd1; \
        end else name <= 32'd0; \
    end

`ROW(cdma, u_cdma)
`ROW(csc, u_csc)
`ROW(cmac, u_cmac_a)
`ROW(cacc, u_cacc)
`ROW(sdp_rdma, u_sdp_rdma)
`ROW(sdp, u_sdp)
`ROW(pdp_rdma, u_pdp_rdma)
`ROW(pdp, u_pdp)
`ROW(cdp_rdma, u_cdp_rdma)
`ROW(cdp, u_cdp)
`undef ROW

`else
wire unused = clk;
`endif

endmodule

`default_nettype wire
