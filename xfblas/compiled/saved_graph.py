"""A graph in an HDF5 file: arrays in groups, and a description of everything that is no array."""

import dataclasses

import h5py
import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.graph import (
    EngineStep,
    FoldedLayer,
    HostStep,
    Layer,
    MapStep,
    ModelGraph,
    Network,
    TensorSpec,
)
from xfblas.hdf5 import Group
from xfblas.layers.host_functions import FUNCTIONS
from xfblas.layers.placement import Placement
from xfblas.rows.preprocessing import Preprocessing


def write_graph(graph: ModelGraph, file: h5py.File) -> dict:
    """Writes the arrays of each step to the group ``steps/<number>``.

    Returns:
        The description, which JSON can hold.
    """
    steps = [
        _write_step(step, file.create_group(f"steps/{number}"))
        for number, step in enumerate(graph.steps)
    ]
    return {
        "name": graph.name,
        "inputs": [_spec(spec) for spec in graph.inputs],
        "outputs": [_spec(spec) for spec in graph.outputs],
        "steps": steps,
        "placements": [dataclasses.asdict(placement) for placement in graph.placements],
    }


def read_graph(file: Group, described: dict) -> ModelGraph:
    """The graph that :func:`write_graph` wrote.

    Args:
        file: the root of the file.
        described: what :func:`~xfblas.compiled.saved_schema.require_description` found right.

    Raises:
        InvalidValueError: a step has a function that is not known, or steps do not fit each other.
        KeyError, TypeError, ValueError: the file is damaged.
    """
    steps = [
        _read_step(entry, file[f"steps/{number}"])
        for number, entry in enumerate(described["steps"])
    ]
    inputs, outputs = (
        tuple(
            TensorSpec(
                spec["name"],
                tuple(spec["shape"]),
                spec["dtype"],
                spec["key"],
                # Earlier files have none.
                tuple(spec["columns"]) if spec.get("columns") else None,
                _preprocessing(spec),
            )
            for spec in described[kind]
        )
        for kind in ("inputs", "outputs")
    )
    placements = tuple(Placement(**entry) for entry in described.get("placements", ()))
    graph = ModelGraph(described["name"], inputs, outputs, tuple(steps), placements)
    _require_fit(graph)
    return graph


def _require_fit(graph: ModelGraph) -> None:
    """Raises an InvalidValueError unless every step takes what those before it give."""
    for spec in (*graph.inputs, *graph.outputs):
        sizes = [1 if size is None else size for size in spec.shape]
        if spec.dtype not in ("float32", "int64") or min(sizes, default=1) < 0:
            raise InvalidValueError(f"tensor {spec.name} has {spec.dtype} of shape {spec.shape}")
        if spec.columns is not None and (len(spec.columns),) != spec.shape:
            raise InvalidValueError(
                f"tensor {spec.name} has {len(spec.columns)} columns and the shape {spec.shape}"
            )
    if any(None in spec.shape for spec in graph.inputs):
        return  # Not every size of an open axis is taken by every step.
    row = [np.zeros((1, *spec.shape), spec.dtype) for spec in graph.inputs]
    tensors = graph.run(row, _zeros)
    for spec in graph.outputs:
        found = tensors[spec.name].shape[1:]
        if len(found) != len(spec.shape) or any(
            size not in (None, one) for size, one in zip(spec.shape, found, strict=True)
        ):
            raise InvalidValueError(f"output {spec.name} has shape {found}, expected {spec.shape}")


def _zeros(step: EngineStep | MapStep, rows: np.ndarray) -> np.ndarray:
    shape = step.output_shape if isinstance(step, MapStep) else (step.network.output_units,)
    return np.zeros((len(rows), *shape))


def _spec(spec: TensorSpec) -> dict:
    found = spec.preprocessing
    described = dataclasses.asdict(dataclasses.replace(spec, preprocessing=None))
    return {**described, "preprocessing": None if found is None else found.description()}


def _preprocessing(described: dict) -> Preprocessing | None:
    given = described.get("preprocessing")
    return None if given is None else Preprocessing.of(given, tuple(described["shape"]))


def _write_step(step, group) -> dict:
    common = {"name": step.name, "output": step.output, "reason": step.reason}
    if isinstance(step, EngineStep):
        network = step.network
        for index, layer in enumerate(network.layers):
            group[f"{index}/kernel"], group[f"{index}/bias"] = layer.kernel, layer.bias
        if network.center is not None:
            group["center"] = network.center
        layers = [
            {
                "name": layer.name,
                "activation": layer.activation,
                "slope": layer.negative_slope,
                "output": layer.output,
                "folded": list(layer.folded),
                **({"parameters": layer.parameters} if layer.parameters else {}),
            }
            for layer in network.layers
        ]
        return {
            **common,
            "input": step.input,
            "network": network.name,
            "layers": layers,
            "input_shape": list(network.input_shape),
        }
    if isinstance(step, MapStep):
        return {
            **common,
            "input": step.input,
            "maps": [
                _write_step(part, group.create_group(str(index)))
                for index, part in enumerate(step.steps)
            ],
            "input_shape": list(step.input_shape),
            "shapes": [list(shape) for shape in step.shapes],
            "channels_first": step.channels_first,
        }
    for kind, values in step.arrays.items():
        group[kind] = values
    return {
        **common,
        "inputs": list(step.inputs),
        "function": step.function,
        "parameters": step.parameters,
        "arrays": list(step.arrays),
    }


def _read_step(entry, group):
    if "layers" in entry:
        layers = tuple(
            _layer(group[f"{index}/kernel"][()], group[f"{index}/bias"][()], layer)
            for index, layer in enumerate(entry["layers"])
        )
        center = group["center"][()] if "center" in group else None
        shape = tuple(entry["input_shape"])
        network = Network(entry["network"], layers, "linear", shape, center=center)
        return EngineStep(entry["name"], entry["input"], entry["output"], network, entry["reason"])
    if "maps" in entry:
        return MapStep(
            entry["name"],
            entry["input"],
            entry["output"],
            tuple(_read_step(one, group[str(index)]) for index, one in enumerate(entry["maps"])),
            tuple(entry["input_shape"]),
            tuple(tuple(shape) for shape in entry["shapes"]),
            entry["channels_first"],
            entry["reason"],
        )
    if entry["function"] not in FUNCTIONS:
        raise InvalidValueError(
            f"step {entry['name']} has function {entry['function']!r}, which is not known here"
        )
    return HostStep(
        entry["name"],
        tuple(entry["inputs"]),
        entry["output"],
        entry["function"],
        entry["parameters"],
        {kind: group[kind][()] for kind in entry["arrays"]},
        entry["reason"],
    )


def _layer(kernel, bias, entry) -> Layer:
    kind = FoldedLayer if kernel.dtype == np.float64 else Layer
    numbers = (kernel, bias, entry["activation"], entry["slope"])
    # Files of before names were kept have none but the layer's.
    names = (entry.get("output", ""), tuple(entry.get("folded", ())), entry.get("parameters", {}))
    return kind(entry["name"], *numbers, *names)
