# The block design of a Zynq top: the processor, the kernel, and for the stream top an AXI DMA.
#
#   vivado -mode batch -source block_design.tcl -tclargs <name> <part> <top> <kernel> <MHz> <jobs> <boards/board>
#
# boards/<board>.tcl tells the processor and its ports, boards/<board>.xdc holds constraints.
lassign $argv name part top kernel clock_mhz jobs board
source $board.tcl

create_project -force $name ./$name -part $part
catch {set_property board_part $board_part [current_project]}
set_property ip_repo_paths [pwd]/hls/solution/impl/ip [current_project]
update_ip_catalog
add_files -fileset constrs_1 $board.xdc
create_bd_design design_1

# The processor, with one port to its memory and one to the registers.
create_bd_cell -type ip -vlnv $processor_ip ps
catch {apply_bd_automation -rule $processor_rule -config {apply_board_preset 1} [get_bd_cells ps]}
set_property -dict $processor_settings [get_bd_cells ps]
set_property $clock_setting $clock_mhz [get_bd_cells ps]

create_bd_cell -type ip -vlnv xfblas:hls:$kernel:1.0 xfblas_0
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset:5.0 reset
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect:1.0 to_registers
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect:1.0 to_memory
set is_stream [expr {$top eq "stream"}]
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI [expr {1 + $is_stream}]] [get_bd_cells to_registers]
set_property -dict [list CONFIG.NUM_SI [expr {1 + 2 * $is_stream}] CONFIG.NUM_MI 1] [get_bd_cells to_memory]

proc connect {from to} {
  connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}
connect ps/$register_port to_registers/S00_AXI
connect to_registers/M00_AXI xfblas_0/s_axi_control
connect xfblas_0/m_axi_memory to_memory/S00_AXI
connect to_memory/M00_AXI ps/$memory_port

set clocked {reset/slowest_sync_clk xfblas_0/ap_clk to_registers/aclk to_memory/aclk}
set held {xfblas_0/ap_rst_n to_registers/aresetn to_memory/aresetn}
if {$is_stream} {
  create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:7.1 axi_dma_0
  set_property -dict [list CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 26 CONFIG.c_addr_width $address_bits \
    CONFIG.c_m_axi_mm2s_data_width 128 CONFIG.c_m_axis_mm2s_tdata_width 128 CONFIG.c_mm2s_burst_size 64 \
    CONFIG.c_m_axi_s2mm_data_width 128 CONFIG.c_s2mm_burst_size 64] [get_bd_cells axi_dma_0]
  connect to_registers/M01_AXI axi_dma_0/S_AXI_LITE
  connect axi_dma_0/M_AXI_MM2S to_memory/S01_AXI
  connect axi_dma_0/M_AXI_S2MM to_memory/S02_AXI
  connect axi_dma_0/M_AXIS_MM2S xfblas_0/rows
  connect xfblas_0/results axi_dma_0/S_AXIS_S2MM
  lappend clocked axi_dma_0/s_axi_lite_aclk axi_dma_0/m_axi_mm2s_aclk axi_dma_0/m_axi_s2mm_aclk
  lappend held axi_dma_0/axi_resetn
}
foreach pin [concat $clocked $port_clocks] {
  connect_bd_net [get_bd_pins ps/$clock_pin] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins ps/$reset_pin] [get_bd_pins reset/ext_reset_in]
foreach pin $held {
  connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins xfblas_0/interrupt] [get_bd_pins ps/$interrupt_pin]

# The addresses that the drivers' documentation names.
assign_bd_address -offset $register_base -range 64K [get_bd_addr_segs xfblas_0/s_axi_control/Reg]
if {$is_stream} {
  assign_bd_address -offset [expr {$register_base + 0x10000}] -range 64K [get_bd_addr_segs axi_dma_0/S_AXI_LITE/Reg]
}
assign_bd_address
validate_bd_design
save_bd_design

make_wrapper -files [get_files design_1.bd] -top
add_files -norecurse [glob ./$name/$name.gen/sources_1/bd/design_1/hdl/design_1_wrapper.v]
set_property top design_1_wrapper [current_fileset]
launch_runs impl_1 -to_step write_bitstream -jobs $jobs
wait_on_run impl_1
if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
  error "the implementation of $name failed: see $name.runs/impl_1/runme.log"
}
open_run impl_1
report_utilization -file utilization.txt
report_timing_summary -file timing.txt
