"""Turns the data file of a board into what builds and hosts read.

    configure.py --board u250 --engine fcn --dtype short --output build/u250-fcn-short

writes xfblas_configuration.hpp (the kernel's constants), config_info.dat (what the host reads
beside an image) and link.cfg (where v++ puts the compute units). ``--board`` may be the path of a
data file as well. Nothing but the standard library is used.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ELEMENTS = {"short": ("int16_t", 2), "int8": ("int8_t", 1), "float": ("float", 4)}
ENGINES = ("fcn", "gemm", "gemv")
NUMBERS = (
    "clock_mhz",
    "slrs",
    "compute_units",
    "banks",
    "banks_of_a_unit",
    "bank_bytes",
    "word_bytes",
    "burst_cycles",
    "memory_latency",
)


class BadBoard(Exception):
    """The data file does not describe a board; the text says which line is at fault."""


def read_board(path):
    """Returns the ``name = value`` lines of a board's data file as a dictionary."""
    values = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name or not value:
            raise BadBoard(f"{path} line {number}: '{line}' is not name = value")
        if name in values:
            raise BadBoard(f"{path} line {number}: {name} is given twice")
        values[name] = value
    for name in NUMBERS:
        try:
            values[name] = int(values[name])
        except KeyError:
            raise BadBoard(f"{path}: {name} is missing") from None
        except ValueError:
            raise BadBoard(f"{path}: {name} is '{values[name]}', expected a number") from None
    return values


def board_path(board):
    """Returns the data file of a board given by its name or as a path."""
    path = pathlib.Path(board)
    if path.is_file():
        return path
    path = HERE / "platforms" / board / "platform.cfg"
    if not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in HERE.glob("platforms/*/platform.cfg")))
        raise BadBoard(f"no board is called '{board}', expected one of {known}")
    return path


def pair(board, name):
    """Returns the two numbers of a value such as 32x64."""
    try:
        rows, columns = (int(part) for part in board[name].split("x"))
    except (KeyError, ValueError):
        text = board.get(name, "missing")
        raise BadBoard(f"{name} is {text}, expected rows x columns as in 32x32") from None
    return rows, columns


def engine_sizes(board, dtype):
    """Returns array, tile and chunk of the engine for an element type."""
    array, tile = pair(board, f"{dtype}.array"), pair(board, f"{dtype}.tile")
    return array, tile, int(board[f"{dtype}.chunk"])


def constants(board, dtype):
    """Returns the text of the kernel's constants."""
    element, _ = ELEMENTS[dtype]
    array, tile, chunk = engine_sizes(board, dtype)
    vector = pair(board, "vector")
    pages = board["bank_bytes"] * board["banks_of_a_unit"] // 4096
    numbers = {
        "word_bytes": board["word_bytes"],
        "array_rows": array[0],
        "array_columns": array[1],
        "tile_rows": tile[0],
        "tile_columns": tile[1],
        "chunk": chunk,
        "vector_rows": vector[0],
        "vector_chunk": vector[1],
        "bank_pages": pages,
        "burst_cycles": board["burst_cycles"],
        "memory_latency": board["memory_latency"],
    }
    lines = [f"constexpr int {name} = {value};" for name, value in numbers.items()]
    return "\n".join(
        [
            f"// Made by hw/configure.py from the data of {board['platform']}.",
            "#ifndef XFBLAS_CONFIGURATION_CONSTANTS_HPP",
            "#define XFBLAS_CONFIGURATION_CONSTANTS_HPP",
            "",
            "#include <stdint.h>",
            "",
            "namespace xfblas {",
            "namespace configuration {",
            "",
            f"using Element = {element};",
            *lines,
            "",
            "}  // namespace configuration",
            "}  // namespace xfblas",
            "",
            "#endif",
            "",
        ]
    )


def config_info(board, engine, dtype, units):
    """Returns the text of config_info.dat."""
    _, element_bytes = ELEMENTS[dtype]
    addend = {"short": "int32_t", "int8": "int32_t", "float": "float"}[dtype]
    width = board["word_bytes"] // element_bytes
    addend_bytes = 4 if engine == "fcn" else element_bytes
    values = {
        "dataType": dtype,
        "XdataType": addend if engine == "fcn" else dtype,
        "ddrWidth": width,
        "XddrWidth": board["word_bytes"] // addend_bytes,
        "argInstrWidth": 1,
        "instructionSizeBytes": 64,
        "numInstr": 64,
        "numKernels": units,
        "gemmMBlocks": 1,
        "gemmKBlocks": 1,
        "gemmNBlocks": 1,
        "macBits": 32 if dtype == "int8" else 48,
        "runGemm": int(engine == "gemm"),
        "runGemv": int(engine == "gemv"),
        "runFcn": int(engine == "fcn"),
        "part": board["part"],
        "fpgaDdrBanks": board["banks"],
    }
    # What the packed layout and the cycle model need; hosts of the public library pass over it.
    array, tile, chunk = engine_sizes(board, dtype)
    vector = pair(board, "vector")
    values |= {
        "arrayRows": array[0],
        "arrayColumns": array[1],
        "tileRows": tile[0],
        "tileColumns": tile[1],
        "chunk": chunk,
        "vectorRows": vector[0],
        "vectorChunk": vector[1],
        "burstCycles": board["burst_cycles"],
        "memoryLatency": board["memory_latency"],
        "clockMHz": board["clock_mhz"],
    }
    return "".join(f"BLAS_{name}={value}\n" for name, value in values.items())


def link_configuration(board, engine, units):
    """Returns v++'s connectivity: a memory and an SLR for each compute unit."""
    share = board["banks_of_a_unit"]
    if units * share > board["banks"]:
        raise BadBoard(
            f"{units} compute units need {units * share} banks, the board has {board['banks']}"
        )
    kernel = f"{engine}Kernel"
    lines = ["[connectivity]", f"nk={kernel}:{units}"]
    for unit in range(units):
        first = unit * share
        banks = str(first) if share == 1 else f"{first}:{first + share - 1}"
        for port in ("rd", "wr"):
            lines.append(f"sp={kernel}_{unit + 1}.{port}:{board['memory']}[{banks}]")
        if board["slrs"] > 1:
            lines.append(f"slr={kernel}_{unit + 1}:SLR{unit % board['slrs']}")
    return "\n".join(lines) + "\n"


def write_if_new(path, text):
    """Leaves a file alone that is right already, so that nothing is built again for it."""
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--dtype", choices=sorted(ELEMENTS), required=True)
    parser.add_argument("--units", type=int, help="compute units, instead of the board's number")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    try:
        board = read_board(board_path(arguments.board))
        units = arguments.units or board["compute_units"]
        files = {
            "xfblas_configuration.hpp": constants(board, arguments.dtype),
            "config_info.dat": config_info(board, arguments.engine, arguments.dtype, units),
            "link.cfg": link_configuration(board, arguments.engine, units),
        }
    except BadBoard as error:
        sys.exit(f"configure.py: {error}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_if_new(arguments.output / name, text)


if __name__ == "__main__":
    main()
