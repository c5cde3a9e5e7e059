"""The kernels against the oracle, to the bit, on random programs over every integer engine."""

import os

import pytest
import random_programs

from xfblas.image.boards import board_names

# Instructions for each engine and type; long runs set it higher.
COUNT = int(os.environ.get("XFBLAS_HW_PROGRAMS", "1500"))
ENGINES = [(e, d) for e in ("fcn", "gemm", "gemv") for d in ("short", "int8")]
BOARDS = [board for board in board_names() if board != "small"]


@pytest.mark.sampled("fcn-short")
@pytest.mark.parametrize("engine, dtype", ENGINES)
def test_smallest_engine(kernel_of, engine, dtype, seed):
    """Every edge of tile, strip, chunk and word comes up in a few hundred of these."""
    random_programs.run(kernel_of(engine, dtype), seed, COUNT)


@pytest.mark.sampled("fcn-short")
@pytest.mark.parametrize("engine, dtype", ENGINES)
def test_streams_of_depth_one(kernel_of, engine, dtype, seed):
    """No result, and no progress, may depend on a stream that holds more than one item."""
    kernel = kernel_of(engine, dtype, variant="shallow", flags="-DXFBLAS_STREAM_DEPTH=1")
    random_programs.run(kernel, seed, COUNT // 2)


@pytest.mark.hw
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("engine, dtype", ENGINES)
def test_boards(kernel_of, engine, dtype, board, seed):
    random_programs.run(kernel_of(engine, dtype, board), seed, max(8, COUNT // 50))


@pytest.mark.sampled("short")
@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_maps_in_chunks_of_several_words(kernel_of, dtype, seed):
    """The smallest engine's chunk is one memory word; those of boards hold more of a tap."""
    random_programs.run(kernel_of("fcn", dtype, "u250"), seed, COUNT // 20, maps_alone=True)
