"""A quantized network in an HDF5 group, so that predicting needs neither the model nor the rows.

    attributes    format, version, arithmetic and what else is one number or word
    input_scale   and the other arrays of the network, where it has them
    layers/0..    weights, bias and the instruction's fields of each layer
    summaries/0.. each summary's numbers, where there are any

Every array keeps its type and every number all its digits. A number that a group lacks, or that is
not of its kind, is an error: nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import h5py
import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.image.element_types import NAMES
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.layers.curves import CURVES
from xfblas.layers.placement import TABLES
from xfblas.quantization.damage import damage_told
from xfblas.quantization.entry_table import EntryTable, as_stored
from xfblas.quantization.function_table import FunctionTable
from xfblas.quantization.layer_summary import LayerSummary
from xfblas.quantization.softmax_settings import IMPLEMENTATIONS
from xfblas.quantization.softmax_tables import SoftmaxTables

if TYPE_CHECKING:
    from xfblas.quantization.layers import QuantizedNetwork

FORMAT = "xfblas quantized network"
#: Networks of floats without an offset, and those of integers without tables, have version 1, which
#: earlier releases read; floats with an offset 2, integers with tables of tanh and sigmoid 3, with
#: entries of the host's 4, with tables of softmax 5.
VERSION = 5

#: Types in memory of what the classes state; a whole number may be stored for a float.
_KINDS = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "np.ndarray": (np.ndarray,),
    "FunctionTable": (FunctionTable,),
    "EntryTable": (EntryTable,),
    "SoftmaxTables": (SoftmaxTables,),
    "None": (type(None),),
}


def write_network(network: QuantizedNetwork, group: h5py.Group) -> None:
    """See :meth:`QuantizedNetwork.to_group`."""
    if len(group) or len(group.attrs):
        raise InvalidValueError(f"group {group.name} is not empty, expected an empty HDF5 group")
    group.attrs["format"] = FORMAT
    is_centred = network.dtype.kind == "f" and network.input_offset is not None
    tables = [layer.table for layer in network.layers if layer.table is not None]
    has_entries = any(isinstance(table, EntryTable) for table in tables)
    version = 4 if has_entries else 3 if tables else 2 if is_centred else 1
    group.attrs["version"] = 5 if network.softmax is not None else version
    _write_fields(group.create_group("arithmetic"), network.arithmetic)
    _write_fields(group, network, without=("layers", "arithmetic", "summaries"))
    for name, parts in (("layers", network.layers), ("summaries", network.summaries)):
        listed = group.create_group(name)
        for index, part in enumerate(parts):
            _write_fields(listed.create_group(str(index)), part)


def read_network(group: h5py.Group, kind, layer, arithmetic) -> QuantizedNetwork:
    """See :meth:`QuantizedNetwork.from_group`, which tells the classes of what it holds."""
    with damage_told(group):
        found = group.attrs.get("format")
        version = group.attrs.get("version")
        if found != FORMAT:
            raise InvalidValueError(
                f"group {group.name} has format {found!r}, expected {FORMAT!r}: it holds something "
                "else"
            )
        if version not in range(1, VERSION + 1):
            raise InvalidValueError(
                f"group {group.name} has version {version!r}, expected up to {VERSION}: it was "
                "written by another release of this package"
            )
        network = kind(
            layers=_read_list(group, "layers", layer),
            arithmetic=arithmetic(**_read_fields(group["arithmetic"], arithmetic)),
            summaries=_read_list(group, "summaries", LayerSummary),
            **_read_fields(group, kind, without=("layers", "arithmetic", "summaries")),
        )
        _check(network)
    return network


def _write_fields(group: h5py.Group, value, without=()) -> None:
    for field in dataclasses.fields(value):
        if field.name in without:
            continue
        content = getattr(value, field.name)
        if content is None:
            continue
        if isinstance(content, FunctionTable | EntryTable | SoftmaxTables):
            _write_fields(group.create_group(field.name), content)
        elif isinstance(content, np.ndarray):
            group.create_dataset(field.name, data=content)
        else:
            group.attrs[field.name] = content


def _read_fields(group: h5py.Group, kind, without=()) -> dict:
    result = {}
    for field in dataclasses.fields(kind):
        if field.name in without:
            continue
        if field.name in group.attrs:
            content = group.attrs[field.name]
            result[field.name] = content.item() if isinstance(content, np.generic) else content
        elif field.name in group and "Table" in str(field.type):
            table = _table_of(group[field.name], str(field.type))
            result[field.name] = table(**_read_fields(group[field.name], table))
        elif field.name in group:
            result[field.name] = group[field.name][()]
        elif "None" in str(field.type):
            result[field.name] = None
        else:
            raise InvalidValueError(f"group {group.name} is damaged: it lacks {field.name}")
        _require_kind(group, field, result[field.name])
    return result


def _table_of(group: h5py.Group, kinds: str) -> type:
    """The class of a table: one of entries where it has some, else that of the field."""
    if "SoftmaxTables" in kinds:
        return SoftmaxTables
    return EntryTable if "entries" in group else FunctionTable


def _require_kind(group: h5py.Group, field: dataclasses.Field, value) -> None:
    """Raises an InvalidValueError unless a value is of the type that the class states."""
    kinds = {kind for name in str(field.type).split(" | ") for kind in _KINDS[name]}
    is_right = type(value) in kinds
    if isinstance(value, np.ndarray):
        is_right &= value.dtype.kind in "iuf" and value.size > 0
    elif isinstance(value, float):
        is_right &= not math.isnan(value)
    if not is_right:
        shown = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise InvalidValueError(
            f"group {group.name} is damaged: {field.name} is {shown[:80]}, expected {field.type}"
        )


def _read_list(group: h5py.Group, name: str, kind) -> tuple:
    listed = group[name]
    return tuple(kind(**_read_fields(listed[str(index)], kind)) for index in range(len(listed)))


def _check(network: QuantizedNetwork) -> None:
    """Raises an InvalidValueError unless the layers chain and every number fits its field."""
    if not network.layers:
        raise InvalidValueError("the network has no layers, expected 1 or more")
    units = None
    for layer in network.layers:
        weights, bias = layer.weights, layer.bias
        is_chain = weights.ndim == 2 and weights.size and units in (None, weights.shape[0])
        if not is_chain or weights.dtype.name not in NAMES or weights.dtype != network.dtype:
            raise InvalidValueError(
                f"layer {layer.name}: weights are {weights.dtype} of shape {weights.shape}, "
                f"expected {network.dtype} of shape ({units or 'k'}, n)"
            )
        units = weights.shape[1]
        wanted = np.float32 if network.dtype.kind == "f" else np.int32
        if bias.dtype != wanted or bias.ndim not in (1, 2) or bias.shape[-1] != units:
            raise InvalidValueError(
                f"layer {layer.name}: bias is {bias.dtype} of shape {bias.shape}, expected "
                f"{np.dtype(wanted)} of shape ({units},)"
            )
        for name, low, high in (
            ("post_scale", 0, 2**16 - 1),
            ("post_shift", 0, 255),
            ("prelu_scale", -512, 511),
            ("prelu_alpha", 0, 31),
        ):
            value = getattr(layer, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise InvalidValueError(
                    f"layer {layer.name}: {name} is {value!r}, expected {low} to {high}"
                )
        _check_table(layer, network)
    _check_host_side(network, units)
    _check_softmax(network)
    if network.summaries and len(network.summaries) != len(network.layers):
        raise InvalidValueError(
            f"there are {len(network.summaries)} summaries, expected {len(network.layers)}"
        )
    for layer, summary in zip(network.layers, network.summaries, strict=False):
        columns = summary.outputs - summary.constants
        is_fit = (summary.inputs, summary.outputs) == layer.weights.shape
        is_fit &= 0 <= summary.constants < summary.outputs and summary.windows > 0
        # All three are of the model's values, which may have several columns each.
        is_fit = is_fit and columns % summary.windows == 0
        arrays = (summary.scale, summary.sum_scale, summary.largest_seen)
        if not is_fit or any(one.shape != (columns // summary.windows,) for one in arrays):
            raise InvalidValueError(
                f"layer {layer.name}: its summary does not fit weights of {layer.weights.shape}"
            )


def _check_table(layer, network: QuantizedNetwork) -> None:
    """A table's formats must be such as the engine takes."""
    table = layer.table
    if table is None:
        return
    if isinstance(table, EntryTable):
        scales = (table.argument_scale, table.result_scale)
        is_fit = table.function in (*CURVES, "relu") and table.groups in (1, 2, 3)
        is_fit &= as_stored(table.entries) and all(0 < scale < np.inf for scale in scales)
        if not is_fit or network.dtype.kind != "i":
            raise InvalidValueError(
                f"layer {layer.name}: its table of {table.function} does not fit: expected 513 "
                "entries of 18 bits in 1, 2 or 3 groups with scales above 0, of an integer network"
            )
        return
    bits = (table.argument_bits, table.result_bits)
    is_fit = table.function in TABLES and network.dtype.kind == "i"
    is_fit &= all(isinstance(one, int) and 0 <= one < network.bits for one in bits)
    if not is_fit:
        raise InvalidValueError(
            f"layer {layer.name}: its table is {table}, expected {' or '.join(TABLES)} with "
            f"fraction bits from 0 to {network.bits - 1}, of an integer network"
        )


