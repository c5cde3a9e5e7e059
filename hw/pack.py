"""Packs a kernel library for this CPU into an image, with all that a real xclbin says of itself.

    pack.py --board u250 --library libfcnKernel.so --config config_info.dat --output fcn.xclbin

Board and configuration are those that ``configure.py`` read and wrote for the library.
"""

import argparse
import pathlib
import sys

from configure import BadBoard, board_path, read_board
from xfblas.errors import XfblasError
from xfblas.image.builder import ImageSpecification, build_image
from xfblas.image.configuration import Configuration, parse_options
from xfblas.image.images import memory_banks


def specification(board, config: pathlib.Path, library: pathlib.Path) -> ImageSpecification:
    """The image of a board: a memory of its own for each compute unit."""
    configuration = Configuration.from_options(parse_options(config.read_text(), str(config)))
    return ImageSpecification(
        configuration=configuration,
        platform=board["platform"],
        banks=memory_banks(
            configuration.kernel_count * len(configuration.engines),
            board["bank_bytes"] * board["banks_of_a_unit"],
        ),
        part=board["part"],
        clock_mhz=board["clock_mhz"],
        library=library.read_bytes(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    for name in ("library", "config", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    try:
        board = read_board(board_path(arguments.board))
        build_image(specification(board, arguments.config, arguments.library), arguments.output)
    except (BadBoard, XfblasError, OSError) as error:
        sys.exit(f"pack.py: {error}")


if __name__ == "__main__":
    main()
