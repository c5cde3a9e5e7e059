"""A quantized network over maps in an HDF5 group: a description in JSON, and arrays.

description           everything that is no array, by the names of the classes
input_scale, ...      of the network
steps/0..             weights, bias and entries of each step that has some
tensors/0..           scale of each tensor
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import h5py
import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.quantization.damage import damage_told
from xfblas.quantization.map_steps import (
    ConvolutionStep,
    MapEpilogue,
    MapNetwork,
    MapPlacement,
    MapSlice,
    StoredMap,
    Walk,
    WindowStep,
)
from xfblas.quantization.maps.checks import require_fit
from xfblas.quantization.maps.quantized_maps import MapSummary, QuantizedMaps, StoredTensor

FORMAT = "xfblas quantized maps"
VERSION = 2
_ARRAYS = ("input_scale", "input_offset", "output_scale")


def write_maps(maps: QuantizedMaps, group: h5py.Group) -> None:
    """Writes everything into an empty group."""
    network = maps.network
    group.attrs["format"], group.attrs["version"] = FORMAT, VERSION
    for name in _ARRAYS:
        if getattr(network, name) is not None:
            group[name] = getattr(network, name)
    for number, step in enumerate(network.steps):
        if step.weights is not None:
            group[f"steps/{number}/weights"] = step.weights
            group[f"steps/{number}/bias"] = step.bias
            if step.epilogue.entries is not None:
                group[f"steps/{number}/entries"] = step.epilogue.entries
    for number, tensor in enumerate(maps.tensors):
        group[f"tensors/{number}/scale"] = tensor.scale
    described = {
        "name": network.name,
        "dtype": network.dtype.name,
        "maps": [asdict(one) for one in network.maps],
        "steps": [_described(step) for step in network.steps],
        "input": network.input,
        "output": asdict(network.output),
        "input_limit": network.input_limit,
        "output_zero": network.output_zero,
        "output_windows": network.output_windows,
        "softmax": network.softmax,
        "round": network.round,
        "saturate": network.saturate,
        "tensors": [
            {
                "name": tensor.name,
                "slice": asdict(tensor.slice),
                "shape": tensor.shape,
                "zero": tensor.zero,
                "step": tensor.step,
                "windows": tensor.windows,
            }
            for tensor in maps.tensors
        ],
        "summaries": [asdict(summary) for summary in maps.summaries],
        "channels_first": maps.channels_first,
        "is_flat": maps.is_flat,
        "is_turned": maps.is_turned,
        "output_shape": maps.output_shape,
    }
    group["description"] = json.dumps(described)


def read_maps(group: Any) -> QuantizedMaps:
    """What :func:`write_maps` wrote.

    Raises:
        InvalidValueError: the group is damaged, foreign or of a newer format.
    """
    with damage_told(group):
        if group.attrs.get("version") not in range(1, VERSION + 1):
            raise InvalidValueError(
                f"group {group.name} has version {group.attrs.get('version')!r}, expected up to "
                f"{VERSION}: it was written by another release of this package"
            )
        maps = _read(group, json.loads(group["description"][()]))
        require_fit(maps)
    return maps


def _described(step: ConvolutionStep | WindowStep) -> dict[str, Any]:
    found = {
        "name": step.name,
        "kind": step.kind if isinstance(step, WindowStep) else "convolution",
        "source": asdict(step.source),
        "target": asdict(step.target),
        "walk": asdict(step.walk),
    }
    if step.epilogue is not None:
        epilogue = step.epilogue
        found |= {"post": epilogue.post, "prelu": epilogue.prelu, "activation": epilogue.activation}
    return found


def _read(group: Any, described: dict[str, Any]) -> QuantizedMaps:
    arrays = {name: group[name][()] if name in group else None for name in _ARRAYS}
    network = MapNetwork(
        name=described["name"],
        dtype=np.dtype(described["dtype"]),
        maps=tuple(StoredMap(**one) for one in described["maps"]),
        steps=tuple(
            _step(step, group["steps"][str(number)] if _has_sums(step) else None)
            for number, step in enumerate(described["steps"])
        ),
        input=described["input"],
        output=MapSlice(**described["output"]),
        **{key: described[key] for key in ("input_limit", "output_zero")},
        **{key: described[key] for key in ("softmax", "round", "saturate")},
        # Files of version 1 have none.
        output_windows=described.get("output_windows", 1),
        **arrays,
    )
    tensors = tuple(
        StoredTensor(
            one["name"],
            MapSlice(**one["slice"]),
            tuple(one["shape"]),
            group[f"tensors/{number}/scale"][()],
            one["zero"],
            one["step"],
            one.get("windows", 1),
        )
        for number, one in enumerate(described["tensors"])
    )
    summaries = tuple(
        MapSummary(**{**one, "kernels": tuple(map(tuple, one["kernels"]))})
        for one in described["summaries"]
    )
    switches = (described[key] for key in ("channels_first", "is_flat", "is_turned"))
    shape = tuple(described["output_shape"])
    return QuantizedMaps(network, tensors, summaries, *switches, shape)


def _has_sums(step: dict[str, Any]) -> bool:
    return step["kind"] in ("convolution", "depthwise")


def _step(described: dict[str, Any], group: Any) -> ConvolutionStep | WindowStep:
    ends = (
        MapSlice(**described["source"]),
        MapPlacement(**_pairs(described["target"])),
        Walk(**_pairs(described["walk"])),
    )
    name, kind = described["name"], described["kind"]
    if group is None:
        return WindowStep(name, kind, *ends)
    activation = described["activation"]
    if activation and "fraction_bits" in activation:
        activation = {**activation, "fraction_bits": tuple(activation["fraction_bits"])}
    entries = group["entries"][()] if "entries" in group else None
    post, prelu = tuple(described["post"]), tuple(described["prelu"])
    numbers = (group["weights"][()], group["bias"][()])
    epilogue = MapEpilogue(post, prelu, activation, entries)
    if kind == "convolution":
        return ConvolutionStep(name, *ends, *numbers, epilogue)
    return WindowStep(name, kind, *ends, *numbers, epilogue)


def _pairs(described: dict[str, Any]) -> dict[str, Any]:
    """Lists, which JSON has in the place of pairs, as pairs."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in described.items()
    }
