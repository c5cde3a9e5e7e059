"""The image of a streaming network whose sizes are given: in memory, or built with its kernels."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from xfblas.device.default_images import emulation_image
from xfblas.image.boards import Board
from xfblas.image.builder import ImageSpecification, build_container
from xfblas.image.images import memory_banks
from xfblas.image.stream_image import stream_configuration
from xfblas.image.stream_network import StreamNetwork


@contextlib.contextmanager
def image_in_memory(board: Board, network: StreamNetwork) -> Iterator[Path]:
    """The path of an image without kernels, for ``native``, as long as the block runs."""
    specification = ImageSpecification(
        configuration=stream_configuration(board, network),
        platform=board.text("platform"),
        banks=memory_banks(1, board.number("bank_bytes") * board.number("banks_of_a_unit")),
        part=board.text("part"),
        clock_mhz=board.number("clock_mhz"),
    )
    descriptor = os.memfd_create("stream")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(build_container(specification).serialize())
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def built_image(
    board: Board,
    network: StreamNetwork,
    outputs: Sequence[str] | None,
    multipliers: int | None,
) -> Path:
    """The path of an image with the network's kernels for this CPU, which is built once.

    Raises:
        ImageError: the kernels' sources are not here, or do not compile.
    """
    functions = [layer.activation for layer in network.layers]
    options = {
        "PLATFORM": board.name,
        "ENGINE": "stream",
        "LAYERS": ",".join(map(str, network.sizes)),
        "ACTIVATION": ",".join(functions[:1] if len(set(functions)) == 1 else functions),
        "OUTPUTS": "" if outputs is None else ",".join(outputs),
        "MULTIPLIERS": "" if multipliers is None else str(multipliers),
        "DTYPE": network.data_type,
    }
    return emulation_image(options)
