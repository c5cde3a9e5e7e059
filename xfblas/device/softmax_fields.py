"""The fields of softmax by tables, as the C library takes them."""

from typing import Any

from xfblas.device.binding import ffi, require_integer
from xfblas.device.device_matrix import DeviceMatrix

#: By their names in Python, what C calls them.
FIELDS = {
    "kind": "kind", "offset": "offset", "scale_shift": "scaleShift", "exp_bits": "expBits",
    "inv_table_bits": "invTableBits", "norm_bits": "normBits", "accum_bits": "accumBits",
    "inv_bits": "invBits", "accum_shift": "accumShift", "inv_shift": "invShift",
    "result_shift": "resultShift",
}  # fmt: skip


def softmax_tables(parameters: DeviceMatrix, classes: int, fields: dict[str, int]) -> Any:
    """``xfblasSoftmaxTables_t`` of C from the fields that :meth:`ComputeUnit.softmax` takes."""
    tables = ffi.new("xfblasSoftmaxTables_t *")
    tables.parameters, tables.classes = parameters.pointer, classes
    for name, place in FIELDS.items():
        setattr(tables, place, require_integer(name, fields[name], -(2**31)))
    return tables
