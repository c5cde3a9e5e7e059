# A bitstream of a Zynq top, for PYNQ, Linux or bare metal. Needs Vivado and Vitis HLS.
#
#   make -f hw/zynq/bitstream.mk BOARD=ultra96v2 TOP=master DTYPE=short
#   make -n -f hw/zynq/bitstream.mk                 # only shows the commands
#
#   BOARD   ultra96v2, pynq-z2, kv260 or zcu102     TOP     master, or stream with an AXI DMA
#   DTYPE   short or int8                           JOBS    parallel jobs of Vivado
#   FORCE   1 builds what takes more than 70 % of the chip too
#   VITIS   version of the tools, such as 2022.2; empty asks vivado
#
# Writes <folder>/xfblas_<top>.bit and .hwh: PYNQ reads the second beside the first, by its name.

BOARD  ?= ultra96v2
TOP    ?= master
DTYPE  ?= short
JOBS   ?= 4
PYTHON ?= python3

ZYNQ   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
HW     := $(patsubst %/,%,$(dir $(ZYNQ)))
FOLDER ?= $(HW)/build/bitstream-$(BOARD)-$(DTYPE)-$(TOP)
NAME   := xfblas_$(TOP)
KERNEL := $(if $(filter stream,$(TOP)),fcnStream,fcnMaster)
BOARDS := $(sort $(basename $(notdir $(wildcard $(ZYNQ)/boards/*.tcl))))
PART   := $(shell sed -n 's/^part *= *//p' $(HW)/platforms/$(BOARD)/platform.cfg 2>/dev/null)
CLOCK  := $(shell sed -n 's/^clock_mhz *= *//p' $(HW)/platforms/$(BOARD)/platform.cfg 2>/dev/null)

$(if $(filter $(BOARD),$(BOARDS)),,$(error BOARD is '$(BOARD)', expected one of $(BOARDS)))
$(if $(filter master stream,$(TOP)),,$(error TOP is '$(TOP)', expected master or stream))
$(if $(filter short int8,$(DTYPE)),,$(error DTYPE is '$(DTYPE)', expected short or int8))

# From 2024.1 on HLS scripts run by vitis-run; before by vitis_hls.
VITIS ?= $(shell vivado -version 2>/dev/null | sed -n 's/.*v\([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
HLS    = $(if $(filter 2024.% 2025.%,$(VITIS)),vitis-run --mode hls --tcl,vitis_hls -f)

.PHONY: bitstream ip needs-vivado
bitstream: ip
	cd $(FOLDER) && vivado -mode batch -nojournal -source $(abspath $(ZYNQ))/block_design.tcl \
	  -tclargs $(NAME) $(PART) $(TOP) $(KERNEL) $(CLOCK) $(JOBS) $(abspath $(ZYNQ))/boards/$(BOARD)
	cp $(FOLDER)/$(NAME)/$(NAME).runs/impl_1/design_1_wrapper.bit $(FOLDER)/$(NAME).bit
	cp $(FOLDER)/$(NAME)/$(NAME).gen/sources_1/bd/design_1/hw_handoff/design_1.hwh $(FOLDER)/$(NAME).hwh
	@echo $(FOLDER)/$(NAME).bit

ip: needs-vivado
	$(PYTHON) $(HW)/configure.py --board $(BOARD) --engine fcn --dtype $(DTYPE) $(if $(filter-out 0,$(FORCE)),--force) --output $(FOLDER)
	cd $(FOLDER) && XFBLAS_HW=$(abspath $(HW)) XFBLAS_TOP=$(TOP) XFBLAS_KERNEL=$(KERNEL) \
	  XFBLAS_PART=$(PART) XFBLAS_CLOCK_MHZ=$(CLOCK) $(HLS) $(abspath $(ZYNQ))/ip.tcl

needs-vivado:
	@command -v vivado >/dev/null || { echo "a bitstream needs Vivado and Vitis HLS: vivado is not on PATH; source their settings64.sh, or look at the commands with make -n" >&2; exit 1; }