def _check_softmax(network: QuantizedNetwork) -> None:
    """The tables must be such as the engine takes, and fit the last layer."""
    tables = network.softmax
    if tables is None:
        return
    is_fit = network.dtype.kind == "i" and tables.implementation in IMPLEMENTATIONS
    is_fit = is_fit and tables.is_whole and tables.windows == network.output_windows
    if not is_fit or tables.classes * tables.windows != network.output_units:
        raise InvalidValueError(
            f"the tables of softmax do not fit the last layer's {network.output_units} columns, or "
            "no engine takes them"
        )


def _check_host_side(network: QuantizedNetwork, columns: int) -> None:
    """What the host multiplies and picks must fit the first and the last layer."""
    picked = network.input_columns
    scale = network.input_scale
    inputs = network.input_units if picked is None else len(picked)
    is_fit = inputs == network.input_units
    if scale is not None:
        is_fit &= scale.ndim == 1 and bool((scale > 0).all() and np.isfinite(scale).all())
        is_fit &= picked is not None or len(scale) == inputs
        if picked is not None:
            is_fit &= picked.min() >= 0 and picked.max() < 2 * len(scale)
    offset = network.input_offset
    if offset is not None:
        is_fit &= offset.shape == (network.features,) and bool(np.isfinite(offset).all())
        is_fit &= scale is not None or network.dtype.kind == "f"
    if not is_fit:
        raise InvalidValueError(
            f"input_scale, input_offset and input_columns do not fit {network.input_units} inputs"
        )
    if network.output_activation not in HOST_FUNCTIONS:
        raise InvalidValueError(
            f"output_activation is {network.output_activation!r}, which is not known here"
        )
    windows = network.output_windows
    if not isinstance(windows, int) or windows < 1 or columns % windows:
        raise InvalidValueError(
            f"output_windows is {windows!r}, expected a divisor of {columns} columns"
        )
    output = network.output_scale
    if output is not None:
        values = np.asarray(output)
        if values.shape not in ((), (columns // windows,)) or not (values > 0).all():
            raise InvalidValueError(
                f"output_scale has shape {values.shape}, expected ({columns // windows},)"
            )
