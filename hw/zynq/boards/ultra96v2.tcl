# Ultra96-V2: ZU3EG
set board_part avnet.com:ultra96v2:part0:1.2
source [file join [file dirname [info script]] ../ultrascale_processor.tcl]
