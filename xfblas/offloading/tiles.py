"""Products of operands that are larger than memory, tile by tile over a device's compute units.

A tile of the result adds up products of tiles along k. While a unit computes one, a thread reads
the next pair from its file or store. Each unit has its own tiles of the result, so that on a card
one sends while another runs.
"""

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from itertools import product
from typing import Any

import numpy as np

from xfblas.checks import require_integer, require_truth
from xfblas.device.binding import INT_MAX
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.shared_work import SharedWork
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.offloading.product_kinds import ProductKind
from xfblas.offloading.stored_arrays import is_stored
from xfblas.rows.result_array import empty_result

#: Bytes that tiles take where the caller says nothing.
MEMORY = 2**30
LEAST_MEMORY = 2**20
#: A product of more multiplications is cut, so that it can be interrupted: about 3 s of one core.
LONG = 2**38
#: Of a tile: about half a second of one core.
LONG_TILE = 2**36
LEAST_TILE = 64
#: Fewer multiplications are not worth a second unit: an array of 1,024 takes half a millisecond.
WORTH_SHARING = 2**27


def takes_tiles(
    kind: ProductKind, a: Any, b: Any, out: Any, device: Device | None, options: dict[str, Any]
) -> bool:
    """Whether a product is better cut.

    It is asked for, operands are stored, large or long, or several units share the work.
    """
    memory = options.get("memory")
    if memory is not None:
        require_integer("memory", memory, LEAST_MEMORY, 2**62)
    asked = require_truth("progress", options.get("progress", False)) or memory is not None
    if isinstance(b, DeviceMatrix) or len(a.shape) != 2 or len(b.shape) != 2:
        if asked:
            raise NotSupportedError(
                "memory and progress are for products of two matrices in host memory or files"
            )
        return False
    if 0 in (*a.shape, *b.shape):
        return False
    if asked or any(is_stored(each) for each in (a, b, out)):
        return True
    (m, k), n = a.shape, b.shape[1]
    mapped = sum(each.nbytes for each in (a, b, out) if isinstance(_mapped(each), np.memmap))
    if mapped > MEMORY or m * k * n > LONG:
        return True
    worth = m * k * n >= WORTH_SHARING and max(m, k, n) <= INT_MAX
    if worth and len(kind.device(device).sharing_units) > 1:
        return True
    if device is None or device.target == "native":
        return False
    return (m * k + k * n + m * n) * a.dtype.itemsize > device.memory_bytes // 2


def tile_sizes(kind: ProductKind, m: int, k: int, n: int, memory: int) -> tuple[int, int, int]:
    """Rows, steps of k and columns of a tile, whose work fits ``memory`` bytes.

    Of each operand two tiles are there, one being read, and a third where its type is changed. Of
    the result there are the sum and what is added to it. Whole sums are of 8 bytes at first, beside
    which the engine packs half as much; split products keep slices of operands and several results.
    """
    is_split = kind.result.kind == "f" and kind.image.kind == "i"
    operand = [(12 if is_split else 3) * each.itemsize for each in kind.operands]
    if is_split:
        result = 4 * kind.result.itemsize
    elif kind.result.itemsize > kind.image.itemsize:
        result = 8 + 4 + max(kind.result.itemsize, 8)
    else:
        result = 2 * max(kind.result.itemsize, 2)
    most = {"m": m, "k": k, "n": n}
    tile = {name: min(size, LEAST_TILE) for name, size in most.items()}
    if not kind.adds:
        tile["k"] = k
    growing = set(tile)
    while growing:
        name = min(sorted(growing), key=lambda each: tile[each])
        larger = tile | {name: min(most[name], 2 * tile[name])}
        rows, steps, columns = larger["m"], larger["k"], larger["n"]
        need = rows * steps * operand[0] + steps * columns * operand[1] + rows * columns * result
        fits = need <= memory and math.prod(larger.values()) <= LONG_TILE
        if fits and larger != tile:
            tile = larger
        else:
            growing.discard(name)
    return tile["m"], tile["k"], tile["n"]


