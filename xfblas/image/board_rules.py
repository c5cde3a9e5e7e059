"""Which sizes of an engine can be built: what the kernels' templates assert, told beforehand.

The same rules stand as ``static_assert`` in ``hw/src/shape.hpp`` and ``hw/src/vector_shape.hpp``; a
test compiles sizes on either side of each.
"""

from xfblas.errors import InvalidValueError

from .machine import Machine

WORD_BYTES = (16, 32, 64)


def require_buildable(machine: Machine, word_bytes: int, where: str, engine=None) -> None:
    """Raises unless the kernels compile with these sizes.

    Args:
        machine: the sizes.
        word_bytes: of a memory word.
        where: what a message begins with, such as the board and its element type.
        engine: ``"gemv"`` looks at the sizes of its vectors too.

    Raises:
        InvalidValueError: a size cannot be built; says of each which and why.
    """
    rules = _rules(machine, word_bytes, engine == "gemv")
    broken = [f"{sizes}: {reason}" for sizes, holds, reason in rules if not holds]
    if broken:
        raise InvalidValueError(f"{where} cannot be built with {'; and with '.join(broken)}")


def _rules(machine, word_bytes, has_vectors):
    """What is looked at, whether it holds, and why it must, one after the other."""
    rows, columns = machine.array_rows, machine.array_columns
    array = f"an array of {rows}x{columns}"
    tile = f"a tile of {machine.tile_rows}x{machine.tile_columns}"
    yield (
        f"words of {word_bytes} bytes",
        word_bytes in WORD_BYTES,
        "a memory word has 16, 32 or 64 bytes",
    )
    yield (
        array,
        _is_power_of_two(rows) and _is_power_of_two(columns),
        "the array's rows and columns must be powers of two",
    )
    word = machine.word_elements
    for size, strip, name in (
        (machine.tile_rows, rows, "rows"),
        (machine.tile_columns, columns, "columns"),
    ):
        yield (
            f"{tile} and {array}",
            _holds(size, strip),
            f"a tile must hold whole strips of array_{name} {name}",
        )
        yield (
            f"{tile} and words of {word} elements",
            _holds(size, word),
            f"a tile must begin at a memory word: its {name} are a multiple of a word's elements",
        )
    yield (
        f"a chunk of {machine.chunk} and words of {word} elements",
        _holds(machine.chunk, word),
        "a chunk of k must be a multiple of a word's elements",
    )
    strips = (machine.tile_rows // max(1, rows)) * (machine.tile_columns // max(1, columns))
    yield (
        f"{tile}, which is {strips} strips of {array}",
        strips >= machine.update_interval,
        f"a tile must have at least {machine.update_interval} strips, as many as an addition takes "
        "cycles, or the array waits for its own sums",
    )
    if not has_vectors:
        return
    for size, name in ((machine.vector_rows, "block of y"), (machine.vector_chunk, "chunk of x")):
        yield (
            f"a {name} of {size} and words of {word} elements",
            _holds(size, word),
            f"a {name} must be whole memory words",
        )


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


def _holds(size: int, part: int) -> bool:
    return size > 0 and part > 0 and size % part == 0
