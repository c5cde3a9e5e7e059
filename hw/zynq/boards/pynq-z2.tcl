# PYNQ-Z2: Zynq 7020
set board_part tul.com.tw:pynq-z2:part0:1.0
set processor_ip xilinx.com:ip:processing_system7:5.*
set processor_rule xilinx.com:bd_rule:processing_system7
set processor_settings {
  CONFIG.PCW_USE_M_AXI_GP0 {1} CONFIG.PCW_USE_S_AXI_HP0 {1} CONFIG.PCW_S_AXI_HP0_DATA_WIDTH {64}
  CONFIG.PCW_USE_FABRIC_INTERRUPT {1} CONFIG.PCW_IRQ_F2P_INTR {1}
  CONFIG.PCW_EN_CLK0_PORT {1} CONFIG.PCW_EN_RST0_PORT {1}
}
set clock_setting CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ
set register_port M_AXI_GP0
set memory_port S_AXI_HP0
set port_clocks {ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK}
set clock_pin FCLK_CLK0
set reset_pin FCLK_RESET0_N
set interrupt_pin IRQ_F2P
set register_base 0x40000000
set address_bits 32
