"""Which networks over feature maps a model is on the engine, for estimates."""

from dataclasses import dataclass

import numpy as np

from xfblas.graph import MapStep, read_graph
from xfblas.quantization.map_steps import MapNetwork
from xfblas.quantization.maps.quantize_maps import quantize_maps
from xfblas.quantization.options import Options

BITS = {"short": 16, "int8": 8}


@dataclass(frozen=True)
class MapParts:
    """A model with convolutions.

    Attributes:
        networks: of each step over feature maps.
        others: name and reason of each step that is not counted: the host's, and chains of
            dense layers of their own.
    """

    networks: list[MapNetwork]
    others: list[tuple[str, str]]


def map_parts_of(model, dtype: str, architecture=None, trusted=False) -> MapParts | None:
    """The parts of a model as :func:`xfblas.compile` would run it; None where no layer has maps.

    Scales are those of one frame of noise: cycles do not depend on them.

    Args:
        model, architecture, trusted: what :func:`~xfblas.read_graph` takes.
        dtype: ``"short"`` or ``"int8"``; ``"float"`` has no maps.

    Raises:
        UnsupportedModelError: lists every layer that neither engine nor host can run.
        InvalidValueError: the file cannot be read.
    """
    if dtype not in BITS:
        return None
    graph = read_graph(model, architecture, tables=True, maps=True, trusted=trusted)
    if not graph.map_steps:
        return None
    options = Options.of({"bits": BITS[dtype]})
    networks, others = [], []
    for step in graph.steps:
        if isinstance(step, MapStep):
            noise = np.random.default_rng(0).random((1, *step.input_shape), np.float32)
            networks.append(quantize_maps(step, noise, options).network)
        else:
            others.append((step.name, step.reason))
    return MapParts(networks, others)
