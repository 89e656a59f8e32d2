# SDC (ASIC tools, OpenSTA, Quartus): the two clocks of NV_nvdla and the ways between them (crossings.toml; docs/crossings.md).
# set_max_delay counts the clocks' own delays unless they are ideal or -ignore_clock_latency is given (OpenSTA): use it there.
set core_period 10.0
set csb_period  10.0
create_clock -name core_clk -period $core_period [get_ports dla_core_clk]
create_clock -name csb_clk  -period $csb_period  [get_ports dla_csb_clk]

# Everything between the clocks has a bound (no set_clock_groups -asynchronous, which would lift it); hold is nobody's concern.
set_false_path -hold -from [get_clocks core_clk] -to [get_clocks csb_clk]
set_false_path -hold -from [get_clocks csb_clk]  -to [get_clocks core_clk]

# Gray pointers: all bits within a period of the clock that sends them.
set_max_delay $csb_period  -from [get_cells u_csb_master/u_requests/wr_gray*] -to [get_cells u_csb_master/u_requests/u_wr_to_rd/chain*]
set_max_delay $core_period -from [get_cells u_csb_master/u_requests/rd_gray*] -to [get_cells u_csb_master/u_requests/u_rd_to_wr/chain*]

# Words that stand still: they are there before the pointer or toggle has passed two flops of the clock that takes them.
set_max_delay $core_period -from [get_cells u_csb_master/u_requests/mem*] -to [get_clocks core_clk]
set_max_delay $csb_period  -from [get_cells u_csb_master/answer_data*]  -to [get_clocks csb_clk]
set_max_delay $csb_period  -from [get_cells u_csb_master/answer_write*] -to [get_clocks csb_clk]

# Single levels into synchronisers.
set_max_delay $csb_period  -from [get_cells u_csb_master/answer_sent*] -to [get_cells u_csb_master/u_sent/chain*]
set_max_delay $core_period -from [get_cells u_csb_master/taken*]       -to [get_cells u_csb_master/u_taken/chain*]
set_max_delay $csb_period  -from [get_cells u_glb/any*]         -to [get_cells u_glb/u_intr/chain*]

# Resets: asserted at any time, released by synchronisers.
set_false_path -from [get_ports {dla_reset_rstn direct_reset_ test_mode global_clk_ovr_on tmc2slcg_disable_clock_gating nvdla_pwrbus_ram_*}]
set_false_path -from [get_cells u_core_reset/u_sync/chain*] -to [get_cells u_csb_reset/u_sync/chain*]
