"""Whether the engines that an image tells of fit the board that it names."""

from .board_rules import require_buildable
from .boards import board_of_part, read_board
from .configuration import Configuration
from .element_types import ELEMENT_TYPES
from .fitting import fits_of, require_fit, sizes_of, unit_use


def require_image_fits(configuration: Configuration, force: bool = False) -> None:
    """Raises where an engine of an image has a board that cannot hold a unit of it.

    Args:
        configuration: of the image; one that tells no sizes or a board that is not known passes.
        force: let it pass.

    Raises:
        InvalidValueError: the sizes cannot be built, or take too much of an SLR.
    """
    machine = configuration.machine
    name = board_of_part(configuration.part)
    if machine is None or name is None or configuration.network is not None:
        return
    board, dtype = read_board(name), configuration.data_type
    for engine in sorted(engine.lower() for engine in configuration.engines):
        what = f"{engine} {dtype} with {sizes_of(machine, engine)}"
        word_bytes = machine.word_elements * ELEMENT_TYPES[dtype].bytes
        require_buildable(machine, word_bytes, f"{board.name}: {dtype}", engine)
        require_fit(board, what, fits_of(board, unit_use(board, machine, dtype, engine), 1), force)
