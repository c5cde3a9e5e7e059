# xfblas: every target says in one sentence when you want it; `make help` prints them.

PYTHON  ?= python3
CXX     ?= g++
TARGET  ?= native
DATASET ?= digits
XCLBIN  ?=
VENV    := .venv
PY      := $(VENV)/bin/python
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

HOST_SOURCES := $(shell find host_cpp/src -name '*.cpp')
HOST_HEADERS := $(shell find host_cpp hw/include -name '*.h' -o -name '*.hpp')
PUBLIC_SOURCES := $(wildcard host_cpp/public/*.cpp)
BUILD_FILES  := setup.py pyproject.toml host_cpp/cffi_build.py $(wildcard xfblas/image/*.py)

.DEFAULT_GOAL := help
EXAMPLES := knn_iris/knn ridge/ridge pagerank/pagerank whitening/whitening
.PHONY: help check run unet stream gemm examples score test test-all test-machines test-hw test-arm lint format lib install image xclbin zynq bench clean

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Tell what this machine lacks to build the project, if anything.
	@command -v $(PYTHON) >/dev/null || { \
	  echo "xfblas needs Python 3.11 or newer: $(PYTHON) is not installed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "xfblas needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1): pass another one with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "xfblas needs Python's venv module: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@command -v $(CXX) >/dev/null || { \
	  echo "xfblas needs a C++17 compiler: $(CXX) is not installed (Debian: apt-get install g++)" >&2; exit 1; }

$(VENV)/bin/python:
	@$(MAKE) --no-print-directory check
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# One stamp per set of extras; the extension and the images are rebuilt when their sources change.
$(VENV)/installed-%: $(VENV)/bin/python $(BUILD_FILES) $(HOST_SOURCES) $(HOST_HEADERS) $(PUBLIC_SOURCES)
	@$(MAKE) --no-print-directory check
	@echo "installing xfblas[$*] into $(VENV) (the first time takes a minute or two)"
	@CXX=$(CXX) $(VENV)/bin/pip install --disable-pip-version-check --editable '.[$*]' \
	  >$(VENV)/install.log 2>&1 || { cat $(VENV)/install.log >&2; exit 1; }
	@touch $@

# csim and emulated XRT run the kernels' source, which an emulation image carries.
EMU_IMAGE  := hw/build/u250-fcn-short-emu/fcn.xclbin
NEEDS_EMU   = $(if $(XCLBIN),,$(filter csim xrt,$(TARGET)))
RUN_IMAGE   = $(if $(XCLBIN),$(XCLBIN),$(if $(NEEDS_EMU),$(EMU_IMAGE)))
RUN_TARGET  = $(if $(filter hw hw_emu,$(TARGET)),xrt,$(TARGET))
LAUNCHER    = $(if $(filter xrt,$(TARGET)),$(PY) -m xfblas emu --)

run: $(VENV)/installed-apps $(if $(NEEDS_EMU),emu-image) ## Run the sample app on real data (DATASET=digits|wine|cancer, TARGET=native|csim|xrt, or hw with XCLBIN=).
	@XFBLAS_TARGET=$(RUN_TARGET) $(LAUNCHER) $(PY) apps/mlp_keras/mlp.py --dataset $(DATASET) $(addprefix --xclbin ,$(RUN_IMAGE))

unet: $(VENV)/installed-unet ## Segment street scenes with a U-Net: masks, scores, frames per second, timeline (ARGS="--bits 16", ARGS="--cityscapes folder").
	@$(PY) apps/unet_street/street.py $(ARGS)

emu-image: $(VENV)/installed-apps
	@$(MAKE) --no-print-directory -f hw/xclbin.mk TARGET=emu PYTHON=$(PY) >$(VENV)/kernel.log 2>&1 || { cat $(VENV)/kernel.log >&2; exit 1; }

# Images of both element types, with the kernels inside; native reads what they say and runs nothing.
STREAM_TYPES = short float

stream: $(VENV)/installed-apps ## Run the streaming MLP, one kernel for each layer (TARGET=native|csim|xrt, MNIST=folder).
	@for type in $(STREAM_TYPES); do $(MAKE) --no-print-directory -f hw/xclbin.mk TARGET=emu ENGINE=stream DTYPE=$$type \
	  PYTHON=$(PY) >$(VENV)/kernel.log 2>&1 || { cat $(VENV)/kernel.log >&2; exit 1; }; done
	@XFBLAS_TARGET=$(RUN_TARGET) $(LAUNCHER) $(PY) apps/mlp_stream/mlp.py $(addprefix --mnist ,$(MNIST)) $(addprefix --xclbin ,$(XCLBIN))

xclbin: $(VENV)/installed-apps ## Build an image: TARGET=emu|hw_emu|hw PLATFORM=u250 ENGINE=fcn DTYPE=short NUM_CU=4, or ENGINE=stream LAYERS=784,64,10 ACTIVATION=tanh.
	@$(MAKE) --no-print-directory -f hw/xclbin.mk TARGET=$(if $(filter native,$(TARGET)),emu,$(TARGET)) PYTHON=$(PY)

gemm: $(VENV)/installed-apps lib ## Run the matrix product examples in Python and in C.
	@$(PY) apps/gemm/gemm.py
	@$(MAKE) --no-print-directory -C apps/gemm run

examples: $(VENV)/installed-apps ## Run the examples of numpy scripts, which draw pictures in apps/: neighbours, ridge, PageRank, whitening.
	@for example in $(EXAMPLES); do echo "$$example:"; $(PY) apps/$$example.py || exit 1; done

score: $(VENV)/installed-apps,dask,parquet ## Score a folder of Parquet files on a cluster of Dask (ARGS=--kill ends a worker in the midst).
	@$(PY) apps/score_dask/score.py $(ARGS)

zynq: $(VENV)/installed-apps ## Export the digits MLP as a C program for a Zynq and run it on the register-level model (MACHINE=aarch64-linux-gnu|arm-linux-gnueabihf, TOP=master|stream).
	@$(MAKE) --no-print-directory -C apps/zynq run PYTHON=$(abspath $(PY)) TOP=$(if $(TOP),$(TOP),master) MACHINE=$(MACHINE)

STYLE = $(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && \
  $(VENV)/bin/lint-imports --no-logo --no-cache

# How many tests run at once; a file's tests stay together, since they share what they set up.
WORKERS ?= auto
# The same sources draw the same random numbers each time, in whatever commit; others draw others.
SEED    ?= $(shell git ls-tree HEAD hw host_cpp tests xfblas 2>/dev/null | cksum | cut -d ' ' -f 1)
PYTEST   = $(PY) -m pytest --durations=15 --hypothesis-seed=$(SEED)
# What make test leaves out as exhaustive is in; the long checks have a target of their own.
ALL      = -m "not hw"

test: $(VENV)/installed-test lib ## Set up everything, check style and test every promise once (WORKERS=auto, SEED=of the sources).
	@$(STYLE)
	@$(PYTEST) -n $(WORKERS) --dist loadfile

test-all: $(VENV)/installed-test lib ## Run all that CI runs: exhaustive tests too, csim, XRT, other CPUs.
	@$(STYLE)
	@$(PYTEST) $(ALL) -n $(WORKERS) --dist loadfile --ignore=tests/proof
	@$(PYTEST) $(ALL) tests/proof
	@echo "the functional tests again, on the kernels' source and on the Xilinx Runtime"
	@$(PYTEST) $(ALL) --target csim
	@$(PYTEST) $(ALL) --target xrt
	@$(MAKE) --no-print-directory test-machines

# Other CPUs: the kernels that OpenBLAS takes on them, and the engine's instruction set. What is
# exhaustive ran on this one.
MACHINES := Haswell/avx2 Prescott/portable
# Nothing in these rooms depends on them.
MACHINE_TESTS := $(addprefix --ignore=tests/,bench cards cli cluster csim export_c files hw image package performance \
  pynq_driver walk xrt)

test-machines: $(VENV)/installed-test lib ## Run what depends on the CPU as CPUs without AVX-512 have it.
	@for machine in $(MACHINES); do \
	  blas=$${machine%/*}; isa=$${machine#*/}; \
	  if $(PY) -c "import sys, xfblas; sys.exit('$$isa' in xfblas.native_engine().instruction_sets)"; then \
	    echo "this CPU does not run $$isa: tests as $$machine are left out"; continue; \
	  fi; \
	  echo "the tests as a CPU with $$isa and the BLAS of $$blas has them"; \
	  OPENBLAS_CORETYPE=$$blas XFBLAS_ISA=$$isa $(PYTEST) -n $(WORKERS) --dist loadfile $(MACHINE_TESTS) || exit 1; \
	done

