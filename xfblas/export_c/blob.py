"""A model as one blob: what ``xfblas_blob.h`` reads.

The same bytes serve the C program, which loads other weights as another blob, and the driver for
PYNQ.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.export_c.device_pages import PAGE_BYTES, DevicePages, device_pages
from xfblas.layers.activations import activate
from xfblas.quantization import QuantizedNetwork
from xfblas.quantization.output_windows import joining_offset

MAGIC, VERSION, HEADER_BYTES = 0x57424658, 1, 192
SOFTMAX, WRAPS, OFFSETS = 1, 2, 4
#: Rows of a run, where nobody says otherwise.
ROWS = 128
MOST_ROWS = 65536
#: Entries of the tables of an activation that the host computes, 4 bytes each.
MOST_ENTRIES = 1 << 18
#: Activations that are no function of each value by itself.
_OF_ROWS = ("log_softmax", "sparsemax")


@dataclass(frozen=True, eq=False)
class Blob:
    """A model's bytes, and the numbers that a program is built with.

    Attributes:
        content: the whole.
        parameter_bytes: header and parameters, which a program keeps.
        features, outputs: floats in a row, before and after.
        element_bytes: of an element.
        pages: where things are in the kernel's memory.
        rows: of a run, at most.
    """

    content: bytes
    parameter_bytes: int
    features: int
    outputs: int
    element_bytes: int
    pages: DevicePages
    rows: int


def make_blob(network: QuantizedNetwork, rows: int = ROWS) -> Blob:
    """The blob of a network.

    Args:
        network: on an integer image.
        rows: of a run, at most.

    Raises:
        UnsupportedModelError: its last activation is none that C computes to the bit.
    """
    pages = device_pages(network, rows)
    parameters = _Parameters()
    flags, numbers = 0, dict.fromkeys(("offsets", "columns"), 0)
    scale = np.broadcast_to(np.asarray(network.input_scale, np.float64), (network.features,))
    numbers["scales"] = parameters.put(scale.astype("<f8"))
    if network.input_wraps:
        flags |= WRAPS
    if network.input_offset is not None:
        flags |= OFFSETS
        offset = np.broadcast_to(np.asarray(network.input_offset, np.float64), scale.shape)
        numbers["offsets"] = parameters.put(offset.astype("<f8"))
    if network.input_columns is not None:
        numbers["columns"] = parameters.put(network.input_columns.astype("<i4"))
    outputs, windows, join, scales, slope = _decoding(network)
    numbers["out_scales"] = parameters.put(scales.astype("<f4"))
    tables, first, length, places = 0, 0, 0, 0
    if network.softmax is None and network.output_activation == "softmax":
        flags |= SOFTMAX
    elif network.softmax is None and network.output_activation != "linear":
        values, first, length, starts = _tables(network, outputs, windows, join, scales, slope)
        tables = parameters.put(values.astype("<f4"))
        places = parameters.put(starts.astype("<u4"))
    content = bytes(parameters.content)
    image_offset = HEADER_BYTES + len(content)
    rest = struct.pack(
        "<15I2i4IiIfIiII64x",
        *(HEADER_BYTES, image_offset, len(pages.image) // PAGE_BYTES, pages.pages),
        *(network.dtype.itemsize, network.features, network.input_units),
        *(pages.input_page, pages.input_stride),
        *(outputs, pages.output_page, pages.output_stride, rows, pages.instructions, flags),
        *(network.input_limit or int(np.iinfo(network.dtype).max), network.input_base),
        *(numbers["scales"], numbers["offsets"], numbers["columns"], windows),
        *(join, numbers["out_scales"], slope, tables, first, length, places),
    )
    return _assembled(rest, content, pages, network, outputs, rows)


def _assembled(rest, content, pages, network, outputs, rows) -> Blob:
    body = rest + content + pages.image
    size = 16 + len(body)
    head = struct.pack("<4I", MAGIC, VERSION, size, zlib.crc32(body))
    features, element_bytes = network.features, network.dtype.itemsize
    kept = HEADER_BYTES + len(content)
    return Blob(head + body, kept, features, outputs, element_bytes, pages, rows)


class _Parameters:
    """Arrays behind the header, each at a multiple of 8 bytes."""

    def __init__(self):
        self.content = bytearray()

    def put(self, values: np.ndarray) -> int:
        """Adds an array and tells its place in the blob."""
        place, data = HEADER_BYTES + len(self.content), values.tobytes()
        self.content += data + bytes(-len(data) % 8)
        return place


def _decoding(network: QuantizedNetwork) -> tuple[int, int, int, np.ndarray, float]:
    """Outputs, windows, what is added to them, scales, and the slope of negative ones."""
    if network.softmax is not None:
        classes = network.softmax.classes
        return classes, 1, 0, np.full(classes, 2.0**network.softmax.result_bits), 1.0
    windows = network.output_windows
    outputs = network.output_units // windows
    scale: Any = 1 if network.output_scale is None else network.output_scale
    join = joining_offset(windows, network.bits) if windows > 1 else 0
    scales = np.broadcast_to(np.asarray(scale, np.float32), (outputs,))
    return outputs, windows, join, scales, float(network.output_slope)


def _tables(network, outputs: int, windows: int, join: int, scales: np.ndarray, slope: float):
    """What the host computes of every sum there can be: values, the first sum, how many, starts."""
    name = network.output_activation
    half = 2 ** (network.bits - 1)
    first, length = join - windows * half, windows * (2 * half - 1) + 1
    different, which = np.unique(scales, return_inverse=True)
    entries = length * len(different)
    if name in _OF_ROWS or entries > MOST_ENTRIES:
        reason = "takes a row as a whole" if name in _OF_ROWS else f"needs {entries} entries"
        raise UnsupportedModelError(
            f"output activation {name} {reason}, which the C project does not compute: expected "
            "linear, softmax, or a function of each value with at most "
            f"{MOST_ENTRIES} entries (try softmax by tables, per_channel=False, or bits=8)"
        )
    sums = np.arange(first, first + length).astype(np.float32)
    values = []
    for scale in different:
        logits = sums / scale
        if slope != 1:
            logits = np.where(logits < 0, logits * np.float32(slope), logits)
        # In rows like those of a prediction, so that numpy takes the same way.
        values.append(activate(name, logits.reshape(-1, 1)).ravel())
    return np.concatenate(values), first, length, which.reshape(-1) * length
