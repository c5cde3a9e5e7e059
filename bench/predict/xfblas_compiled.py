"""Ours: ``xfblas.compile(network, calibration).predict(rows)``."""

from functools import partial
from pathlib import Path

import xfblas
from bench.predict.mlp import Mlp
from xfblas.graph import Network
from xfblas.graph.network import Layer

#: Options of :func:`xfblas.compile` by the candidate's name.
OPTIONS = {
    "xfblas int16": {},
    "xfblas int8": {"bits": 8},
    "xfblas int16, goal=0": {"goal": 0},
    "xfblas int16, goal=83": {"goal": 83},
    "xfblas int16, accumulator=32": {"accumulator": 32},
    "xfblas int16, accumulator=48": {"accumulator": 48},
    "xfblas int8, goal=38": {"bits": 8, "goal": 38},
}


def predictor(mlp: Mlp, threads: int, folder: Path, stack):
    """The default calls of int16 and int8 first, then what other options give."""
    models = {
        name: stack.enter_context(_compiled(mlp, options, folder))
        for name, options in OPTIONS.items()
    }
    return lambda rows: [
        mlp.candidate(name, partial(model.predict, rows, verbose=0), rows)
        for name, model in models.items()
    ]


def _compiled(mlp: Mlp, options: dict, folder: Path):
    """The model; read from the folder where an earlier worker has quantized it."""
    words = "-".join(f"{key}{value}" for key, value in options.items())
    path = folder / f"{mlp.name}-{words}.xfblas"
    if path.is_file():
        return xfblas.load(path)
    model = xfblas.compile(_network(mlp), mlp.calibration, **options)
    model.save(path)
    return model


def _network(mlp: Mlp) -> Network:
    last = len(mlp.layers) - 1
    layers = tuple(
        Layer(
            f"dense_{index}",
            kernel,
            bias,
            "linear" if index == last else "relu",
            1.0 if index == last else 0.0,
        )
        for index, (kernel, bias) in enumerate(mlp.layers)
    )
    return Network(mlp.name, layers, "softmax", (mlp.sizes[0],))
