"""A compiled model as sources in C99 with its driver, for the Zynq tops of ``hw/zynq``."""
