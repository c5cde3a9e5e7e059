"""Which tensors of a graph a quantizer has put on a grid, and what later quantizers cut off."""

import math
from dataclasses import replace

import numpy as np

from xfblas.graph.graph_steps import EngineStep, HostStep, MapStep
from xfblas.graph.model_graph import ModelGraph
from xfblas.layers.quantizers import Grid, grid_of

#: Biases in so small a part of the products' step are computed by the engine with these.
FINEST = 64
#: Functions that give values that they have taken; those of one number for all values of a row.
_PASSING = ("reshape", "permute", "repeat", "crop", "take", "largest", "smallest", "max_pool")
_PASSING += ("upsample",)
#: Those that put zeros beside them too.
_WITH_ZEROS = ("pad", "gather_windows")
#: Those of one value or of rising ones, whose arguments matter where those of a later quantizer do.
_RISING = ("reshape", "permute", "max_pool", "largest", "upsample", "crop")


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
        elif step.function in _WITH_ZEROS and step.inputs[0] in found:
            grid = _with_zeros(found[step.inputs[0]], step)
            found |= {} if grid is None else {step.output: grid}
        elif step.function == "concatenate" and all(name in found for name in step.inputs):
            grids = [found[name] for name in step.inputs]
            if len({float(grid.step) if np.size(grid.step) == 1 else None for grid in grids}) == 1:
                low = min(grid.low for grid in grids)
                found[step.output] = Grid(grids[0].step, low, max(grid.high for grid in grids))
    return found


def _with_zeros(grid, step):
    """The grid of values with zeros beside them; for each channel where windows are gathered."""
    arrays = np.broadcast_arrays(*(np.asarray(v) for v in (grid.step, grid.low, grid.high)))
    gathers = step.function == "gather_windows"
    if gathers and arrays[0].ndim > 1:
        axis = 0 if step.parameters.get("channels_first") else -1
        arrays = [np.moveaxis(v, axis, -1).reshape(-1, v.shape[axis]) for v in arrays]
        steps, low, high = arrays
        # Where all is 0 any step will do.
        steps = np.where((low == 0) & (high == 0), np.inf, steps)
        finest = np.where(np.isinf(steps).all(axis=0), 1.0, steps.min(axis=0))
        ratio = np.where(np.isinf(steps), 1.0, steps / finest)
        if (ratio != np.rint(ratio)).any():
            return None
        arrays = [finest, low.min(axis=0), high.max(axis=0)]
    elif arrays[0].size > 1 and not gathers:
        return None
    if gathers and arrays[0].size > 1:
        taps = math.prod(len(seen[0]) for seen in step.parameters["windows"])
        arrays = [np.tile(v, taps) for v in arrays]
    steps, low, high = arrays
    return Grid(steps, np.minimum(low, 0), np.maximum(high, 0))


def with_biases_on_host(graph: ModelGraph) -> ModelGraph:
    """The same, where the host adds the biases that are on no grid though their products are.

    What follows a bias in its layer, a slope for negative values, goes to the host with it.
    """
    grids = grids_of(graph)
    steps: list[EngineStep | HostStep | MapStep] = []
    for step in graph.steps:
        grid = grids.get(step.inputs[0])
        if not isinstance(step, EngineStep) or grid is None or not _has_fine_bias(step, grid):
            steps.append(step)
            continue
        layer = step.network.layers[0]
        products, sums = f"{step.output}:products", f"{step.output}:preactivation"
        sums = step.output if layer.negative_slope == 1 else sums
        bare = replace(
            layer, bias=0 * layer.bias, activation="linear", negative_slope=1.0, output=products
        )
        network = replace(step.network, layers=(bare,))
        steps.append(replace(step, output=products, network=network))
        arrays = {"scale": np.ones(1), "shift": layer.bias}
        reason = "its bias is finer than its products"
        steps.append(HostStep(f"{sums}:bias", (products,), sums, "scale", {}, arrays, reason))
        if sums != step.output:
            name = f"{step.output}:slope"
            alpha = {"alpha": np.float32([layer.negative_slope])}
            steps.append(HostStep(name, (sums,), step.output, "prelu", {}, alpha, reason))
    return replace(graph, steps=tuple(steps))


def _has_fine_bias(step, grid):
    """Whether a layer's bias has so small a step that its products, whole multiples, lack it."""
    layer = step.network.layers[0]
    if len(step.network.layers) > 1 or layer.steps is None or layer.has_table:
        return False
    multiples = layer.bias / (np.min(grid.step) * layer.steps) * FINEST
    return bool((np.abs(multiples - np.rint(multiples)) > np.abs(multiples) * 2.0**-21).any())


def ends_of(graph: ModelGraph, tensor: str) -> tuple[float, float]:
    """Between which values of a tensor those who take it see a difference."""
    low, high = math.inf, -math.inf
    readers = [step for step in graph.steps if tensor in step.inputs]
    if not readers or tensor in {spec.name for spec in graph.outputs}:
        return (-math.inf, math.inf)
    for step in readers:
        ends = (-math.inf, math.inf)
        if isinstance(step, HostStep) and step.function in _RISING:
            ends = ends_of(graph, step.output)
        elif isinstance(step, HostStep) and step.name.endswith(":bias"):
            room = float(np.abs(step.arrays["shift"]).max())
            ends = ends_of(graph, step.output)
            ends = (ends[0] - room, ends[1] + room)
        elif isinstance(step, HostStep) and step.function == "quantizer":
            numbers = step.parameters
            grid = grid_of(numbers["quantizer"], numbers["settings"], step.arrays)
            ends = ends if grid is None else grid.ends
        low, high = min(low, ends[0]), max(high, ends[1])
    return (low, high)
