"""Packs a kernel library for this CPU into an image, with all that a real xclbin says of itself.

    pack.py --board u250 --library libfcnKernel.so --config config_info.dat --output fcn.xclbin

Board and configuration are those that ``configure.py`` read and wrote for the library.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from xfblas.errors import XfblasError
from xfblas.files import write_if_new
from xfblas.image.boards import Board, read_board
from xfblas.image.builder import ImageSpecification, build_container
from xfblas.image.built_here import record
from xfblas.image.configuration import Configuration, parse_options
from xfblas.image.images import memory_banks


def specification(board: Board, config: pathlib.Path, library: pathlib.Path) -> ImageSpecification:
    """The image of a board: a memory of its own for each compute unit."""
    configuration = Configuration.from_options(parse_options(config.read_text(), str(config)))
    return ImageSpecification(
        configuration=configuration,
        platform=board.text("platform"),
        banks=memory_banks(
            configuration.kernel_count
            * (len(configuration.engines) + (configuration.network is not None)),
            board.number("bank_bytes") * board.number("banks_of_a_unit"),
        ),
        part=board.text("part"),
        clock_mhz=board.number("clock_mhz"),
        library=library.read_bytes(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    for name in ("library", "config", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    try:
        board = read_board(arguments.board)
        image = build_container(specification(board, arguments.config, arguments.library))
        write_if_new(arguments.output, image.serialize())
        record(image)
    except (XfblasError, OSError) as error:
        sys.exit(f"pack.py: {error}")


if __name__ == "__main__":
    main()
