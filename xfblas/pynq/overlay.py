"""``xfblas.pynq.Overlay``: a bitstream of ``hw/zynq`` with a model in it."""

import os
import threading
import time
from typing import Any, Self

import numpy as np

from xfblas.checks import require_integer, require_path, require_truth, shown
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.saved_model import read
from xfblas.errors import (
    AllocationError,
    DtypeError,
    ExecutionError,
    InvalidValueError,
    NotInitializedError,
    NotSupportedError,
)
from xfblas.export_c.blob import MOST_ROWS, ROWS, Blob, make_blob
from xfblas.export_c.chain_of import chain_of, chain_of_graph
from xfblas.export_c.device_pages import PAGE_BYTES
from xfblas.program.prediction import finished
from xfblas.pynq.kernel import MOST_TRANSFERRED, Kernel
from xfblas.quantization import QuantizedNetwork
from xfblas.uncopied import Uncopied

#: Of a result slot, and where its status is.
SLOT, STATUS = 64, 16
#: Other weights may need more pages than the first ones.
SPARE = 1.25


class Overlay(Uncopied):
    """A board's FPGA with a model: loads the bitstream and predicts.

    Weights lie in one half of a buffer and other ones are loaded into the other half, so that a
    prediction has old or new ones. Threads may share it; close it, or use it in a ``with`` block.

    Args:
        bitfile: path of the ``.bit`` file, whose ``.hwh`` lies beside it.
        model: a :class:`~xfblas.CompiledModel` of one chain of dense layers, of the element type
            that the bitstream was built for, or the path of a ``.xfblas`` file.
        rows: that one run of the kernel takes at most.
        download: whether the bitstream is loaded now; False where it is there already.
        timeout: seconds that one run may take.
        **overlay: other arguments of ``pynq.Overlay``.

    Raises:
        NotSupportedError: pynq is not installed.
        InvalidValueError: an argument cannot be used, or the bitstream has no kernel of xfblas.
        UnsupportedModelError: the model is no chain on an integer image.
        AllocationError: the board has no memory for it.
    """

    _instead = "open the bitstream again"

    def __init__(
        self,
        bitfile: str | os.PathLike[str],
        model: Any,
        *,
        rows: int = ROWS,
        download: bool = True,
        timeout: float = 1.0,
        **overlay: Any,
    ):
        path = require_path("bitfile", bitfile)
        self._rows = require_integer("rows", rows, 1, MOST_ROWS)
        download = require_truth("download", download)
        if not isinstance(timeout, (int, float)) or not 0 < timeout < float("inf"):
            raise InvalidValueError(f"timeout is {shown(timeout)}, expected seconds above 0")
        network = _network_of(model)
        blob = make_blob(network, self._rows)
        try:
            import pynq  # type: ignore[import-not-found]
        except ImportError as error:
            raise NotSupportedError(
                f"pynq cannot be imported, which boards have: {error}"
            ) from None
        self._overlay = pynq.Overlay(path, download=download, **overlay)
        self._kernel = Kernel(self._overlay, timeout)
        self._bank_bytes = int(SPARE * blob.pages.pages) * PAGE_BYTES
        try:
            self._buffer = pynq.allocate(shape=(2 * self._bank_bytes,), dtype="u1")
        except (MemoryError, RuntimeError) as error:
            raise AllocationError(
                f"the board has no {2 * self._bank_bytes} bytes of contiguous memory: {error}"
            ) from None
        if self._address % PAGE_BYTES:
            raise AllocationError(f"the buffer is at {self._address:#x}, expected whole pages")
        self._lock = threading.Lock()
        self._active = 1
        self._put(network, blob)

    @property
    def network(self) -> QuantizedNetwork:
        """The quantized layers that it predicts with now."""
        return self._network

    def predict(self, X: Any, profile: bool = False) -> Any:
        """The model's output, as :meth:`xfblas.CompiledModel.predict` gives it, to the bit.

        Args:
            X: (m, k) finite numbers, or (m, ...) of as many.
            profile: whether to print how long it took, and to return that too.

        Returns:
            float32 (m, n); with ``profile`` also seconds, and inferences a second.

        Raises:
            InvalidValueError: not numbers, not finite, or of another width.
            ExecutionError: the kernel did not end in time, has not ended since, or refused an
                instruction.
            NotInitializedError: it was closed.
        """
        profile = require_truth("profile", profile)
        with self._lock:
            self._kernel.require_idle()
            network, blob = self._network, self._blob
            rows = np.asarray(X)
            if rows.ndim > 2 and len(rows):
                rows = rows.reshape(len(rows), -1)
            begin = time.perf_counter()
            found = self._run(network.quantize_input(rows), blob)
            y = finished(network, found)
            seconds = time.perf_counter() - begin
        if not profile:
            return y
        rate = len(y) / seconds
        print(f"Classified {len(y)} samples in {seconds} seconds ({rate} inferences / s)")
        return y, seconds, rate

    def load_weights(self, model: Any) -> None:
        """Other weights of the same model, for predictions that begin from now on.

        Args:
            model: a :class:`~xfblas.CompiledModel` or the path of a ``.xfblas`` file.

        Raises:
            InvalidValueError, UnsupportedModelError: as for the constructor; or other inputs or
                outputs than before.
            DtypeError: another element type.
            AllocationError: they need more memory than the first ones left for them.
            NotInitializedError: it was closed.
        """
        network = _network_of(model)
        blob = make_blob(network, self._rows)
        with self._lock:
            self._kernel.require_idle()
            mine = self._blob
            if network.dtype != self._network.dtype:
                raise DtypeError(f"the weights are {network.dtype}, expected {self._network.dtype}")
            if (blob.features, blob.outputs) != (mine.features, mine.outputs):
                raise InvalidValueError(
                    f"model has {blob.features} inputs and {blob.outputs} outputs, expected "
                    f"{mine.features} and {mine.outputs}"
                )
            self._put(network, blob)

    def close(self) -> None:
        """Frees the buffer; safe to call twice."""
        with self._lock:
            buffer, self._buffer = self._buffer, None
            if buffer is not None:
                buffer.freebuffer()

    @property
    def _address(self) -> int:
        found = getattr(self._buffer, "device_address", None)
        return int(self._buffer.physical_address if found is None else found)

    def _bank(self, number: int) -> Any:
        if self._buffer is None:
            raise NotInitializedError("the overlay was closed: open the bitstream again")
        return self._buffer[number * self._bank_bytes : (number + 1) * self._bank_bytes]

    def _put(self, network: QuantizedNetwork, blob: Blob) -> None:
        """Fills the half that is not in use, and switches to it."""
        if blob.pages.pages * PAGE_BYTES > self._bank_bytes:
            raise AllocationError(
                f"the weights need {blob.pages.pages} pages, expected at most "
                f"{self._bank_bytes // PAGE_BYTES}: open the bitstream again"
            )
        target = 1 - self._active
        image = np.frombuffer(blob.pages.image, np.uint8)
        self._bank(target)[: len(image)] = image
        self._buffer.flush()
        self._active, self._network, self._blob = target, network, blob

    def _run(self, integers: np.ndarray, blob: Blob) -> np.ndarray:
        """The engine's elements (m, n) for elements (m, k)."""
        width, most = self._network.result_units, self._rows
        if self._kernel.dma is not None:
            stride = max(blob.pages.input_stride, blob.pages.output_stride)
            most = max(1, min(most, MOST_TRANSFERRED // (stride * blob.element_bytes)))
        parts = [
            self._run_part(integers[first : first + most], blob)[:, :width]
            for first in range(0, len(integers), most)
        ]
        return np.concatenate(parts) if parts else np.empty((0, width), integers.dtype)

    def _run_part(self, integers: np.ndarray, blob: Blob) -> np.ndarray:
        pages, count, dtype = blob.pages, len(integers), integers.dtype
        bank, start = self._bank(self._active), self._active * self._bank_bytes
        rows = np.zeros((count, pages.input_stride), dtype)
        rows[:, : integers.shape[1]] = integers
        sent, received = pages.input_page * PAGE_BYTES, pages.output_page * PAGE_BYTES
        bank[sent : sent + rows.nbytes] = rows.view(np.uint8).ravel()
        slots = bank[PAGE_BYTES : 2 * PAGE_BYTES].reshape(-1, SLOT)
        slots[:, STATUS : STATUS + 4] = 0xFF
        self._buffer.flush()
        size = count * pages.output_stride * dtype.itemsize
        dma = self._kernel.dma
        if dma is not None:
            dma.recvchannel.transfer(self._buffer, start + received, size)
            dma.sendchannel.transfer(self._buffer, start + sent, rows.nbytes)
        self._kernel.run(self._address + start, count)
        if dma is not None:
            dma.sendchannel.wait()
            dma.recvchannel.wait()
        self._buffer.invalidate()
        for number in range(1, pages.instructions + 1):
            status = int(slots[number, STATUS : STATUS + 4].copy().view("<u4")[0])
            if status:
                raise ExecutionError(f"the kernel refused instruction {number}: status {status}")
        found = np.array(bank[received : received + size])
        return found.view(dtype).reshape(count, pages.output_stride)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _network_of(model: Any) -> QuantizedNetwork:
    if isinstance(model, CompiledModel):
        return chain_of(model)
    if not isinstance(model, (str, os.PathLike)):
        raise InvalidValueError(
            f"model is a {type(model).__name__}, expected a CompiledModel or the path of a .xfblas "
            "file"
        )
    parts = read(model)[1]
    return chain_of_graph(parts["graph"], parts["networks"], parts["host_reasons"])