test-hw: $(VENV)/installed-test lib ## Run the long checks of the kernels (under 15 minutes on two cores).
	@$(PYTEST) -m hw

# Each has a Python of its own under qemu-user: minutes, not seconds.
ARM_MACHINES := $(if $(MACHINE),$(MACHINE),aarch64-linux-gnu arm-linux-gnueabihf)

test-arm: ## Install xfblas with pip in the Python of an Ultra96 and of a PYNQ-Z2, under qemu, and run the engine's tests there (MACHINE=, TESTS=, ARGS=).
	@for machine in $(ARM_MACHINES); do $(MAKE) --no-print-directory -f tests/arm.mk MACHINE=$$machine || exit 1; done

lint: $(VENV)/installed-test ## Check style as CI does: Python and its types, and the kernels' sources with clang-tidy where it is.
	@$(STYLE)
	@$(PY) -m pytest tests/hw/test_sources.py

format: $(VENV)/installed-test ## Format the Python code.
	@$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .

# What `make lib` builds and `make install` copies, one rule each below.
LIBRARIES := lib/xfblas.so lib/libxfblas_public.so
# Programs pass lib/xfblas.so by its path and link with -lxfblas, which is the same file.
SONAME    := libxfblas.so.0
LINKS     := lib/libxfblas.so lib/$(SONAME)
IMAGES    := xfblas/images/default_short.xclbin

