# Vivado: the ways between the two clocks of cocodla_axi that the shell adds (shell_crossings.toml; docs/soc.md). Read it for the module,
# `read_xdc -ref cocodla_axi cocodla_axi.xdc`, and nvdla.xdc for NV_nvdla in it. With TWO_CLOCKS = 0 neither is needed.
set m_clk [get_clocks -of_objects [get_ports m_axi_aclk]]
set s_clk [get_clocks -of_objects [get_ports s_axi_aclk]]

# Gray pointers: the bits arrive within a period of the clock that sends them.
foreach {fifo writer reader} [list u_request $s_clk $m_clk u_answer $m_clk $s_clk] {
    set place u_regs/g_cross.$fifo
    set wr_gray [get_cells "$place/wr_gray_reg\[*\]"]
    set rd_gray [get_cells "$place/rd_gray_reg\[*\]"]
    set wr_sync [get_cells "$place/u_wr_to_rd/chain_reg\[*\]"]
    set rd_sync [get_cells "$place/u_rd_to_wr/chain_reg\[*\]"]
    set_max_delay -datapath_only -from $wr_gray -to $wr_sync [get_property PERIOD $writer]
    set_max_delay -datapath_only -from $rd_gray -to $rd_sync [get_property PERIOD $reader]
    set_bus_skew -from $wr_gray -to $wr_sync [get_property PERIOD $writer]
    set_bus_skew -from $rd_gray -to $rd_sync [get_property PERIOD $reader]
    # Words: written before the pointer that covers them has passed two flops.
    set_max_delay -datapath_only -from [get_cells -hierarchical -filter "NAME =~ $place/mem_reg*"] -to $reader [get_property PERIOD $reader]
}

# A level into a synchroniser.
set_max_delay -datapath_only -from [get_cells u_regs/error_reg] -to [get_cells {u_bus_error/chain_reg[0]}] [get_property PERIOD $s_clk]

# Resets: asserted at any time, released by synchronisers.
set_false_path -from [get_ports s_axi_aresetn]
set_false_path -from [get_cells u_guard/dla_reset_rstn_reg] -to [get_pins {u_axil2csb/u_link/u_dla_catch/u_sync/chain_reg[*]/CLR}]
