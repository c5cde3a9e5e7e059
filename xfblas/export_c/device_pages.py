"""What lies in the kernel's memory: instructions, weights, biases, tables, and room for rows."""

import struct
from dataclasses import dataclass

import numpy as np

from xfblas.device.compute_unit import ROUND, SATURATE, function_flags
from xfblas.errors import UnsupportedModelError
from xfblas.quantization import QuantizedNetwork

PAGE_BYTES = 4096
#: Of a memory word of the Zynq tops, of which C takes nothing but whole ones.
WORD_BYTES = 16
FCN, SOFTMAX, BIAS_ROW = 8, 10, 4
#: A page holds 64, of which the first tells the memory's size and one ends the program.
MOST_INSTRUCTIONS = 62


@dataclass(frozen=True, eq=False)
class DevicePages:
    """Pages from the base of the kernel's memory on.

    Attributes:
        image: pages that are written once: instructions, results, weights.
        pages: how many the kernel needs, with the rows of a run.
        input_page, input_stride: where rows go, and elements from one to the next.
        output_page, output_stride: the same of results.
        instructions: how many, the first in slot 1.
    """

    image: bytes
    pages: int
    input_page: int
    input_stride: int
    output_page: int
    output_stride: int
    instructions: int


def device_pages(network: QuantizedNetwork, rows: int) -> DevicePages:
    """The pages of a network, for runs of at most so many rows.

    Raises:
        UnsupportedModelError: it has more layers than a page of instructions holds.
    """
    count = len(network.layers) + (network.softmax is not None)
    if count > MOST_INSTRUCTIONS:
        raise UnsupportedModelError(
            f"the network has {count} layers, but a page of instructions holds {MOST_INSTRUCTIONS}"
        )
    lanes = WORD_BYTES // network.dtype.itemsize
    memory = _Memory()
    widths = [network.input_units, *(layer.weights.shape[1] for layer in network.layers)]
    if network.softmax is not None:
        widths.append(network.softmax.classes)
    strides = [-(-width // lanes) * lanes for width in widths]
    weights = [memory.put(_padded(layer.weights, lanes)) for layer in network.layers]
    biases = [
        memory.put(_padded(_bias(layer).reshape(1, -1).astype("<i4"), lanes))
        for layer in network.layers
    ]
    tables = [
        0 if layer.entries is None else memory.put(layer.entries.astype("<i4"))
        for layer in network.layers
    ]
    parameters = 0
    if network.softmax is not None:
        parameters = memory.put(network.softmax.parameters.astype("<i4"))
    places = [memory.room(rows * stride * network.dtype.itemsize) for stride in strides]

    words = [_control(0, memory.pages)]
    flags = BIAS_ROW | ROUND * network.arithmetic.round | SATURATE * network.arithmetic.saturate
    for index, layer in enumerate(network.layers):
        function = function_flags(**layer.activation)
        prelu = tables[index] or (layer.prelu_scale << 6 | layer.prelu_alpha) & 0xFFFF
        words.append(
            [
                *(FCN, places[index], weights[index], places[index + 1], biases[index]),
                *(rows, widths[index], strides[index + 1]),
                *(strides[index], strides[index + 1], strides[index + 1], strides[index + 1]),
                layer.post_scale << 8 | layer.post_shift,
                prelu,
                flags | function & 0xFFFF,
                function >> 16,
            ]
        )
    if network.softmax is not None:
        words.append(_softmax(network.softmax, places, parameters, rows, widths, strides))
    words.append(_control(1, 0))
    memory.content[: 64 * len(words)] = b"".join(struct.pack("<16I", *word) for word in words)
    return DevicePages(
        bytes(memory.content),
        memory.pages,
        places[0],
        strides[0],
        places[-1],
        strides[-1],
        len(words) - 2,
    )


class _Memory:
    """Pages that are handed out one after the other; the first two are the kernel's own."""

    def __init__(self):
        self.content = bytearray(2 * PAGE_BYTES)
        self.pages = 2

    def put(self, values: np.ndarray) -> int:
        page, data = self.pages, values.tobytes()
        self.content += data + bytes(-len(data) % PAGE_BYTES)
        self.pages = len(self.content) // PAGE_BYTES
        return page

    def room(self, size: int) -> int:
        page = self.pages
        self.pages += -(-size // PAGE_BYTES)
        return page


def _padded(values: np.ndarray, lanes: int) -> np.ndarray:
    return np.pad(values, ((0, 0), (0, -values.shape[1] % lanes)))


def _bias(layer) -> np.ndarray:
    # The public engine's arithmetic may have a row for each row of C, which are all the same.
    return layer.bias if layer.bias.ndim == 1 else layer.bias[0]


def _control(last: int, pages: int) -> list[int]:
    return [0, last, pages, *[0] * 13]


def _softmax(tables, places, parameters: int, rows: int, widths, strides) -> list[int]:
    def byte(value: int, place: int) -> int:
        return (value & 0xFF) << place

    return [
        *(SOFTMAX, places[-2], parameters, places[-1], 0),
        *(rows, widths[-2], strides[-1]),
        *(strides[-2], tables.classes, strides[-1], tables.offset & 0xFFFFFFFF),
        tables.kind
        | tables.exp_bits << 8
        | tables.inv_table_bits << 16
        | byte(tables.scale_shift, 24),
        tables.norm_bits
        | byte(tables.accum_shift, 8)
        | tables.accum_bits << 16
        | byte(tables.inv_shift, 24),
        0,
        tables.inv_bits | byte(tables.result_shift, 8),
    ]
