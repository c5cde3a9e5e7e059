# xfblas in the Python of a board of ARM, and its tests there, under qemu-user.
#
#   make -f tests/arm.mk MACHINE=aarch64-linux-gnu      # or arm-linux-gnueabihf
#   TESTS=tests/engine  ARGS="-x -k softmax"  SUITE=trixie  MIRROR=http://...
#
# Debian's packages of Python, numpy, cffi, h5py and pytest for that machine are unpacked in a folder
# of build/, and this system's own packages stay as they are. There pip builds and installs xfblas
# as on a board. The one difference: the compiler that this Python asks for by name
# (aarch64-linux-gnu-g++) is a program of this CPU, the cross compiler, and takes a minute where
# qemu would take hours.

MACHINE ?= aarch64-linux-gnu
TESTS   ?= tests/engine
SUITE   ?= trixie
PYTHON_PACKAGES := python3-dev python3-numpy python3-cffi python3-h5py python3-pip python3-setuptools \
  python3-pytest python3-hypothesis

# Debian's name of the architecture, and the processor of the boards that have it.
aarch64-linux-gnu   := arm64 cortex-a53
arm-linux-gnueabihf := armhf cortex-a9
ARCHITECTURE := $(firstword $($(MACHINE)))
PROCESSOR    := $(lastword $($(MACHINE)))
QEMU         := qemu-$(firstword $(subst -, ,$(MACHINE)))
$(if $(ARCHITECTURE),,$(error MACHINE is $(MACHINE), expected aarch64-linux-gnu or arm-linux-gnueabihf))

FOLDER := $(CURDIR)/build/arm/$(ARCHITECTURE)
ROOT   := $(FOLDER)/root
PY     := $(FOLDER)/venv/bin/python
SOURCE := $(FOLDER)/source
INSTALLED_FROM := $(shell git ls-files -- host_cpp hw/include hw/platforms emulation compat xfblas) setup.py pyproject.toml

# An apt of its own: another architecture, no installed packages, this system's mirror.
MIRROR ?= $(shell apt-get indextargets --format '$$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' 2>/dev/null | head -1)
KEYS   := /usr/share/keyrings/debian-archive-keyring.gpg
APT    := apt-get -qq -o APT::Architecture=$(ARCHITECTURE) -o APT::Architectures=$(ARCHITECTURE) -o Dir::State=$(FOLDER)/apt \
  -o Dir::State::status=$(FOLDER)/apt/status -o Dir::Cache=$(FOLDER)/apt -o Dir::Etc::sourcelist=$(FOLDER)/apt/sources.list \
  -o Dir::Etc::sourceparts=- -o Debug::NoLocking=1 -o APT::Sandbox::User=$(shell id -un)

# A queue of 65536 operations, filled by one call each.
SLOW := tests/engine/test_map_errors.py::test_a_map_and_what_follows_it_stay_together

.PHONY: test check
# Programs that tests start must not find the source tree either, which is built for this CPU.
test: $(FOLDER)/installed
	@echo "the tests of $(TESTS) on $(MACHINE)"
	@PYTHONSAFEPATH=1 $(PY) -m pytest -p no:cacheprovider -m "not hw and not exhaustive" --deselect $(SLOW) $(ARGS) $(TESTS)

check:
	@for tool in $(QEMU):qemu-user $(MACHINE)-gcc:gcc-$(MACHINE) $(MACHINE)-g++:g++-$(MACHINE) apt-get:apt dpkg-deb:dpkg; do \
	  command -v $${tool%%:*} >/dev/null || { \
	    echo "make test-arm needs $${tool%%:*} (Debian: apt-get install $${tool##*:})" >&2; exit 1; }; done
	@test -n "$(MIRROR)" -a -f $(KEYS) || { \
	  echo "make test-arm needs a mirror of Debian and $(KEYS): pass MIRROR=, and install debian-archive-keyring" >&2; exit 1; }

$(FOLDER)/unpacked:
	@$(MAKE) --no-print-directory -f tests/arm.mk check MACHINE=$(MACHINE)
	@echo "unpacking Debian's Python for $(MACHINE) in $(ROOT) (50 MB to fetch)"
	@rm -rf $(FOLDER) && mkdir -p $(FOLDER)/apt/lists/partial $(FOLDER)/apt/archives/partial $(ROOT)/usr/lib
	@: >$(FOLDER)/apt/status
	@echo "deb [signed-by=$(KEYS)] $(MIRROR) $(SUITE) main" >$(FOLDER)/apt/sources.list
	@$(APT) update
	@$(APT) install --yes --no-install-recommends --download-only $(PYTHON_PACKAGES) >/dev/null
	@ln -s usr/lib $(ROOT)/lib
	@for package in $(FOLDER)/apt/archives/*.deb; do dpkg-deb -x $$package $(ROOT) || exit 1; done
	@for name in blas lapack; do ln -sf $$name/lib$$name.so.3 $(ROOT)/usr/lib/$(MACHINE); done
	@touch $@

# A virtual environment whose Python is a script, so that processes that pip and tests start are emulated too.
$(PY): $(FOLDER)/unpacked
	@mkdir -p $(@D)
	@printf 'home = $(ROOT)/usr/bin\ninclude-system-site-packages = true\n' >$(FOLDER)/venv/pyvenv.cfg
	@printf '#!/bin/sh\nexec $(QEMU) -L $(ROOT) -cpu $(PROCESSOR) -0 "$$0" $(ROOT)/usr/bin/python3 "$$@"\n' >$@
	@chmod +x $@

# Python's headers are in two folders, of which Debian has one among the C library's: behind the
# compiler's own.
$(FOLDER)/installed: $(PY) $(INSTALLED_FROM)
	@echo "pip installs xfblas for $(MACHINE) (some minutes)"
	@rm -rf $(SOURCE) && mkdir -p $(SOURCE)
	@git ls-files -z | xargs -0 cp --parents -t $(SOURCE)
	@headers="-idirafter $(ROOT)/usr/include -idirafter $$(echo $(ROOT)/usr/include/python3.*)" && \
	CXX=$(MACHINE)-g++ CPPFLAGS="$$headers" PYTHONSAFEPATH=1 $(PY) -m pip install --no-build-isolation --no-deps \
	  --force-reinstall --disable-pip-version-check $(SOURCE) >$(FOLDER)/install.log 2>&1 || { \
	  cat $(FOLDER)/install.log >&2; exit 1; }
	@touch $@
