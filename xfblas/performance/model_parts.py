"""Which products a model is on the engine, and what is left to the host."""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError, XfblasError
from xfblas.graph import ModelGraph, read_graph
from xfblas.layers.placement import TABLES
from xfblas.quantization import without_scales


@dataclass(frozen=True)
class ModelParts:
    """A model for a number of rows.

    Attributes:
        chains: for each launch on the engine its layers: name, m, k, n, and whether the
            host sends a table of its activation.
        host: name and reason of each part that the host computes.
    """

    chains: list[list[tuple[str, int, int, int, bool]]]
    host: list[tuple[str, str]]


def parts_of(model, rows: int, dtype: str, architecture=None, trusted=False) -> ModelParts:
    """The parts of a model as :func:`xfblas.compile` would run it, without added inputs or columns.

    Args:
        model, architecture, trusted: what :func:`~xfblas.read_graph` takes.
        rows: of the model's input.
        dtype: ``"short"``, ``"int8"`` or ``"float"``, whose engine leaves leaky layers to the host.

    Raises:
        UnsupportedModelError: lists every layer that neither engine nor host can run.
        InvalidValueError: the file cannot be read.
    """
    graph = read_graph(model, architecture, tables=dtype != "float", trusted=trusted)
    shares = rows_of_steps(graph)
    chains, host = [], []
    for step in graph.steps:
        reason = _reason(step, graph, dtype)
        if reason is not None:
            host.append((step.name, reason))
            continue
        m = rows * shares.get(step.name, 1)
        layers = step.network.layers
        sent = [layer.has_table and layer.activation not in TABLES for layer in layers]
        shapes = [(layer.name, m, *layer.kernel.shape) for layer in layers]
        chains.append([(*shape, table) for shape, table in zip(shapes, sent, strict=True)])
    return ModelParts(chains, host)


def _reason(step, graph, dtype) -> str | None:
    """Why the host computes a step; None where the engine does."""
    if step not in graph.engine_steps:
        return step.reason or f"the engine has no {step.function}"
    if dtype != "float":
        return None
    try:
        without_scales(step.network)
    except UnsupportedModelError as error:
        return " ".join(str(error).split())
    return None


def rows_of_steps(graph: ModelGraph) -> dict[str, int]:
    """Rows that reach each engine step for one row of the model, which a run of zeros tells."""
    found = {}

    def keep(step, rows):
        found[step.name] = len(rows)
        return step.outputs_of(rows)

    inputs = [
        np.zeros((1, *(size or 1 for size in spec.shape)), spec.dtype) for spec in graph.inputs
    ]
    try:
        graph.run(inputs, keep)
    except XfblasError:
        return found  # sizes that may differ between calls and must not be 1
    return found
