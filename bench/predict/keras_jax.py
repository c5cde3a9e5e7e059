"""Keras with the jax backend: ``model.predict``."""

from functools import partial

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "Keras predict"


def predictor(mlp: Mlp, threads: int, folder, stack):
    """As it comes, in batches of 32 rows, and with all rows in one batch."""
    model = keras_model(mlp)

    def candidates(rows):
        predict = partial(model.predict, rows, verbose=0)
        found = [mlp.candidate(NAME, predict, rows)]
        if len(rows) > 32:
            whole = partial(predict, batch_size=len(rows))
            found.append(mlp.candidate(f"{NAME}, one batch", whole, rows))
        return found

    return candidates


def keras_model(mlp: Mlp):
    """The network as a keras.Model.

    Raises:
        Missing: Keras is not installed.
    """
    try:
        import keras
    except ImportError:
        raise Missing(f"{NAME}: pip install keras jax") from None
    last = len(mlp.layers) - 1
    model = keras.Sequential(
        [
            keras.Input((mlp.sizes[0],)),
            *(
                keras.layers.Dense(units, "softmax" if index == last else "relu")
                for index, units in enumerate(mlp.sizes[1:])
            ),
        ]
    )
    model.set_weights([values for layer in mlp.layers for values in layer])
    return model
