# Kria KV260: K26
set board_part xilinx.com:kv260_som:part0:1.4
source [file join [file dirname [info script]] ../ultrascale_processor.tcl]
