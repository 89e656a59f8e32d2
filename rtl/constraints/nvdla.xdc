# Vivado: the two clocks of NV_nvdla and the ways between them (crossings.toml; docs/crossings.md). For the module alone, or in a
# design with `read_xdc -ref NV_nvdla nvdla.xdc`, where the clocks come from outside: then leave the first two lines out.
create_clock -name core_clk -period 10.000 [get_ports dla_core_clk]
create_clock -name csb_clk  -period 10.000 [get_ports dla_csb_clk]
set core_clk [get_clocks -of_objects [get_ports dla_core_clk]]
set csb_clk  [get_clocks -of_objects [get_ports dla_csb_clk]]

# No set_clock_groups -asynchronous: it would outrank the bounds below.
# Gray pointers: the bits arrive within a period of the clock that sends them, so that no two of them are on their way at once.
set wr_gray [get_cells {u_csb_master/u_requests/wr_gray_reg[*]}]
set rd_gray [get_cells {u_csb_master/u_requests/rd_gray_reg[*]}]
set_max_delay -datapath_only -from $wr_gray -to [get_cells {u_csb_master/u_requests/u_wr_to_rd/chain_reg[*]}] [get_property PERIOD $csb_clk]
set_max_delay -datapath_only -from $rd_gray -to [get_cells {u_csb_master/u_requests/u_rd_to_wr/chain_reg[*]}] [get_property PERIOD $core_clk]
set_bus_skew -from $wr_gray -to [get_cells {u_csb_master/u_requests/u_wr_to_rd/chain_reg[*]}] [get_property PERIOD $csb_clk]
set_bus_skew -from $rd_gray -to [get_cells {u_csb_master/u_requests/u_rd_to_wr/chain_reg[*]}] [get_property PERIOD $core_clk]

# Words that stand still: they are there before the pointer or toggle has passed two flops of the clock that takes them.
set_max_delay -datapath_only -from [get_cells -hierarchical -filter {NAME =~ u_csb_master/u_requests/mem_reg*}] -to $core_clk [get_property PERIOD $core_clk]
set_max_delay -datapath_only -from [get_cells {u_csb_master/answer_data_reg[*] u_csb_master/answer_write_reg}] -to $csb_clk [get_property PERIOD $csb_clk]

# Single levels into synchronisers (their flops carry ASYNC_REG).
set_max_delay -datapath_only -from [get_cells u_csb_master/answer_sent_reg] -to [get_cells {u_csb_master/u_sent/chain_reg[0]}] [get_property PERIOD $csb_clk]
set_max_delay -datapath_only -from [get_cells u_csb_master/taken_reg] -to [get_cells {u_csb_master/u_taken/chain_reg[0]}] [get_property PERIOD $core_clk]
set_max_delay -datapath_only -from [get_cells u_glb/any_reg] -to [get_cells {u_glb/u_intr/chain_reg[0]}] [get_property PERIOD $csb_clk]

# Resets: asserted at any time, released by synchronisers.
set_false_path -from [get_ports {dla_reset_rstn direct_reset_}]
set_false_path -from [get_cells {u_core_reset/u_sync/chain_reg[*]}] -to [get_pins {u_csb_reset/u_sync/chain_reg[*]/CLR}]
set_false_path -from [get_ports {test_mode global_clk_ovr_on tmc2slcg_disable_clock_gating}]
