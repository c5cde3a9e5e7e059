"""A graph in an HDF5 file: arrays in groups, and a description of everything that is no array."""

from dataclasses import asdict

import h5py

from xfblas.errors import InvalidValueError
from xfblas.models import EngineStep, HostStep, Layer, ModelGraph, Network, TensorSpec
from xfblas.models.host_functions import FUNCTIONS
from xfblas.models.placement import Placement


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
        "placements": [asdict(placement) for placement in graph.placements],
    }


def read_graph(file: h5py.File, described: dict) -> ModelGraph:
    """The graph that :func:`write_graph` wrote.

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
            TensorSpec(spec["name"], tuple(spec["shape"]), spec["dtype"], spec["key"])
            for spec in described[kind]
        )
        for kind in ("inputs", "outputs")
    )
    placements = tuple(Placement(**entry) for entry in described.get("placements", ()))
    return ModelGraph(described["name"], inputs, outputs, tuple(steps), placements)


def _spec(spec: TensorSpec) -> dict:
    return {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype, "key": spec.key}


def _write_step(step, group) -> dict:
    common = {"name": step.name, "output": step.output, "reason": step.reason}
    if isinstance(step, EngineStep):
        network = step.network
        for index, layer in enumerate(network.layers):
            group[f"{index}/kernel"], group[f"{index}/bias"] = layer.kernel, layer.bias
        layers = [
            {
                "name": layer.name,
                "activation": layer.activation,
                "slope": layer.negative_slope,
                "output": layer.output,
                "folded": list(layer.folded),
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
            Layer(
                layer["name"],
                group[f"{index}/kernel"][()],
                group[f"{index}/bias"][()],
                layer["activation"],
                layer["slope"],
                # Files of before these were kept have no names but the layer's.
                layer.get("output", ""),
                tuple(layer.get("folded", ())),
            )
            for index, layer in enumerate(entry["layers"])
        )
        network = Network(entry["network"], layers, "linear", tuple(entry["input_shape"]))
        return EngineStep(entry["name"], entry["input"], entry["output"], network, entry["reason"])
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
