# The register-level model of a Zynq top for this CPU, or another: an object that C programs link.
#
#   make -f hw/zynq/model.mk TOP=master BOARD=ultra96v2 DTYPE=short
#   make -f hw/zynq/model.mk CXX=aarch64-linux-gnu-g++ MACHINE=aarch64
#
# Prints where it lies.

TOP     ?= master
BOARD   ?= ultra96v2
DTYPE   ?= short
PYTHON  ?= python3
CXX     ?= g++
CXXFLAGS ?= -O2
MACHINE ?= here

ZYNQ   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
HW     := $(patsubst %/,%,$(dir $(ZYNQ)))
C      := $(dir $(HW))xfblas/export_c/sources
FOLDER ?= $(HW)/build/zynq-$(BOARD)-$(DTYPE)-$(TOP)-$(MACHINE)
OBJECT := $(FOLDER)/register_model.o
NEEDED := $(wildcard $(ZYNQ)/*.?pp $(HW)/src/*.hpp $(HW)/include/xfblas/*.hpp $(HW)/include/xfblas/*/*.hpp $(C)/*.h)

.PHONY: model FORCE
model: $(OBJECT)
	@echo $(OBJECT)

$(FOLDER)/xfblas_configuration.hpp: FORCE
	@$(PYTHON) $(HW)/configure.py --board $(BOARD) --engine fcn --dtype $(DTYPE) $(if $(filter-out 0,$(FORCE)),--force) --output $(FOLDER)
FORCE:

$(OBJECT): $(NEEDED) $(FOLDER)/xfblas_configuration.hpp
	@$(if $(filter master stream,$(TOP)),,echo "TOP is '$(TOP)', expected master or stream" >&2; exit 1)
	$(CXX) -std=c++14 $(CXXFLAGS) -fPIC -ffp-contract=off -U_FORTIFY_SOURCE -Wall -Wextra -Wno-unknown-pragmas \
	  -Wno-unused-label -Wno-psabi -DXFBLAS_STREAM_TOP=$(if $(filter stream,$(TOP)),1,0) \
	  -I$(HW)/include -I$(FOLDER) -I$(C) -c -o $@.new $(ZYNQ)/register_model.cpp && mv $@.new $@