lib: $(LIBRARIES) $(LINKS) lib/pkgconfig/xfblas.pc $(IMAGES) ## Build lib/libxfblas.so for C programs (-lxfblas), lib/xfblas.so and lib/libxfblas_public.so for programs that pass --lib.

LIB_OBJECTS := $(HOST_SOURCES:host_cpp/src/%.cpp=build/lib/%.o)

lib/xfblas.so: $(HOST_SOURCES) $(HOST_HEADERS) pyproject.toml host_cpp/cffi_build.py
	@command -v $(CXX) >/dev/null || { \
	  echo "xfblas needs a C++17 compiler: $(CXX) is not installed (Debian: apt-get install g++)" >&2; exit 1; }
	@echo "building $@"
	@mkdir -p lib
	@$(MAKE) --no-print-directory -j$$(nproc) $(LIB_OBJECTS)
	@$(CXX) -shared -o $@ $(LIB_OBJECTS) -pthread -ldl -Wl,-z,nodelete -Wl,-soname,$(SONAME)

$(LINKS): lib/xfblas.so
	@ln -sf xfblas.so $@

# For pkg-config, with the folders of the header and of the images seen from where lib/ lies.
describe = sed -e 's|@VERSION@|$(VERSION)|; s|@INCLUDE@|$(1)|; s|@IMAGES@|$(2)|' host_cpp/xfblas.pc.in

lib/pkgconfig/xfblas.pc: host_cpp/xfblas.pc.in pyproject.toml Makefile
	@mkdir -p $(@D)
	@$(call describe,host_cpp/include,xfblas/images) >$@

# Without a virtual environment: this part of the package needs nothing but Python.
$(IMAGES): $(wildcard xfblas/image/*.py hw/platforms/*/platform.cfg)
	@$(MAKE) --no-print-directory check
	@$(PYTHON) -c 'from xfblas.image.images import write_images; write_images("xfblas/images")'
	@touch $@

PREFIX ?= /usr/local
TO      = $(DESTDIR)$(PREFIX)

install: lib ## Copy the C libraries, their headers and the images to PREFIX (/usr/local).
	@install -d $(TO)/lib/pkgconfig $(TO)/include $(TO)/share/xfblas/images
	@install -m 755 $(LIBRARIES) $(TO)/lib
	@mv $(TO)/lib/xfblas.so $(TO)/lib/$(SONAME)
	@ln -sf $(SONAME) $(TO)/lib/libxfblas.so
	@install -m 644 host_cpp/include/*.h $(TO)/include
	@install -m 644 xfblas/images/*.xclbin xfblas/images/*.dat $(TO)/share/xfblas/images
	@$(call describe,include,share/xfblas/images) >$(TO)/lib/pkgconfig/xfblas.pc
	@echo "installed the C library in $(TO); programs link it with: pkg-config --cflags --libs xfblas"

# The extension module's, so that both libraries give the same bytes.
COMPILE_FLAGS := $(shell sed -n 's/^COMPILE_FLAGS = //p' host_cpp/cffi_build.py | tr -d '[],"')

# The public library's C functions, which look for the library above beside them.
lib/libxfblas_public.so: $(PUBLIC_SOURCES) $(HOST_HEADERS)
	@echo "building $@"
	@mkdir -p lib
	@$(CXX) -std=c++17 -O2 -fPIC -fvisibility=hidden -shared -Ihost_cpp/include -o $@ $(PUBLIC_SOURCES) \
	  -pthread -ldl -Wl,-z,nodelete

# Every header counts for every object: they are few, and a stale object costs more than a minute.
build/lib/%.o: host_cpp/src/%.cpp $(HOST_HEADERS) pyproject.toml host_cpp/cffi_build.py
	@mkdir -p $(@D)
	@$(CXX) $(COMPILE_FLAGS) -fPIC -pthread -DXFBLAS_VERSION='"$(VERSION)"' \
	  -Ihost_cpp/include -Ihost_cpp/src -Ihw/include -c -o $@ $<

image: $(VENV)/installed-apps ## Build the packaged images and their configurations again.
	@$(PY) -c 'from xfblas.image.images import write_images; print(*write_images("xfblas/images"), sep="\n")'

bench: $(VENV)/installed-bench ## Compare speed with other libraries, side by side in one run (ARGS=--quick).
	@$(PY) -m bench $(ARGS)

clean: ## Remove everything that was built, the virtual environment included.
	rm -rf $(VENV) build lib dist *.egg-info xfblas/*.so xfblas/images apps/mlp_keras/data apps/unet_street/data
