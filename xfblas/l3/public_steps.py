"""The steps in which the public library's runtime predicts, under its names.

Programs replace some of them in a subclass, most often ``loadInstr`` and ``loadInstrByAddress``, or
call them one by one. A runtime of such a class predicts by these steps, with padded host arrays and
the L3 functions; any other runtime keeps its matrices on the device and needs none of them.
"""

from contextlib import suppress
from functools import cached_property

import numpy as np

from xfblas import arrays
from xfblas.checks import require_integer, require_sequence, shown
from xfblas.device.binding import INT_MAX
from xfblas.errors import InvalidValueError, NotFoundError, NotSupportedError, XfblasError
from xfblas.l3 import functions as l3
from xfblas.l3.session import session
from xfblas.program.chain import addend_of

PAGE_BYTES = 4096


class PublicSteps:
    """A base of runtimes that have a ``network``, a ``compute_unit`` and ``_quantized``.

    Attributes:
        idxKernel, idxDevice: where the L3 functions work.
        fpga_buf: padded host arrays of a batch: its rows, then the result of each layer.
        out_dim: rows and columns of the result, without padding.
    """

    def _start_steps(self, xclbin_opts, post_scale, relu_scale, idxKernel, idxDevice) -> None:
        self.xclbin_opts, self.post_scale, self.relu_scale = xclbin_opts, post_scale, relu_scale
        self.idxKernel, self.idxDevice = idxKernel, idxDevice
        self.fpga_buf, self._qb, self.out_dim = [], [], None
        self.min_m, self.min_k, _ = self.compute_unit.device.paddings
        # A layer's columns are the next one's depth.
        self.min_n = self.compute_unit.device.chain_padding
        self._has_own_steps = any(
            getattr(type(self), name) is not step for name, step in STEPS.items()
        )
        if self._has_own_steps:
            self._qw  # noqa: B018

    @property
    def predicts_by_steps(self) -> bool:
        """Whether the class, or the object itself, has a step of its own."""
        return self._has_own_steps or not STEPS.keys().isdisjoint(vars(self))

    @cached_property
    def _wshape(self):
        return [layer.weights.shape for layer in self.network.layers]

    @cached_property
    def bias(self) -> list[np.ndarray]:
        """The quantized bias of each layer, (n,) or (m, n)."""
        return [addend_of(layer, self.compute_unit.device) for layer in self.network.layers]

    @cached_property
    def _qw(self) -> list[np.ndarray]:
        """The quantized weights of each layer, padded; sent when they are first asked for."""
        self._require_steps()
        padding = (self.min_n, self.min_n)
        weights = [self.format_for_fpga(layer.weights, *padding) for layer in self.network.layers]
        for weight in weights:
            l3.sendMat(weight, self.idxKernel, self.idxDevice)
        return weights

    @cached_property
    def offset_list(self) -> list[int]:
        """Pages of weights, biases and ``fpga_buf``, and the page behind the last of them."""
        pages = [self._page_of(weight) for weight in self._qw]
        self.__dict__["offset_list"] = pages[-1:]
        return [*pages, self.get_offset(self._qw[-1])]

    def _require_steps(self):
        found = session(self.idxDevice).unit(self.idxKernel)
        if found is not self.compute_unit:
            raise NotSupportedError(
                "this runtime was made with compute_unit, expected idxKernel and idxDevice of a "
                "device that createFcn opened: its steps call the L3 functions"
            )
        arithmetic = self.network.arithmetic
        is_float = self.network.dtype == np.float32
        if not is_float and (arithmetic.round or arithmetic.saturate):
            raise NotSupportedError(
                "this runtime was made from calibration rows, expected lists of scales: the public "
                "library's steps neither round nor saturate, which its scales count on"
            )

    def _page_of(self, array) -> int:
        return session(self.idxDevice).page(array, self.idxKernel)

    def _note_page(self, array) -> None:
        """Puts the page of an array that was sent into ``offset_list``, and the one behind it."""
        self.offset_list[-1] = self._page_of(array)
        self.offset_list.append(self.get_offset(array))

    def get_offset(self, w) -> int:
        """The page behind an array at the last of ``offset_list``: whole pages, rounded down."""
        arrays.require_array("w", w)
        arrays.require_dimensions("w", w, 2)
        return self.offset_list[-1] + w.shape[0] * w.shape[1] * w.itemsize // PAGE_BYTES

    def get_padded_shape(self, shape, min_row, min_col) -> tuple[int, int]:
        """Rows and columns rounded up to multiples."""
        rows, columns = _sizes("shape", shape)
        min_row, min_col = _sizes("(min_row, min_col)", (min_row, min_col), 1)
        return -(-rows // min_row) * min_row, -(-columns // min_col) * min_col

    def format_for_fpga(self, nparr, min_row, min_col) -> np.ndarray:
        """A matrix with zeros behind its rows and columns, of :meth:`get_padded_shape`."""
        arrays.require_array("nparr", nparr)
        arrays.require_dimensions("nparr", nparr, 2)
        padded = np.zeros(self.get_padded_shape(nparr.shape, min_row, min_col), nparr.dtype)
        padded[: nparr.shape[0], : nparr.shape[1]] = nparr
        return padded

    def format_bias(self, b, dim, min_row, min_col) -> np.ndarray:
        """Sends a bias, one for each of ``dim`` rows and columns, and returns it padded."""
        arrays.require_array("b", b)
        dim = _sizes("dim", dim, 1)
        if b.shape not in (dim, dim[1:]):
            raise InvalidValueError(f"b has shape {b.shape}, expected {dim[1:]} or {dim}")
        rows = np.broadcast_to(b, dim)
        padded = self.format_for_fpga(rows, min_row, min_col)
        l3.sendMat(padded, self.idxKernel, self.idxDevice)
        self._note_page(padded)
        return padded

    def init_fpgabuf(self, in_shape) -> None:
        """Makes ``fpga_buf`` for rows of this shape, and sends the biases."""
        self._require_steps()
        in_shape = _sizes("in_shape", in_shape, 1)
        shapes = [in_shape, *((in_shape[0], columns) for _, columns in self._wshape)]
        self.out_dim = shapes[-1]
        padding = (self.min_m, self.min_n)
        self.fpga_buf = [
            np.zeros(self.get_padded_shape(shape, *padding), self._qw[0].dtype) for shape in shapes
        ]
        self._qb = []
        for bias, shape in zip(self.bias, shapes[1:], strict=True):
            self._qb.append(self.format_bias(bias, shape, *padding))

    def loadInstr(self) -> None:
        """Queues an instruction for each layer, on the arrays that were sent."""
        self._load(lambda i, *operands: l3.fcnOp(*operands))

    def loadInstrByAddress(self) -> None:
        """The same on the pages of ``offset_list``."""
        layers, at = len(self._qw), self.offset_list

        def queue(i, *operands):
            pages = at[2 * layers + i], at[i], at[2 * layers + i + 1], at[layers + i]
            l3.fcnOpByAddress(*pages, *operands)

        self._load(queue)

    def _load(self, queue):
        unit = self.idxKernel, self.idxDevice
        l3.freeInstr(*unit)
        for i, layer in enumerate(self.network.layers):
            operands = self.fpga_buf[i], self._qw[i], self.fpga_buf[i + 1], self._qb[i]
            queue(i, *operands, *layer.scales, *unit)

    def predict_old(self, inp, in_scale=None):
        """:meth:`predict` with :meth:`loadInstr`, one matrix at a time."""
        with self.compute_unit.lock:
            self._send_by_steps(self._quantized(inp, in_scale), self.loadInstr)
            return self._finished(self._result_by_steps())

    def _send_by_steps(self, batch, load=None) -> None:
        """Sends a batch (m, k) of integers and queues its program."""
        if len(batch) == 0:
            raise InvalidValueError("inp has no rows, expected 1 or more")
        self._free_batch()
        try:
            self.init_fpgabuf(batch.shape)
            padded = self.format_for_fpga(batch, self.min_m, self.min_n)
            np.copyto(self.fpga_buf[0], padded, casting="same_kind")
            for array in self.fpga_buf:
                l3.sendMat(array, self.idxKernel, self.idxDevice)
                self._note_page(array)
            (load or self._own_load())()
        except XfblasError:
            self._free_batch()
            raise

    def _own_load(self):
        """What queues the program: by addresses, unless ``loadInstr`` alone was replaced."""
        own = {
            name
            for name in ("loadInstr", "loadInstrByAddress")
            if name in vars(self) or getattr(type(self), name) is not STEPS[name]
        }
        return self.loadInstr if own == {"loadInstr"} else self.loadInstrByAddress

    def _result_by_steps(self) -> np.ndarray:
        """Runs what is queued; the result (m, n), after which the batch is off the device."""
        if not self.fpga_buf:
            raise InvalidValueError("no batch was sent: call send_matrices first")
        result = self.fpga_buf[-1]
        l3.getMat(result, self.idxKernel, self.idxDevice)
        self._free_batch()
        return result[: self.out_dim[0], : self.out_dim[1]]

    def _free_batch(self) -> None:
        for array in (*self.fpga_buf, *self._qb):
            # A step of a program's own may have sent it elsewhere, or freed it.
            with suppress(NotFoundError):
                l3.freeMat(array, self.idxKernel, self.idxDevice)
        self.fpga_buf, self._qb = [], []
        self.offset_list = self.offset_list[: len(self._qw) + 1]


def _sizes(name, given, lowest=0) -> tuple[int, int]:
    """Two whole numbers, rows and columns."""
    require_sequence(name, given, "rows and columns")
    if len(given) != 2:
        raise InvalidValueError(f"{name} is {shown(given)}, expected rows and columns")
    rows, columns = (require_integer(name, size, lowest, INT_MAX) for size in given)
    return rows, columns


#: What a subclass may replace.
STEPS = {
    name: getattr(PublicSteps, name)
    for name in (
        "get_offset",
        "get_padded_shape",
        "format_for_fpga",
        "format_bias",
        "init_fpgabuf",
        "loadInstr",
        "loadInstrByAddress",
    )
}