def _shared_sizes(rows: int, columns: int, units: int) -> tuple[int, int]:
    """Rows and columns of a tile as large as one unit's share of these."""
    if rows >= columns:
        return max(LEAST_TILE, -(-rows // units)), columns
    return rows, max(LEAST_TILE, -(-columns // units))


def tiled_product(
    kind: ProductKind, a: Any, b: Any, out: Any, device: Device | None, options: dict[str, Any]
) -> Any:
    """``a @ b`` of two matrices, which may be stored, into ``out`` or a new array.

    An interrupt ends it after the tiles that are under way; ``out`` then holds some of the result.
    """
    (m, k), n = a.shape, b.shape[1]
    if out is not None and tuple(out.shape) != (m, n):
        raise InvalidValueError(f"out has shape {tuple(out.shape)}, expected {(m, n)}")
    _require_another(out, a, b)
    opened = kind.device(device)
    several = len(opened.sharing_units) > 1
    units = opened.sharing_units if several else opened.compute_units
    memory = (options.get("memory") or MEMORY) // len(units)
    if opened.target != "native":
        memory = min(memory, opened.memory_bytes // 2)
    rows, steps, columns = tile_sizes(kind, m, k, n, memory)
    if several:
        rows, columns = _shared_sizes(rows, columns, len(units))
    shares = isinstance(out, np.ndarray) and any(_shares(out, each) for each in (a, b))
    target = empty_result((m, n), kind.result) if out is None or shares else out
    places = product(_slices(m, rows), _slices(n, columns))
    parts = _slices(k, steps)
    work = _Tiles(kind, a, b, target, places, parts)
    count = -(-m // rows) * -(-n // columns) * len(parts)
    with _progress(count, options.get("progress", False)) as advance:
        work.run(units, advance)
    if shares:
        out[...] = target
    return target if out is None else out


class _Tiles:
    def __init__(self, kind: ProductKind, a: Any, b: Any, out: Any, places: Any, parts: Any):
        self._kind, self._a, self._b, self._out = kind, a, b, out
        self._places: list[Any] = list(places)
        self._parts = parts
        self._lock = threading.Lock()

    def run(self, units: Any, advance: Any) -> None:
        shared = SharedWork(units, self._places)
        shared.run(lambda number: self._work(shared, number, units[number], advance))

    def _work(self, shared: SharedWork, number: int, unit: ComputeUnit, advance: Any) -> None:
        with ThreadPoolExecutor(1) as reader:
            following = None
            while (place := following or shared.take(number)) is not None:
                if following is None:
                    reading = self._read(reader, place, self._parts[0])
                kind = self._kind.within(self._out.shape, place)
                total = following = None
                for index, _ in enumerate(self._parts):
                    left, right = reading.result()
                    if index + 1 < len(self._parts):
                        reading = self._read(reader, place, self._parts[index + 1])
                    else:
                        following = shared.take(number, is_ahead=True)
                        if following is not None:
                            reading = self._read(reader, following, self._parts[0])
                    if shared.stopped.is_set():
                        return
                    part = kind.compute(unit, left, right)
                    total = part if total is None else np.add(total, part, out=total)
                    advance()
                with self._lock:
                    self._out[place] = total
                shared.done(number)

    def _read(self, reader: ThreadPoolExecutor, place: Any, part: slice) -> Future[Any]:
        def read() -> Any:
            first, second = self._kind.operands
            return (
                np.ascontiguousarray(self._a[place[0], part], first),
                np.ascontiguousarray(self._b[part, place[1]], second),
            )

        return reader.submit(read)


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _shares(out: Any, operand: Any) -> bool:
    if not isinstance(operand, np.ndarray):
        return False
    files = [getattr(_mapped(each), "filename", None) for each in (out, operand)]
    return np.may_share_memory(out, operand) or (files[0] is not None and files[0] == files[1])


def _mapped(array: Any) -> Any:
    return array if isinstance(array, np.memmap) else getattr(array, "base", None)


def _require_another(out: Any, *operands: Any) -> None:
    for name, operand in zip("ab", operands, strict=True):
        is_same = out is operand
        if not is_same and is_stored(out) and type(out) is type(operand):
            is_same = out == operand if hasattr(out, "id") else _place(out) == _place(operand)
        if is_same and out is not None and not isinstance(out, np.ndarray):
            raise InvalidValueError(f"out is {name} itself, expected another array")


def _place(stored: Any) -> Any:
    return str(getattr(stored, "store_path", id(stored)))


def _progress(count: int, is_shown: bool) -> Any:
    if not is_shown:
        return nullcontext(lambda: None)
    try:
        from rich.progress import Progress
    except ImportError:
        raise NotSupportedError("progress needs rich: pip install rich") from None
    return _Shown(Progress(), count)


class _Shown:
    """A bar of rich, as a context whose value counts one tile more."""

    def __init__(self, bar: Any, count: int):
        self._bar, self._count = bar, count

    def __enter__(self) -> Any:
        self._bar.start()
        task = self._bar.add_task("matmul", total=self._count)
        return lambda: self._bar.advance(task)

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
