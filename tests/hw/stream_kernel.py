"""A streaming kernel by itself: its library, and jobs as the host writes them."""

import ctypes
import os

import kernels
import numpy as np
import stream_oracle

from xfblas.image.boards import read_board
from xfblas.image.stream_network import beats_of
from xfblas.image.stream_plan import budget_of, plan_network

PAGE, BEAT = 4096, 16
LOAD, RUN = 1, 2


class StreamKernel:
    """The library of a network, whose streams may be as shallow as can be."""

    def __init__(self, sizes, activations, data_type, multipliers=None, board="u250", depth=None):
        found = read_board(board)
        budget = budget_of(found, data_type) if multipliers is None else multipliers
        self.network = plan_network(sizes, activations, data_type, budget)
        variant = "" if depth is None else f"depth{depth}"
        options = {
            "PLATFORM": board,
            "ENGINE": "stream",
            "LAYERS": ",".join(map(str, sizes)),
            "ACTIVATION": ",".join(activations),
            "MULTIPLIERS": "" if multipliers is None else str(multipliers),
            "DTYPE": data_type,
            "VARIANT": variant,
        }
        given = {name: value for name, value in options.items() if value}
        words = [f"{name}={value}" for name, value in given.items()]
        if depth is not None:
            words.append(f"KERNEL_FLAGS=-DXFBLAS_STREAM_DEPTH={depth}")
        kernels.make("lib", *words)
        names = ("PLATFORM", "ENGINE", "LAYERS", "ACTIVATION", "MULTIPLIERS", "DTYPE", "VARIANT")
        folder = "-".join(given[name] for name in names if name in given).replace(",", "-")
        self.folder = kernels.HW / "build" / folder
        library = ctypes.CDLL(str(self.folder / "libstreamKernel.so"), mode=os.RTLD_LOCAL)
        self._measure = library.xfblas_measure_streamKernel
        self.first_page = 2 + -(-self.network.on_chip_bytes // PAGE)
        self.memory = np.zeros((self.first_page + 2000) * PAGE, np.uint8)

    def load(self, layers):
        """Puts weights on chip; returns cycles."""
        parts = []
        for layer, shape in zip(layers, self.network.layers, strict=True):
            parts += [self._order(LOAD, layer, 0, 0, 0), *self._payload(layer, shape)]
        return self._launch(LOAD, 0, b"".join(parts), 0)[1]

    def run(self, rows, layers, outputs=None):
        """Every output by its name, and cycles."""
        network = self.network
        names = network.outputs if outputs is None else outputs
        parts, earlier, record = [], 0, []
        for number, (layer, shape) in enumerate(zip(layers, network.layers, strict=True), 1):
            own = [f"{kind}{number}" for kind in "sx" if f"{kind}{number}" in names]
            routes = sum({"s": 1, "x": 2}[name[0]] for name in own)
            parts.append(self._order(RUN, layer, len(rows), routes, earlier))
            earlier += len(own) * beats_of(shape.outputs, network.data_type)
            record = own + record
        width = beats_of(network.sizes[0], network.data_type) * BEAT // rows.itemsize
        padded = np.zeros((len(rows), width), rows.dtype)
        padded[:, : rows.shape[1]] = rows
        raw, cycles = self._launch(RUN, len(rows), b"".join(parts) + padded.tobytes(), earlier)
        values, found, at = raw.view(rows.dtype).reshape(len(rows), -1), {}, 0
        for name in record:
            size = network.layers[int(name[1:]) - 1].outputs
            found[name] = values[:, at : at + size].copy()
            at += beats_of(size, network.data_type) * BEAT // rows.itemsize
        return found, cycles

    def _order(self, command, layer, rows, routes, earlier):
        formats = layer.get("shift", 0) | layer.get("input", 0) << 8 | layer.get("output", 0) << 16
        return np.uint32([command | routes << 8, rows, formats, earlier]).tobytes()

    def _payload(self, layer, shape):
        weights = layer["weights"]
        padded = np.zeros((shape.blocks * shape.fold, shape.groups * shape.lanes), weights.dtype)
        padded[: shape.inputs, : shape.outputs] = weights
        words = padded.reshape(shape.blocks, shape.fold, shape.groups, shape.lanes)
        words = words.transpose(0, 2, 3, 1).reshape(-1, shape.multipliers)
        filled = -(-shape.multipliers * weights.itemsize // BEAT) * BEAT // weights.itemsize
        yield np.pad(words, ((0, 0), (0, filled - shape.multipliers))).tobytes()
        biases = np.zeros(-(-shape.groups * shape.lanes // 4) * 4, layer["biases"].dtype)
        biases[: shape.outputs] = layer["biases"]
        yield biases.tobytes()

    def _launch(self, command, rows, source, record_beats):
        result_page = self.first_page + -(-len(source) // PAGE)
        results = rows * record_beats
        job = [command, len(self.network.layers), rows, self.first_page, result_page]
        job += [len(source) // BEAT, results, 0]
        status, raw, cycles = self.raw_launch(job, source)
        assert status == 0, f"status {status}"
        return raw[: results * BEAT], cycles

    def raw_launch(self, job, source=b""):
        """Status, the bytes at the job's result page, and cycles."""
        self.memory[:32] = np.uint32(job).view(np.uint8)
        at = self.first_page * PAGE
        self.memory[at : at + len(source)] = np.frombuffer(source, np.uint8)
        cycles, message = (ctypes.c_uint64 * 2)(), ctypes.create_string_buffer(1 << 16)
        block = self.memory.ctypes.data_as(ctypes.c_void_p)
        size = ctypes.c_uint64(self.memory.nbytes)
        failed = self._measure(block, size, cycles, message, ctypes.c_size_t(1 << 16))
        if failed:
            raise RuntimeError(message.value.decode())
        self.report = message.value.decode()
        status = int(self.memory[PAGE : PAGE + 4].view(np.uint32)[0])
        return status, self.memory[job[4] * PAGE :], int(cycles[0])


def require_oracle(found, rows, layers):
    for name, values in found.items():
        wanted = stream_oracle.run(rows, layers)[name]
        assert values.tobytes() == wanted.tobytes(), name
