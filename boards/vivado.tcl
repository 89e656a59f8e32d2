# Vivado project of the accelerator in its AXI shell, for a Zynq part: sources, and the shell as a module of a block design.
#
#   vivado -mode batch -source boards/vivado.tcl [-tclargs PART [FOLDER]]
#
# Makes FOLDER/cocodla.xpr (default: build/vivado) with the block design `system`: the processing system, cocodla_axi on its
# general purpose and high performance ports, both interrupts. Not run here: there is no Vivado on this project's machines.
set root   [file normalize [file join [file dirname [info script]] ..]]
set part   [expr {$argc > 0 ? [lindex $argv 0] : "xczu7ev-ffvc1156-2-e"}]
set folder [expr {$argc > 1 ? [lindex $argv 1] : [file join $root build vivado]}]

create_project cocodla $folder -part $part -force

set list [open [file join $root rtl files.f]]
foreach line [split [read $list] "\n"] {
    set line [string trim $line]
    if {$line ne "" && ![string match "#*" $line]} {
        add_files -norecurse [file join $root rtl $line]
    }
}
close $list
set_property top cocodla_axi [current_fileset]
update_compile_order -fileset sources_1

create_bd_design system
create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e processing_system
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e [get_bd_cells processing_system]
set_property -dict {
    CONFIG.PSU__USE__M_AXI_GP0 1
    CONFIG.PSU__USE__M_AXI_GP1 0
    CONFIG.PSU__USE__S_AXI_GP2 1
    CONFIG.PSU__SAXIGP2__DATA_WIDTH 64
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100
} [get_bd_cells processing_system]

create_bd_cell -type module -reference cocodla_axi accelerator
set_property -dict {
    CONFIG.TWO_CLOCKS 0
    CONFIG.DATA_W 64
    CONFIG.MAX_BEATS 16
} [get_bd_cells accelerator]

set clock processing_system/pl_clk0
connect_bd_net [get_bd_pins $clock] [get_bd_pins accelerator/s_axi_aclk] [get_bd_pins accelerator/m_axi_aclk]
foreach {pin level} {test_mode 0 direct_reset_ 1} {
    create_bd_cell -type ip -vlnv xilinx.com:ip:xlconstant tie_$pin
    set_property CONFIG.CONST_VAL $level [get_bd_cells tie_$pin]
    connect_bd_net [get_bd_pins tie_$pin/dout] [get_bd_pins accelerator/$pin]
}
apply_bd_automation -rule xilinx.com:bd_rule:axi4 -config "Master /processing_system/M_AXI_HPM0_FPD Clk /$clock" \
    [get_bd_intf_pins accelerator/s_axi]
apply_bd_automation -rule xilinx.com:bd_rule:axi4 -config "Slave /processing_system/S_AXI_HP0_FPD Clk /$clock" \
    [get_bd_intf_pins accelerator/m_axi]

create_bd_cell -type ip -vlnv xilinx.com:ip:xlconcat interrupts
connect_bd_net [get_bd_pins accelerator/irq] [get_bd_pins interrupts/In0]
connect_bd_net [get_bd_pins accelerator/error_irq] [get_bd_pins interrupts/In1]
connect_bd_net [get_bd_pins interrupts/dout] [get_bd_pins processing_system/pl_ps_irq0]

assign_bd_address -offset 0xA0000000 -range 1M [get_bd_addr_segs accelerator/s_axi/reg0]
validate_bd_design
save_bd_design
make_wrapper -files [get_files system.bd] -top -import
