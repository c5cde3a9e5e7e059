# The top as IP for Vivado. Called by bitstream.mk in its folder, with settings in the environment.
set hw $::env(XFBLAS_HW)
open_project -reset hls
set_top $::env(XFBLAS_KERNEL)
add_files $hw/zynq/fcn_$::env(XFBLAS_TOP).cpp -cflags "-std=c++14 -I$hw/include -I[pwd]"
open_solution -reset solution -flow_target vivado
set_part $::env(XFBLAS_PART)
create_clock -period $::env(XFBLAS_CLOCK_MHZ)MHz
# Addresses of 64 bits, as the registers have them on 32-bit boards too.
config_interface -m_axi_addr64=1
csynth_design
export_design -format ip_catalog -vendor xfblas -library hls -version 1.0 -output [pwd]/ip.zip
exit
