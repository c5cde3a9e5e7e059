"""Whether the engine or the host computes the curved functions between dense layers.

By tables the engine takes a chain in one program, and on trained models loses as little as the
host, whose way cuts the chain in parts with roundings at their ends (docs/quantization.md has the
figures). So the engine computes them, unless its result stays below the goal and the host's way is
NEARER decibels better on the calibration rows, and as many more as its products ask for.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xfblas.compiled.simulation import simulated
from xfblas.graph import EngineStep, ModelGraph
from xfblas.quantization import QuantizedNetwork, decibels

#: Decibels that the host's way must gain.
NEARER = 1.0
#: And for each doubling of the products.
RATE = 2.0
#: Calibration rows that both ways are compared with.
ROWS = 512

Networks = dict[str, QuantizedNetwork]
#: What compile makes of a graph: networks by step, reasons of steps without, findings.
Made = tuple[Networks, dict[str, str], list[str]]


def choose_tables(
    graph: ModelGraph,
    made: Made,
    inputs: list[np.ndarray],
    goal: float,
    read: Callable[[Mapping[str, str]], ModelGraph],
    make: Callable[[ModelGraph], Made],
) -> tuple[ModelGraph, Made]:
    """The graph that is taken, and what was made of it.

    Args:
        graph, made: with every table on the engine.
        inputs: the calibration rows of each input of the model.
        goal: decibels that the output of each chain should reach.
        read: the graph with functions on the host, by ``on_host``'s names and with the reasons.
        make: quantizes a graph.
    """
    steps = {step.output: step for step in graph.engine_steps if tables_of(step)}
    if not steps:
        return graph, made
    reached = _reached(graph, made[0], inputs, steps)
    below = {output: step for output, step in steps.items() if reached[output] < goal}
    if not below:
        return graph, made
    other = read(_reasons(below.values(), reached, goal))
    other_made = make(other)
    found = _reached(other, other_made[0], inputs, below)
    doublings = math.log2(max(1.0, _products(other_made[0]) / max(1, _products(made[0]))))
    gain = NEARER + RATE * doublings
    better = [step for output, step in below.items() if found[output] >= reached[output] + gain]
    if not better:
        return graph, made
    if len(better) < len(below):
        other = read(_reasons(better, reached, goal))
        other_made = make(other)
    return other, other_made


def tables_of(step: EngineStep) -> list[str]:
    """The functions of a step that the engine has tables of, as ``on_host`` calls them."""
    layers = step.network.layers
    return [f"{layer.output}:{layer.activation}" for layer in layers if layer.has_table]


def _products(networks: Networks) -> int:
    """Of one row."""
    return sum(network.products for network in networks.values())


def _reasons(steps: Any, reached: dict[str, float], goal: float) -> dict[str, str]:
    return {
        name: f"by tables the calibration rows reached {reached[step.output]:.1f} dB at "
        f"{step.output}, less than the goal of {goal:g} and than so"
        for step in steps
        for name in tables_of(step)
    }


def _reached(
    graph: ModelGraph, networks: Networks, inputs: list[np.ndarray], outputs: Any
) -> dict[str, float]:
    """Signal to noise of tensors against the float model, by name."""
    expected, found = simulated(graph, networks, inputs, ROWS)
    return {name: decibels(expected[name], found[name]) for name in outputs}
