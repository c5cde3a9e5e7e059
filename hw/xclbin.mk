# Builds an image of one engine: make -f hw/xclbin.mk TARGET=emu PLATFORM=u250 ENGINE=fcn ...
#
#   TARGET    emu     kernels compiled for this CPU; runs on csim and on XRT's software emulation
#             hw_emu  Vitis' hardware emulation
#             hw      the card
#   PLATFORM  a folder of hw/platforms
#   ENGINE    fcn, gemm or gemv          DTYPE   short, int8 or float
#   ENGINE=stream builds a streaming network, of DTYPE short or float:
#     LAYERS       sizes, such as 784,64,10
#     ACTIVATION   linear, relu, tanh or sigmoid, of all layers or a list with one for each
#     OUTPUTS      what can go to the host, such as x1,s2; empty takes all
#     MULTIPLIERS  of all layers together; empty takes the board's
#     FORM         linked (a kernel for each layer) or single (one kernel, for small boards)
#   NUM_CU    compute units; empty takes the board's number
#   FORCE     1 builds what takes more than 70 % of an SLR too, which is refused otherwise
#   VITIS     version of Vitis, such as 2022.2; empty asks v++
#   JOBS      parallel jobs of v++

TARGET   ?= emu
PLATFORM ?= u250
ENGINE   ?= fcn
DTYPE    ?= short
NUM_CU   ?=
JOBS     ?= 4
FORCE    ?=
LAYERS      ?= 784,64,10
ACTIVATION  ?= tanh
OUTPUTS     ?=
MULTIPLIERS ?=
FORM        ?= $(if $(filter kv260,$(PLATFORM)),single,linked)
PYTHON   ?= python3

HW     := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
comma := ,
IS_STREAM := $(filter stream,$(ENGINE))
NETWORK := $(if $(IS_STREAM),$(subst $(comma),-,$(LAYERS)-$(ACTIVATION)$(addprefix -,$(OUTPUTS))$(addprefix -,$(MULTIPLIERS))))
FOLDER := $(HW)/build/$(PLATFORM)-$(ENGINE)$(addprefix -,$(NETWORK))-$(DTYPE)-$(TARGET)$(addprefix -,$(addsuffix cu,$(NUM_CU)))
KERNEL := $(ENGINE)Kernel
IMAGE  := $(FOLDER)/$(ENGINE).xclbin

BOARD_FILE    := $(HW)/platforms/$(PLATFORM)/platform.cfg
XPFM          ?= $(shell sed -n 's/^platform *= *//p' $(BOARD_FILE) 2>/dev/null)
CLOCK_MHZ     := $(shell sed -n 's/^clock_mhz *= *//p' $(BOARD_FILE) 2>/dev/null)
CONFIGURE     := $(PYTHON) $(if $(IS_STREAM),$(HW)/stream/manager.py --board $(PLATFORM) --layers $(LAYERS) \
  --activation $(ACTIVATION) --dtype $(DTYPE) $(addprefix --outputs ,$(OUTPUTS)) \
  $(addprefix --multipliers ,$(MULTIPLIERS)) --form $(FORM),$(HW)/configure.py --board $(PLATFORM) \
  --engine $(ENGINE) --dtype $(DTYPE) $(addprefix --units ,$(NUM_CU))) $(if $(filter-out 0,$(FORCE)),--force) --output $(FOLDER)

