# Kria KV260: K26: every signal of the design is inside the chip, so no pin is placed here.
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
