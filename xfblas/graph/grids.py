"""Which tensors of a graph a quantizer has put on a grid, and what later quantizers cut off."""

import math

import numpy as np

from xfblas.graph.graph_steps import HostStep
from xfblas.graph.model_graph import ModelGraph
from xfblas.layers.quantizers import Grid, grid_of

#: Functions that give values that they have taken; those of one number for all values of a row.
_PASSING = ("reshape", "permute", "repeat", "crop", "take", "largest", "smallest")


def grids_of(graph: ModelGraph) -> dict[str, Grid]:
    """The grid of each tensor that is known to be on one."""
    found: dict[str, Grid] = {}
    for step in graph.steps:
        if not isinstance(step, HostStep):
            continue
        if step.function == "quantizer":
            numbers = step.parameters
            grid = grid_of(numbers["quantizer"], numbers["settings"], step.arrays)
            found |= {} if grid is None else {step.output: grid}
        elif step.function in _PASSING and step.inputs[0] in found:
            grid = found[step.inputs[0]]
            found |= {step.output: grid} if np.size(grid.step) == 1 else {}
        elif step.function == "concatenate" and all(name in found for name in step.inputs):
            grids = [found[name] for name in step.inputs]
            if len({float(grid.step) if np.size(grid.step) == 1 else None for grid in grids}) == 1:
                low = min(grid.low for grid in grids)
                found[step.output] = Grid(grids[0].step, low, max(grid.high for grid in grids))
    return found


def ends_of(graph: ModelGraph, tensor: str) -> tuple[float, float]:
    """Between which values of a tensor those who take it see a difference."""
    low, high = math.inf, -math.inf
    readers = [step for step in graph.steps if tensor in step.inputs]
    if not readers or tensor in {spec.name for spec in graph.outputs}:
        return (-math.inf, math.inf)
    for step in readers:
        ends = (-math.inf, math.inf)
        if isinstance(step, HostStep) and step.function == "reshape":
            ends = ends_of(graph, step.output)
        elif isinstance(step, HostStep) and step.function == "quantizer":
            numbers = step.parameters
            grid = grid_of(numbers["quantizer"], numbers["settings"], step.arrays)
            ends = ends if grid is None else grid.ends
        low, high = min(low, ends[0]), max(high, ends[1])
    return (low, high)