# --freqhz took the place of --kernel_frequency in 2023.2; from 2023.1 on HLS has a mode of its own.
VITIS ?= $(shell v++ --version 2>/dev/null | sed -n 's/.*v\([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
NEW_HLS   = $(filter 2023.1 2023.2 2024.% 2025.%,$(VITIS))
NEW_CLOCK = $(filter 2023.2 2024.% 2025.%,$(VITIS))
FREQUENCY = $(if $(NEW_CLOCK),--freqhz $(CLOCK_MHZ)000000,--kernel_frequency $(CLOCK_MHZ))

.PHONY: xclbin emu hw hw_emu needs-vitis

xclbin: $(TARGET)
	@echo $(IMAGE)

emu:
	$(CONFIGURE)
	$(MAKE) -C $(HW) lib PLATFORM=$(PLATFORM) ENGINE=$(ENGINE) DTYPE=$(DTYPE) PYTHON=$(abspath $(PYTHON)) \
	  LAYERS=$(LAYERS) ACTIVATION=$(ACTIVATION) OUTPUTS=$(OUTPUTS) MULTIPLIERS=$(MULTIPLIERS)
	$(PYTHON) $(HW)/pack.py --board $(PLATFORM) \
	  --library $(HW)/build/$(PLATFORM)-$(ENGINE)$(addprefix -,$(NETWORK))-$(DTYPE)/lib$(KERNEL).so \
	  --config $(FOLDER)/config_info.dat --output $(IMAGE)

needs-vitis:
	@command -v v++ >/dev/null || { echo "TARGET=$(TARGET) needs Vitis: v++ is not on PATH; source its settings64.sh, or build TARGET=emu" >&2; exit 1; }

ifeq ($(IS_STREAM),)

hw hw_emu: needs-vitis
	$(CONFIGURE)
	$(PYTHON) $(HW)/vitis.py --board $(PLATFORM) --engine $(ENGINE) --folder $(FOLDER)
ifneq ($(NEW_HLS),)
	cd $(FOLDER) && v++ -c --mode hls --config hls_config.cfg --work_dir $(KERNEL)
	cp $(FOLDER)/$(KERNEL)/$(KERNEL).xo $(FOLDER)/$(KERNEL).xo
else
	v++ -c -t $(TARGET) --platform $(XPFM) -k $(KERNEL) -I $(HW)/include -I $(FOLDER) $(FREQUENCY) \
	  --save-temps --temp_dir $(FOLDER)/temporary -o $(FOLDER)/$(KERNEL).xo $(HW)/src/$(ENGINE)_kernel.cpp
endif
	v++ -l -t $(TARGET) --platform $(XPFM) --config $(FOLDER)/link.cfg $(FREQUENCY) --jobs $(JOBS) \
	  --save-temps --temp_dir $(FOLDER)/temporary -o $(IMAGE) $(FOLDER)/$(KERNEL).xo
	$(if $(filter hw_emu,$(TARGET)),emconfigutil --platform $(XPFM) --od $(FOLDER))

else

# A kernel for each layer, or one of all: the manager lists them with what each needs defined.
LISTED = $(FOLDER)/kernels.txt

hw hw_emu: needs-vitis
	$(CONFIGURE)
	$(PYTHON) $(HW)/vitis.py --board $(PLATFORM) --engine $(ENGINE) --folder $(FOLDER)
ifneq ($(NEW_HLS),)
	while read name source defines; do \
	  (cd $(FOLDER) && v++ -c --mode hls --config $$name.cfg --work_dir $$name) && \
	  cp $(FOLDER)/$$name/$$name.xo $(FOLDER)/$$name.xo || exit 1; \
	done <$(LISTED)
else
	while read name source defines; do \
	  v++ -c -t $(TARGET) --platform $(XPFM) -k $$name -I $(HW)/include -I $(HW)/stream -I $(FOLDER) $$defines \
	    $(FREQUENCY) --save-temps --temp_dir $(FOLDER)/temporary -o $(FOLDER)/$$name.xo $(HW)/stream/$$source || exit 1; \
	done <$(LISTED)
endif
	v++ -l -t $(TARGET) --platform $(XPFM) --config $(FOLDER)/link.cfg $(FREQUENCY) --jobs $(JOBS) \
	  --save-temps --temp_dir $(FOLDER)/temporary -o $(IMAGE) $$(sed 's| .*|.xo|; s|^|$(FOLDER)/|' $(LISTED))
	$(if $(filter hw_emu,$(TARGET)),emconfigutil --platform $(XPFM) --od $(FOLDER))

endif
