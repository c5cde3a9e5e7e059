"""The boards that kernels can be built for: one data file each, ``hw/platforms/<board>``.

The same file gives the kernel its constants, v++ its connectivity, the host its padding, and the
cycle model its sizes.
"""

from dataclasses import dataclass
from pathlib import Path

from xfblas.checks import nearest_first
from xfblas.errors import InvalidValueError

from .board_rules import require_buildable
from .element_types import ELEMENT_TYPES
from .machine import Machine

#: In an installed package, and in the source tree.
FOLDERS = (Path(__file__).parent.parent / "platforms", Path(__file__).parents[2] / "hw/platforms")
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


@dataclass(frozen=True)
class Board:
    """A board's data file.

    Attributes:
        name: of its folder.
        path: of the file.
        values: texts by name.
    """

    name: str
    path: Path
    values: dict[str, str]

    def text(self, name: str) -> str:
        """A value as it stands.

        Raises:
            InvalidValueError: the file does not have it.
        """
        if name not in self.values:
            raise InvalidValueError(f"{self.path}: {name} is missing")
        return self.values[name]

    def number(self, name: str) -> int:
        """A value that is a whole number."""
        text = self.text(name)
        if not text.isdecimal():
            raise InvalidValueError(f"{self.path}: {name} is '{text}', expected a number")
        return int(text)

    def pair(self, name: str) -> tuple[int, int]:
        """The two numbers of a value such as 32x64."""
        rows, times, columns = self.text(name).partition("x")
        if not (times and rows.isdecimal() and columns.isdecimal()):
            raise InvalidValueError(
                f"{self.path}: {name} is {self.text(name)}, expected rows x columns as in 32x32"
            )
        return int(rows), int(columns)

    def machine(self, dtype: str, engine: str | None = None) -> Machine:
        """The engine's sizes for an element type: ``short``, ``int8`` or ``float``.

        Args:
            dtype: the element type.
            engine: ``"fcn"``, ``"gemm"`` or ``"gemv"``, which has sizes of its own; None for what
                all of them share.

        Raises:
            InvalidValueError: a size is missing, or the kernels cannot be built with it.
        """
        if dtype not in ELEMENT_TYPES:
            raise InvalidValueError(f"dtype is {dtype!r}, expected {' or '.join(ELEMENT_TYPES)}")
        array, tile = self.pair(f"{dtype}.array"), self.pair(f"{dtype}.tile")
        vector = self.pair("vector")
        machine = Machine(
            word_elements=self.number("word_bytes") // ELEMENT_TYPES[dtype].bytes,
            array_rows=array[0],
            array_columns=array[1],
            tile_rows=tile[0],
            tile_columns=tile[1],
            chunk=self.number(f"{dtype}.chunk"),
            vector_rows=vector[0],
            vector_chunk=vector[1],
            update_interval=ELEMENT_TYPES[dtype].update_interval,
            burst_cycles=self.number("burst_cycles"),
            memory_latency=self.number("memory_latency"),
            clock_mhz=self.number("clock_mhz"),
        )
        require_buildable(machine, self.number("word_bytes"), f"{self.path}: {dtype}", engine)
        return machine


def board_names() -> list[str]:
    """The boards that have a data file, without those made for tests."""
    folders = {path.parent.name for folder in FOLDERS for path in folder.glob("*/platform.cfg")}
    return sorted(folders - {"small"})


def find_board(
    board: str | None = None, part: str | None = None, platform: str | None = None
) -> str:
    """The board of a part's or a platform's name; u200 where nothing is said.

    Args:
        board: name of a board, or the path of a data file.
        part: an FPGA such as ``xcu250-figd2104-2L-e``; package and speed grade do not matter.
        platform: such as ``xilinx_u250_gen3x16_xdma_4_1_202210_1``; its release does not matter.

    Raises:
        InvalidValueError: no board has it, with those that there are, the nearest first; or they
            mean different ones.
    """
    found = {}
    if board is not None:
        read_board(board)
        found["board"] = board
    for argument, given, separator in (("part", part, "-"), ("platform", platform, "_xdma")):
        if given is not None:
            found[argument] = _board_with(argument, given, separator)
    if len(set(found.values())) > 1:
        means = ", ".join(f"{argument} means {name}" for argument, name in found.items())
        raise InvalidValueError(f"{means}: expected one board")
    return next(iter(found.values()), "u200")


def _board_with(argument: str, given: str, separator: str) -> str:
    """The board whose text of this name begins as the given one does."""
    texts = {name: read_board(name).text(argument) for name in board_names()}
    for name, text in texts.items():
        if given == text or _device_of(given, separator) == _device_of(text, separator):
            return name
    raise InvalidValueError(
        f"{argument} is {given!r}, expected that of a board: "
        f"{', '.join(nearest_first(given, list(texts.values())))}"
    )


def board_of_part(part: str) -> str | None:
    """The board that an image's configuration names, by its name or its FPGA; None for others."""
    names = {name: read_board(name).text("part") for name in board_names()}
    if part in names:
        return part
    same = (name for name, own in names.items() if _device_of(own, "-") == _device_of(part, "-"))
    return next(same, None)


def _device_of(text: str, separator: str) -> str:
    """What stands before the package of a part, and before the shell of a platform."""
    return text.lower().partition(separator)[0].partition("_gen3x")[0]


def read_board(board: str) -> Board:
    """A board by its name, or by the path of a data file.

    Raises:
        InvalidValueError: there is no such board, or a line of its file is not name = value.
    """
    candidates = [Path(board), *(folder / board / "platform.cfg" for folder in FOLDERS)]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        raise InvalidValueError(
            f"no board is called {board!r}, expected one of "
            f"{', '.join(nearest_first(board, board_names()))}"
        )
    values: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not (equals and name and value):
            raise InvalidValueError(f"{path} line {number}: '{line}' is not name = value")
        if name in values:
            raise InvalidValueError(f"{path} line {number}: {name} is given twice")
        values[name] = value
    found = Board(path.parent.name, path, values)
    for name in NUMBERS:
        found.number(name)
    return found
