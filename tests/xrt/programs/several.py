"""several.py IMAGE: a model and a product on all units of two cards; then a unit that fails."""

import sys
import warnings

import numpy as np

import xfblas
from xfblas import errors
from xfblas.graph import Layer, Network

image = sys.argv[1]
generator = np.random.default_rng(7)
sizes = (20, 16, 6)
layers = tuple(
    Layer(f"d{i}", generator.normal(0, 0.2, sizes[i : i + 2]), np.zeros(sizes[i + 1]), name, slope)
    for i, (name, slope) in enumerate((("relu", 0.0), ("linear", 1.0)))
)
network = Network("mlp", layers, "softmax", (20,))
rows = generator.normal(size=(3000, 20)).astype(np.float32)
with xfblas.compile(network, rows, target="native") as model:
    expected = model.predict(rows, verbose=0)


def fail(*arguments):
    raise errors.ExecutionError("the card has fallen off the bus")


with xfblas.open(image, devices=[0, 1], target="xrt") as cards:
    print(len(cards.devices), "cards,", len(cards.sharing_units), "units")
    with xfblas.compile(network, rows, device=cards) as model:
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        used = [unit.stamps(2).any() for unit in cards.compute_units]
        print("units that computed:", sum(used))
        a, b = (generator.integers(-99, 99, (600, 600)).astype(np.int16) for _ in "ab")
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=cards), a @ b)
        # As what a unit of the second card is asked for from now on.
        cards.devices[1]._handle.call = cards.devices[1]._handle.predict = fail
        model._engine.plain._predictions[:] = [None] * 4
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(10):
                np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        for each in sorted(str(each.message) for each in caught):
            print(each.partition(". Close")[0])
        del cards.devices[1]._handle.call, cards.devices[1]._handle.predict
print("done")
