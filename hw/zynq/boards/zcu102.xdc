# ZCU102: ZU9EG: every signal of the design is inside the chip, so no pin is placed here.
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
