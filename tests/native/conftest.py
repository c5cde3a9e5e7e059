"""The native engine's parts as a library of its own, built once for all tests here."""

import ctypes
import os

import building
import pytest
from problems import InstructionSet


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The shared library; XFBLAS_NATIVE_LIBRARY names one that is built already."""
    path = os.environ.get("XFBLAS_NATIVE_LIBRARY")
    if path is None:
        path = building.build_once(tmp_path_factory, "native.so", building.build_parts)
    return _loaded(path)


def _loaded(path):
    loaded = ctypes.CDLL(str(path))
    loaded.isa_name.restype = ctypes.c_char_p
    loaded.encode_row.restype = loaded.has_quads.restype = loaded.has_tiles.restype = ctypes.c_bool
    return loaded


@pytest.fixture(scope="session")
def instruction_sets(library):
    """The instruction sets that this CPU runs."""
    found = []
    for name in iter(lambda: library.isa_name(len(found)), None):
        found.append(InstructionSet(name))
        found[-1].has_quads = library.has_quads(name)
        found[-1].has_tiles = library.has_tiles(name)
    return found


@pytest.fixture(scope="session")
def vector_sets(instruction_sets):
    """Those that choose between ways of adding up, for want of tiles."""
    return [isa for isa in instruction_sets if not isa.has_tiles]


@pytest.fixture(scope="session")
def tile_library(tmp_path_factory):
    """The library with the code for AMX as it is, but on the twin of its registers."""

    def build(path):
        return building.build_parts(path, flags=("-DXFBLAS_TILE_TWIN",))

    return _loaded(building.build_once(tmp_path_factory, "tiles.so", build))
