"""The network in plain numpy."""

from functools import partial

from bench.predict.mlp import Mlp


def predictor(mlp: Mlp, threads: int, folder, stack):
    """float32 products by the OpenBLAS inside numpy."""
    return lambda rows: [mlp.candidate("numpy float32", partial(mlp.forward, rows), rows)]
