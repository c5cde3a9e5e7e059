"""Cycles, time and efficiency of products on a board, by the cycle model of the kernels.

The model is ``hw/include/xfblas/cycle_model.hpp``; the host library evaluates it. Everything here
is an estimate: nobody has measured these kernels on a card yet.
"""

from dataclasses import asdict, dataclass

from xfblas.device.binding import check, ffi, lib
from xfblas.device.epilogue_flags import BIAS_ROW, FUNCTIONS
from xfblas.errors import InvalidValueError
from xfblas.image.boards import Board
from xfblas.image.element_types import ELEMENT_TYPES
from xfblas.image.machine import Machine

OPCODES = {"gemv": 1, "gemm": 2, "fcn": 8}
SOFTMAX = 10
A_PACKED, B_PACKED = 1 << 4, 1 << 5
#: Seconds that starting a kernel through XRT costs on real cards (45 to 100 us were reported).
LAUNCH_SECONDS = 70e-6
#: Bytes a second that a card in a PCIe gen3 x16 slot moves, of 15.75e9 by the standard.
PCIE_BYTES_PER_SECOND = 12e9


@dataclass(frozen=True)
class Estimate:
    """One product on one compute unit.

    Attributes:
        name: of the layer.
        m, k, n: its sizes.
        cycles: from reading the instruction to the last word of C.
        seconds: those cycles at the board's clock.
        operations: multiplications and additions, 2*m*k*n.
        gops: operations a second, in 1e9.
        efficiency: part of the array's peak, 0 to 1.
        bound: ``"MACs"``, ``"memory"`` or ``"drain"``: what takes longest by itself; ``"launch"``
            where none of them is the larger part.
    """

    name: str
    m: int
    k: int
    n: int
    cycles: int
    seconds: float
    operations: int
    gops: float
    efficiency: float
    bound: str


@dataclass(frozen=True)
class CallEstimate:
    """Products in the order of computation, and what surrounds them.

    Attributes:
        products: of every launch.
        launch_seconds: of starting the kernel and reading its programs.
        input_seconds, output_seconds: of moving inputs and outputs over PCIe.
        seconds: all of it.
        rows_per_second: rows of the input divided by ``seconds``; 0 without products.
    """

    products: tuple[Estimate, ...]
    launch_seconds: float
    input_seconds: float
    output_seconds: float
    seconds: float
    rows_per_second: float

    def to_dict(self) -> dict:
        """The same as plain numbers and texts, for JSON."""
        return asdict(self)


def estimate_product(
    board: Board,
    engine: str,
    dtype: str,
    m: int,
    k: int,
    n: int = 1,
    *,
    packed: bool = False,
    rows: bool = False,
    table: bool = False,
    name: str = "",
) -> Estimate:
    """What one product takes on a compute unit of a board.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        engine: ``"fcn"`` or ``"gemm"`` for A (m, k) times B (k, n), ``"gemv"`` for A times x (k,).
        dtype: ``"short"``, ``"int8"`` or ``"float"``.
        m, k, n: sizes, 1 or more.
        packed: whether A lies tile-contiguous in memory as well as B. Otherwise it lies in rows, as
            products and models have it: B is packed where it is sent.
        rows: whether B lies in rows too, as the functions of the L3 interface send it.
        table: whether the host sends a table of its activation (``"fcn"``, integers).

    Raises:
        InvalidValueError: a size, the engine or the element type cannot be used.
    """
    for size_name, size in (("m", m), ("k", k), ("n", n)):
        if not 1 <= size < 2**31:
            raise InvalidValueError(f"{size_name} is {size}, expected 1 or more")
    if m * k * n >= 2**60:
        raise InvalidValueError(
            f"m, k and n are {m}, {k} and {n}, expected a product of fewer than 2**60 "
            "multiplications, whose cycles can be counted"
        )
    if engine not in OPCODES:
        raise InvalidValueError(f"engine is {engine!r}, expected {' or '.join(OPCODES)}")
    if engine == "gemv" and n != 1:
        raise InvalidValueError(f"n is {n}, expected 1: the gemv engine takes a vector")
    if packed and rows:
        raise InvalidValueError("packed and rows are both True, expected one of them")
    machine = board.machine(dtype, engine)
    addend_elements = 4 // ELEMENT_TYPES[dtype].bytes if engine == "fcn" else 1
    layout = 0 if rows else B_PACKED | A_PACKED * packed
    words = _instruction(machine, engine, m, k, n, layout, table)
    cycles = ffi.new("xfblasCycles_t *")
    check(lib.xfblasEstimate(c_machine(machine, addend_elements), words, cycles))
    seconds = cycles.total / (machine.clock_mhz * 1e6)
    operations = 2 * m * k * n
    peak = machine.word_elements if engine == "gemv" else machine.multipliers
    parts = {"MACs": cycles.compute, "memory": cycles.memory, "drain": cycles.drain}
    longest = max(parts, key=parts.get)
    return Estimate(
        name or f"{m}x{k}x{n}",
        m,
        k,
        n,
        cycles.total,
        seconds,
        operations,
        operations / seconds / 1e9,
        m * k * n / (cycles.total * peak),
        longest if 2 * parts[longest] >= cycles.total else "launch",
    )


