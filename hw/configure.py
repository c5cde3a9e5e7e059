"""Turns the data file of a board into what builds and hosts read.

    configure.py --board u250 --engine fcn --dtype short --output build/u250-fcn-short

writes xfblas_configuration.hpp (the kernel's constants), config_info.dat (what the host reads
beside an image) and link.cfg (where v++ puts the compute units). ``--board`` may be the path of a
data file as well. Nothing but the standard library is used.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from xfblas.errors import InvalidValueError
from xfblas.files import write_if_new
from xfblas.image.boards import Board, read_board
from xfblas.image.configuration import Configuration
from xfblas.image.element_types import ELEMENT_TYPES, type_name
from xfblas.image.fitting import require_unit_fits
from xfblas.image.regions import ports_of, slr_of

ENGINES = ("fcn", "gemm", "gemv")
PAGE_BYTES = 4096

CONSTANTS = """\
// Made by hw/configure.py from the data of {platform}.
#ifndef XFBLAS_CONFIGURATION_CONSTANTS_HPP
#define XFBLAS_CONFIGURATION_CONSTANTS_HPP

#include <stdint.h>

namespace xfblas {{
namespace configuration {{

using Element = {element};
{constants}

}}  // namespace configuration
}}  // namespace xfblas

#endif
"""


def constants(board: Board, engine: str, dtype: str) -> str:
    """The text of the kernel's constants."""
    machine = board.machine(dtype, engine)
    numbers = {
        "word_bytes": board.number("word_bytes"),
        "bank_pages": board.number("bank_bytes") * board.number("banks_of_a_unit") // PAGE_BYTES,
    }
    names = (
        "array_rows array_columns tile_rows tile_columns chunk vector_rows vector_chunk "
        "burst_cycles memory_latency"
    )
    numbers |= {name: getattr(machine, name) for name in names.split()}
    return CONSTANTS.format(
        platform=board.text("platform"),
        element=ELEMENT_TYPES[dtype].c_type,
        constants="\n".join(f"constexpr int {name} = {value};" for name, value in numbers.items()),
    )


def configuration(board: Board, engine: str, dtype: str, units: int) -> Configuration:
    """What the host needs to know of the image."""
    width = board.number("word_bytes") // ELEMENT_TYPES[dtype].bytes
    adds_wide = engine == "fcn" and dtype != "float"
    return Configuration(
        data_type=dtype,
        x_data_type="int32_t" if adds_wide else dtype,
        ddr_width=width,
        x_ddr_width=board.number("word_bytes") // 4 if adds_wide else width,
        mac_bits=32 if dtype == "int8" else 48,
        instructions_per_launch=64,
        kernel_count=units,
        engines=frozenset({engine.capitalize()}),
        part=board.text("part"),
        machine=board.machine(dtype),
    )


def link_configuration(board: Board, engine: str, units: int) -> str:
    """v++'s connectivity: a memory and an SLR for each compute unit."""
    share, banks = board.number("banks_of_a_unit"), board.number("banks")
    if not 0 < units * share <= banks:
        raise InvalidValueError(
            f"{units} compute units need {units * share} banks, the board {board.name} has {banks}"
        )
    kernel = f"{engine}Kernel"
    lines = ["[connectivity]", f"nk={kernel}:{units}"]
    for unit in range(units):
        lines += ports_of(board, kernel, unit)
        if board.number("slrs") > 1:
            lines.append(f"slr={kernel}_{unit + 1}:SLR{slr_of(board, unit)}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--dtype", type=type_name, choices=sorted(ELEMENT_TYPES), required=True)
    parser.add_argument("--units", type=int, help="compute units, instead of the board's number")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--force", action="store_true", help="build what takes too much of an SLR")
    arguments = parser.parse_args()
    engine, dtype = arguments.engine, arguments.dtype
    try:
        board = read_board(arguments.board)
        units = board.number("compute_units") if arguments.units is None else arguments.units
        files = {
            "xfblas_configuration.hpp": constants(board, engine, dtype),
            "link.cfg": link_configuration(board, engine, units),
            "config_info.dat": configuration(board, engine, dtype, units).to_text(),
        }
        require_unit_fits(board, dtype, engine, units, arguments.force)
    except InvalidValueError as error:
        sys.exit(f"configure.py: {error}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_if_new(arguments.output / name, text.encode())


if __name__ == "__main__":
    main()
