"""A compute unit: memory of its own, and a queue of operations that it runs."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from xfblas import arrays, forks
from xfblas.checks import require_instance, require_truth, shown
from xfblas.device.binding import INT_MAX, Handle, ffi, lib, pointer, require_index, require_integer
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.entries import ENTRIES, as_entries
from xfblas.device.epilogue_flags import BIAS_ROW, ROUND, SATURATE, function_flags
from xfblas.device.map_step import write_step
from xfblas.device.map_walk import MapWalk
from xfblas.device.softmax_fields import softmax_tables
from xfblas.errors import ExecutionError, InvalidValueError
from xfblas.uncopied import Uncopied

if TYPE_CHECKING:
    from xfblas.device.device import Device


FLOATS = ffi.typeof("float[]")
NULL, from_buffer = ffi.NULL, ffi.from_buffer


class ComputeUnit(Uncopied):
    """One compute unit of a :class:`~xfblas.device.device.Device`, which makes it.

    Operations are queued by :meth:`gemm`, :meth:`gemv` and :meth:`fcn`, each for devices of that
    engine, and run by :meth:`execute`, or by the first read that needs their result.

    Attributes:
        device: the device it belongs to.
        index: its number there, from 0.
        failure: the error for which several units that share work leave this one out; None while
            it works.
    """

    _instead = "open the device again with xfblas.open"

    def __init__(self, device: "Device", handle: Handle, index: int):
        if not hasattr(device, "addend_dtype"):
            raise InvalidValueError(f"device is {shown(device)}, expected a Device")
        self.device = device
        self.index = require_index("index", index)
        self.failure: ExecutionError | None = None
        #: Held while a queue is filled, run and read, so that threads do not mix their programs.
        self._handle = require_instance("handle", handle, Handle)
        self.lock = forks.lock(handle.leave_behind)

    @property
    def name(self) -> str:
        """Its number, and the device that it is on, in words."""
        device = self.device
        place = device.index if device.bdf is None else device.bdf
        return f"compute unit {self.index} of device {place} ({device.target})"

    def call(self, function: Any, *arguments: Any) -> None:
        """Calls a function of the C library on this unit and raises on failure."""
        self._handle.call(function, *arguments, self.index)

    def send(
        self,
        array: Any,
        dtype: DTypeLike | None = None,
        *,
        packed: bool = False,
        keep: str = "rows",
    ) -> DeviceMatrix:
        """Copies an array of any layout to the device.

        Args:
            array: (rows, columns), or on devices of the Gemv engine a vector (length,).
            dtype: to convert to; by default the array's own.
            packed: the same as ``keep="packed"``.
            keep: what stays on the device. ``"packed"`` is for a B operand that is used again: it
                is laid out as products take it, where image and target know how, which is faster
                on a card; then it cannot be read back there. On ``native`` integers need half of
                the memory, since products otherwise keep a packed copy beside the rows from the
                second use on (from the first in ``matmul``); rows come back beside the packed copy
                where the matrix is read, written in part, or used as anything but B. ``"filter"``
                is the same for the weights of a convolution over maps.

        Raises:
            InvalidValueError: ``keep`` is none of them.
            DtypeError: its dtype is not the image's element type, nor (for X) its addend type.
        """
        array = arrays.require_array("array", arrays.seen("array", array, dtype))
        if array.ndim != 1 or self.device.engine != "Gemv":
            arrays.require_dimensions("array", array, 2)
        arrays.require_dtype("array", array, *self.device.matrix_dtypes)
        keep = "packed" if require_truth("packed", packed) and keep == "rows" else keep
        matrix = DeviceMatrix(self, array.shape, array.dtype, keep)
        matrix.write(array)
        return matrix

    def send_table(self, entries: Any) -> DeviceMatrix:
        """Copies a table of a function to the device, for :meth:`fcn`.

        Args:
            entries: 513 whole numbers of 18 bits: what the function gives at the entries' places
                (:func:`xfblas.table_places`), times four.

        Raises:
            InvalidValueError: another number of entries, or one that 18 bits do not hold.
        """
        return self.send(as_entries("entries", entries).reshape(1, -1))

    def empty(self, shape: Any, dtype: DTypeLike | None = None) -> DeviceMatrix:
        """A matrix of zeros on the device, of the image's element type by default.

        ``shape`` is (rows, columns), or on devices of the Gemv engine (length,) for a vector.
        """
        return DeviceMatrix(self, shape, self.device.dtype if dtype is None else dtype)

    def gemm(self, a: DeviceMatrix, b: DeviceMatrix, c: DeviceMatrix, add: bool = True) -> None:
        """Queues ``C = A*B + C``, or ``C = A*B`` where ``add`` is false (Gemm engine).

        A is (m, k), B (k, n), C (m, n); sums wrap as the engine's integers do.
        """
        m, k, n = self._sizes(a, b, c)
        product = (m, n, k, 1, a.pointer, k, b.pointer, n)
        self.call(lib.xfblasGemm, *product, int(require_truth("add", add)), c.pointer, n)

    def gemv(self, a: DeviceMatrix, x: DeviceMatrix, y: DeviceMatrix) -> None:
        """Queues ``y = A*x + y`` (Gemv engine); sums wrap as the engine's integers do.

        A is (m, n), x and y are vectors of n and of m elements: (n,) or one row (1, n). A column
        (n, 1) is taken where the image pads nothing.
        """
        for name, matrix in (("A", a), ("x", x), ("y", y)):
            self._require_matrix(name, matrix, is_vector=name != "A")
        m, n = a.shape
        for name, vector, size in (("x", x, n), ("y", y, m)):
            if size not in vector.shape or math.prod(vector.shape) != size:
                raise InvalidValueError(
                    f"{name} has shape {vector.shape}, expected ({size},) for an A of {a.shape}"
                )
        self.call(lib.xfblasGemv, m, n, 1, a.pointer, n, x.pointer, 1, 1, y.pointer, 1)

    def fcn(
        self,
        a: DeviceMatrix,
        b: DeviceMatrix,
        c: DeviceMatrix,
        x: DeviceMatrix | None = None,
        post_scale: int = 1,
        post_shift: int = 0,
        prelu_scale: int = 1,
        prelu_alpha: int = 0,
        *,
        round: bool = False,
        saturate: bool = False,
        activation: str = "prelu",
        fraction_bits: tuple[int, int] = (0, 0),
        table: DeviceMatrix | None = None,
        groups: int = 1,
        rows: int | None = None,
    ) -> None:
        """Queues ``C = pRelu(((A*B + X) * post_scale) >> post_shift)`` (Fcn engine).

        Args:
            a, b, c: matrices (m, k), (k, n), (m, n).
            x: matrix (m, n), or (1, n) to add the same row everywhere, or None.
            post_scale: 0 to 65535.
            post_shift: 0 to 255.
            prelu_scale: -512 to 511; 1 is linear, 0 is ReLU (with ``prelu_alpha`` 0).
            prelu_alpha: 0 to 31.
            round: add half before the shift.
            saturate: clamp to the element's range instead of wrapping.
            activation: ``"prelu"``, or in its place (integer engines) ``"tanh"`` or ``"sigmoid"``
                by the engine's table, or ``"table"``: any function, by the table that is given.
            fraction_bits: of tanh's and sigmoid's argument and of their result.
            table: what :meth:`send_table` gave.
            groups: 1, 2 or 3: the table has 2**groups groups of segments on either side of 0, all
                of one width for 1, finer near 0 for 3; see docs/instructions.md.
            rows: how many rows of A and C to compute; all by default. An image that pads computes
                up to the next multiple.
        """
        m, k, n = self._sizes(a, b, c)
        if rows is not None:
            m = require_integer("rows", rows, 1, m)
        if x is not None:
            self._require_matrix("X", x)
        is_row = x is not None and x.shape[0] == 1 and m > 1
        if x is not None and x.shape[1] != n:
            raise InvalidValueError(f"X has shape {x.shape}, expected ({m}, {n}) or (1, {n})")
        if x is not None and x.shape[0] > 1 and self.device.x_is_row:
            raise InvalidValueError(
                f"X has shape {x.shape}, expected (1, {n}): the image has XVEC=1"
            )
        scales = (
            require_integer("post_scale", post_scale),
            require_integer("post_shift", post_shift),
            require_integer("prelu_scale", prelu_scale),
            require_integer("prelu_alpha", prelu_alpha),
        )
        flags = ROUND * require_truth("round", round) | BIAS_ROW * is_row
        flags |= SATURATE * require_truth("saturate", saturate)
        flags |= function_flags(activation, fraction_bits, groups)
        product = (m, n, k, 1, a.pointer, k, b.pointer, n, 1, c.pointer, n)
        addend = ffi.NULL if x is None else x.pointer
        if (table is None) == (activation == "table"):
            expected = "expected what send_table gave" if table is None else "expected None"
            raise InvalidValueError(
                f"table is {shown(table)}, {expected} for activation={activation!r}"
            )
        if table is None:
            return self.call(lib.xfblasFcn, *product, addend, n, *scales, flags)
        self._require_matrix("table", table)
        if table.shape != (1, ENTRIES) or table.dtype != np.int32:
            raise InvalidValueError(
                f"table is {table.dtype} of shape {table.shape}, expected int32 of (1, {ENTRIES})"
            )
        flags &= ROUND | SATURATE | BIAS_ROW
        function = (table.pointer, groups, flags)
        self.call(lib.xfblasFcnTable, *product, addend, n, *scales[:2], *function)

    def softmax(
        self,
        a: DeviceMatrix,
        parameters: DeviceMatrix,
        c: DeviceMatrix,
        *,
        kind: int = 0,
        exp_bits: int,
        inv_table_bits: int,
        norm_bits: int,
        accum_bits: int,
        inv_bits: int,
        scale_shift: int = 0,
        accum_shift: int = 0,
        inv_shift: int = 0,
        result_shift: int = 0,
        offset: int = 0,
        rows: int | None = None,
    ) -> None:
        """Queues ``C = softmax of the rows of A`` by tables in fixed point (Fcn engine, integers).

        What it computes stands in docs/instructions.md, to the bit.

        Args:
            a: matrix (m, k) of elements, k being the classes, as often as there are windows.
            parameters: matrix (1, words) of int32: the exp table, the inv table, a multiplier for
                each class.
            c: matrix (m, classes), of at most 1,024 classes.
            kind: 0 stable, 1 latency, 2 legacy, 3 argmax.
            exp_bits, inv_table_bits: powers of two of the tables' entries, 0 to 12.
            norm_bits, inv_bits: bits of what the tables are looked up with, up to 24.
            accum_bits: bits of the sum, up to 32.
            scale_shift: places that logits are shifted by after their multiplier, 0 to 47.
            accum_shift, inv_shift, result_shift: places to the right of an entry before it is
                added, of a sum before its inverse is looked up, and of the result; -20 to 47.
            offset: what is added to each logit before its multiplier, within 32 bits.
            rows: how many rows to compute; all by default.

        Raises:
            InvalidValueError: a field is beyond its range; shapes do not fit.
        """
        for name, matrix in (("A", a), ("parameters", parameters), ("C", c)):
            self._require_matrix(name, matrix)
        m, k = a.shape
        if c.shape[0] != m:
            raise InvalidValueError(f"C has {c.shape[0]} rows, expected {m} as A has")
        if rows is not None:
            m = require_integer("rows", rows, 1, m)
        fields = {
            "kind": kind, "offset": offset, "scale_shift": scale_shift, "exp_bits": exp_bits,
            "inv_table_bits": inv_table_bits, "norm_bits": norm_bits, "accum_bits": accum_bits,
            "inv_bits": inv_bits, "accum_shift": accum_shift, "inv_shift": inv_shift,
            "result_shift": result_shift,
        }  # fmt: skip
        tables = softmax_tables(parameters, c.shape[1], fields)
        self.call(lib.xfblasSoftmaxByTables, m, k, a.pointer, k, tables, c.pointer, c.shape[1])

    def convolve(
        self,
        a: DeviceMatrix,
        b: DeviceMatrix,
        c: DeviceMatrix,
        walk: MapWalk,
        x: DeviceMatrix | None = None,
        **fields: Any,
    ) -> None:
        """Queues a convolution over feature maps (Fcn engine, integers, images that pad nothing).

        What it computes stands in docs/instructions.md, to the bit. It takes two instructions.

        Args:
            a, c: matrices of elements, of any shape: their elements in rows one after the other are
                what ``walk`` counts. C may be A's matrix, for other channels of A's pixels or
                behind A.
            b: matrix (kernel rows * kernel columns * channels, n), for n channels of the result.
            walk: a :class:`~xfblas.device.map_walk.MapWalk`.
            x: matrix (1, n) to add everywhere, or (output pixels, n), or None.
            fields: ``post_scale``, ``post_shift``, ``prelu_scale``, ``prelu_alpha``, ``round``,
                ``saturate``, ``activation``, ``fraction_bits``, ``table`` and ``groups``, as for
                :meth:`fcn`.

        Raises:
            InvalidValueError: a size or field is out of range; a matrix is too small; C overlaps A.
            NotSupportedError: the image computes with float32, pads, or is of another maker.
        """
        step = ffi.new("xfblasMapStep_t *")
        write_step(step, self, "convolution", walk, a, c, b, x, **fields)
        self.call(lib.xfblasConvolve, step)

    def window(
        self,
        kind: str,
        a: DeviceMatrix,
        c: DeviceMatrix,
        walk: MapWalk,
        b: DeviceMatrix | None = None,
        x: DeviceMatrix | None = None,
        **fields: Any,
    ) -> None:
        """Queues pooling or a depthwise convolution, which take each channel alone.

        Args:
            kind: ``"max"`` or ``"average"`` (rounded half up) of the pixels within the map, or
                ``"depthwise"``.
            a, c, walk: as for :meth:`convolve`.
            b: of a depthwise convolution, matrix (kernel rows * kernel columns, channels).
            x: the same, matrix (1, channels) or None.
            fields: the same, as for :meth:`convolve`.

        Raises:
            InvalidValueError: as :meth:`convolve`; or pooling was given matrices or fields.
            NotSupportedError: as :meth:`convolve`.
        """
        step = ffi.new("xfblasMapStep_t *")
        write_step(step, self, kind, walk, a, c, b, x, **fields)
        self.call(lib.xfblasWindow, step)

    def _multiply(self, a: np.ndarray, b: Any, out: np.ndarray, m: int, k: int, n: int) -> None:
        """Computes ``out = a @ b`` from host arrays to a host array, in one call.

        What is queued on the unit runs before; its program stays. The caller has checked shapes and
        dtypes, which would cost as much again as a small product.

        Args:
            a: (m, k) array of the image's element type.
            b: (k, n) array, or a :class:`DeviceMatrix` of this unit.
            out: C-contiguous, aligned array (m, n) to fill, which shares no memory with the others.
        """
        host = sent = NULL
        if type(b) is DeviceMatrix:
            sent = b.pointer
        else:
            host = from_buffer(b if b.flags.carray else _operand(b))
        source = from_buffer(a if a.flags.carray else _operand(a))
        self._handle.multiply(m, n, k, source, host, sent, from_buffer(out), self.index)

    def _predictor(self, coding: Any, first: Any, layers: Any, decoding: Any) -> Any:
        """What runs the layers of a model on rows of floats, in one call; see ``xfblasPredict``.

        Args:
            coding: ``xfblasCoding_t`` of C.
            first: the :class:`DeviceMatrix` of the first layer's rows.
            layers: ``xfblasLayer_t[]`` of C.
            decoding: ``xfblasOutput_t`` of C.

        Returns:
            A function of rows (m, features) and of a result (m, n) to fill, both float32 and
            C-contiguous, of shapes that its caller has checked.
        """
        # A row takes little more time than this call, so nothing is looked up in it.
        call, start, count, index = self._handle.predict, first.pointer, len(layers), self.index

        def predict(rows: np.ndarray, out: np.ndarray) -> None:
            source, result = from_buffer(FLOATS, rows), from_buffer(FLOATS, out)
            call(len(rows), source, coding, start, layers, count, decoding, result, index)

        return predict

    def execute(self) -> None:
        """Runs what was queued since the last run; where nothing was, the program again.

        Raises:
            InvalidValueError: no instruction is queued.
            ExecutionError: the target reported a failure.
        """
        self.call(lib.xfblasExecute)

    def flush(self) -> None:
        """Runs what was queued since the last run, if anything."""
        self.call(lib.xfblasFlush)

    def start(self) -> None:
        """Starts what :meth:`execute` would run and returns; reading a result waits for it."""
        self.call(lib.xfblasStart)

    def stamps(self, instructions: int) -> np.ndarray:
        """Cycles at which the first ``instructions`` of the last launch started and ended.

        Returns:
            (instructions, 2) uint64: from the cycle counter of the card or of the kernel's
            simulation, from the cycle model on ``native``, zeros where the image tells no sizes.
        """
        # No launch has more, and an array for them is small.
        most = max(self.device.instructions_per_launch, 1)
        count = require_integer("instructions", instructions, 1, most)
        found = np.zeros((count, 2), np.uint64)
        place = ffi.cast("unsigned long long *", pointer(found))
        self.call(lib.xfblasGetStamps, place, count)
        return found

    def clear(self) -> None:
        """Forgets the program."""
        self.call(lib.xfblasFreeInstr)

    def _require_matrix(self, name: str, matrix: Any, is_vector: bool = False) -> None:
        if not isinstance(matrix, DeviceMatrix):
            raise InvalidValueError(
                f"{name} is a {type(matrix).__name__}, expected a DeviceMatrix: send it first"
            )
        if matrix.compute_unit is not self:
            raise InvalidValueError(f"{name} is not on compute unit {self.index}: {matrix}")
        if len(matrix.shape) == 1 and not is_vector:
            raise InvalidValueError(
                f"{name} is a vector of {matrix.shape[0]}, expected a matrix: send v[:, None] for "
                "a column, or v[None, :] for a row"
            )

    def _sizes(self, a: DeviceMatrix, b: DeviceMatrix, c: DeviceMatrix) -> Any:
        for name, matrix in (("A", a), ("B", b), ("C", c)):
            self._require_matrix(name, matrix)
        (m, k), n = a.shape, b.shape[1]
        if b.shape[0] != k:
            raise InvalidValueError(f"B has shape {b.shape}, expected {k} rows as A has columns")
        if c.shape != (m, n):
            raise InvalidValueError(f"C has shape {c.shape}, expected {(m, n)}")
        return m, k, n

    def __repr__(self) -> str:
        return f"<xfblas.ComputeUnit {self.index} of {self.device!r}>"


def _operand(array: np.ndarray) -> np.ndarray:
    if max(array.shape) > INT_MAX:
        raise OverflowError  # as C's binding does, before so much is copied
    return arrays.readable(array)
