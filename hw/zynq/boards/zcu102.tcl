# ZCU102: ZU9EG
set board_part xilinx.com:zcu102:part0:3.4
source [file join [file dirname [info script]] ../ultrascale_processor.tcl]
