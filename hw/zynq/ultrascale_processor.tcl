# The processor of Zynq UltraScale+ boards, and how the kernel is wired to it.
set processor_ip xilinx.com:ip:zynq_ultra_ps_e:3.*
set processor_rule xilinx.com:bd_rule:zynq_ultra_ps_e
set processor_settings {
  CONFIG.PSU__USE__M_AXI_GP0 {1} CONFIG.PSU__USE__M_AXI_GP1 {0} CONFIG.PSU__USE__M_AXI_GP2 {0}
  CONFIG.PSU__USE__S_AXI_GP2 {1} CONFIG.PSU__SAXIGP2__DATA_WIDTH {128}
  CONFIG.PSU__USE__IRQ0 {1} CONFIG.PSU__FPGA_PL0_ENABLE {1}
}
set clock_setting CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ
set register_port M_AXI_HPM0_FPD
set memory_port S_AXI_HP0_FPD
set port_clocks {ps/maxihpm0_fpd_aclk ps/saxihp0_fpd_aclk}
set clock_pin pl_clk0
set reset_pin pl_resetn0
set interrupt_pin pl_ps_irq0
set register_base 0xA0000000
set address_bits 40
