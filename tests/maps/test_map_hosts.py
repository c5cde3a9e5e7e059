"""What of a convolutional model stays on the host: the summary says so, and it is right."""

import numpy as np
import pytest

import xfblas
from xfblas.errors import UnsupportedModelError


def branched(keras, kind):
    layers = keras.layers
    given = keras.Input((None, None, 3) if kind == "open" else (12, 10, 3))
    found = first = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(given)
    if kind == "multiply":
        gate = layers.Conv2D(6, 1, activation="sigmoid", name="gate")(first)
        found = layers.Multiply(name="odd")([first, gate])
    elif kind in ("rows", "columns"):
        other = layers.Conv2D(6, 1, name="other")(first)
        found = layers.Concatenate(axis=1 if kind == "rows" else 2, name="odd")([first, other])
    elif kind == "slopes":
        found = layers.Conv2D(6, 3, name="between")(first)
        found = layers.PReLU(
            shared_axes=[1, 2], alpha_initializer="random_uniform", name="odd"
        )(found)  # fmt: skip
    return keras.Model(given, layers.Conv2D(4, 3, padding="same", name="last")(found))


@pytest.mark.native
@pytest.mark.parametrize(
    ("kind", "layer", "reason"),
    [
        ("open", "first:preactivation", r"its maps have an open size, (None, None, 3)"),
        ("multiply", "odd", "the engine has no multiply"),
        ("rows", "odd", "joins channels"),
        ("columns", "odd", "joins channels"),
        ("slopes", "odd", "it has 6 slopes"),
    ],
)
def test_told_and_right(keras, kind, layer, reason):
    keras.utils.set_random_seed(8)
    model = branched(keras, kind)
    frames = np.random.default_rng(9).normal(0, 1, (8, 12, 10, 3)).astype(np.float32)
    sizes = [frames, frames[:2, :7, :9]] if kind == "open" else [frames]
    for bits, floor in ((16, 60), (8, 22)):
        with xfblas.compile(model, frames, bits=bits) as compiled:
            lines = []
            compiled.summary(lines.append)
            (line,) = (one for one in lines[0].splitlines() if one.startswith(f"{layer} "))
            assert " host " in line and reason in line
            for given in sizes:
                exact = np.asarray(model.predict_on_batch(given))
                found = compiled.predict(given, verbose=0)
                noise = ((found - exact) ** 2).mean()
                assert found.shape == exact.shape
                assert 10 * np.log10((exact**2).mean() / noise) > floor


@pytest.mark.native
def test_what_follows_the_host_says_so(keras):
    """Pooling, sums and reductions behind a layer of the host, and pooling without convolutions."""
    layers = keras.layers
    given = keras.Input((12, 10, 3))
    first = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(given)
    second = layers.Conv2D(6, 3, padding="same", name="second")(first)
    joined = layers.Add(name="add")([first, layers.ReLU(name="act")(second)])
    ends = layers.GlobalAveragePooling2D(name="mean")(layers.MaxPooling2D(name="pool")(joined))
    model = keras.Model(given, layers.Dense(4, name="last")(ends))
    frames = np.random.default_rng(9).normal(0, 1, (8, 12, 10, 3)).astype(np.float32)
    with xfblas.compile(model, frames, on_host=["second"]) as compiled:
        lines = []
        compiled.summary(lines.append)
        np.testing.assert_allclose(
            compiled.predict(frames, verbose=0), model.predict_on_batch(frames), atol=0.01
        )
    reasons = {line.split()[0]: line for line in lines[0].splitlines() if " host " in line}
    assert "it was placed on the host" in reasons["second"]
    for name, before in (("act", "second"), ("add", "act"), ("pool", "add"), ("mean", "pool")):
        assert f"it follows {before}, which the host computes" in reasons[name]
    rows = layers.Flatten(name="flat")(layers.MaxPooling2D(name="pool")(given))
    with xfblas.compile(keras.Model(given, layers.Dense(4)(rows)), frames) as compiled:
        compiled.summary(lines.append)
    assert "no convolution on the engine comes before or after it" in lines[1]


@pytest.mark.parametrize("call", ["read_network", "KerasRT"])
def test_chains_name_the_way(keras, call, request):
    model = branched(keras, "plain")
    with pytest.raises(UnsupportedModelError, match=r"first \(Conv2D\).*xfblas\.compile runs it"):
        if call == "read_network":
            xfblas.read_network(model)
        else:
            with xfblas.open() as device:
                xfblas.KerasRT(model, compute_unit=device)