def estimate_softmax(
    board: Board,
    dtype: str,
    m: int,
    classes: int,
    *,
    kind: int = 0,
    windows: int = 1,
    exp_bits: int = 12,
    inv_table_bits: int = 12,
) -> int:
    """Cycles of a softmax by tables on a compute unit of a board.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        dtype: ``"short"`` or ``"int8"``.
        m: rows.
        classes, windows: of a row, whose elements are both multiplied.
        kind: 0 stable, 1 latency, 2 legacy, 3 argmax.
        exp_bits, inv_table_bits: powers of two of the tables' entries.

    Raises:
        InvalidValueError: a size cannot be used, or the element type has no softmax.
    """
    if dtype == "float":
        raise InvalidValueError("dtype is 'float', expected short or int8: tables are for integers")
    machine = board.machine(dtype, "fcn")
    k = classes * windows
    columns, lda = _whole(machine, classes), _whole(machine, k)
    post = kind | exp_bits << 8 | inv_table_bits << 16
    widest = max(exp_bits, inv_table_bits)
    words = [SOFTMAX, 2, 3, 4, 0, m, k, columns, lda, classes, columns, 0]
    words += [post, widest | 18 << 16, 0, widest]
    cycles = ffi.new("xfblasCycles_t *")
    check(lib.xfblasEstimate(c_machine(machine, 4 // ELEMENT_TYPES[dtype].bytes), words, cycles))
    return int(cycles.total)


def estimate_calls(
    board: Board, dtype: str, chains: list[list[Estimate]], rows: int
) -> CallEstimate:
    """Several chains one after the other, each a launch of its own; the host's work takes no time.

    Args:
        board: where they run.
        dtype: the element type.
        chains: the products of each launch.
        rows: of the whole input.
    """
    element = ELEMENT_TYPES[dtype].bytes
    products = tuple(product for chain in chains for product in chain)
    moved_in = sum(chain[0].m * chain[0].k * element for chain in chains)
    moved_out = sum(chain[-1].m * chain[-1].n * element for chain in chains)
    launches = len(chains) * LAUNCH_SECONDS
    moves = moved_in / PCIE_BYTES_PER_SECOND, moved_out / PCIE_BYTES_PER_SECOND
    seconds = launches + sum(moves) + sum(product.seconds for product in products)
    return CallEstimate(products, launches, *moves, seconds, rows / seconds if seconds else 0.0)


def _instruction(machine: Machine, engine: str, m, k, n, layout, table) -> list[int]:
    """Words of an instruction as the host sends it: n, and all of a Gemv, in whole memory words."""
    lda, n = _whole(machine, k), _whole(machine, n)
    if engine == "gemv":
        return [OPCODES[engine], 2, 3, 4, 0, _whole(machine, m), lda, 0, lda, *[0] * 7]
    flags = BIAS_ROW | layout
    activation = [2, flags | FUNCTIONS["table"], 1] if table else [1 << 6, flags, 0]
    return [OPCODES[engine], 2, 3, 4, 5, m, k, n, lda, n, n, n, 1 << 8, *activation]


def _whole(machine: Machine, elements: int) -> int:
    return -(-elements // machine.word_elements) * machine.word_elements


def c_machine(machine: Machine, addend_elements: int):
    """The sizes of an engine as C takes them."""
    return ffi.new(
        "xfblasMachine_t *",
        {
            "wordElements": machine.word_elements,
            "addendElements": addend_elements,
            "arrayRows": machine.array_rows,
            "arrayColumns": machine.array_columns,
            "tileRows": machine.tile_rows,
            "tileColumns": machine.tile_columns,
            "chunk": machine.chunk,
            "vectorRows": machine.vector_rows,
            "vectorChunk": machine.vector_chunk,
            "updateInterval": machine.update_interval,
            "burstCycles": machine.burst_cycles,
            "memoryLatency": machine.memory_latency,
        },
    )
