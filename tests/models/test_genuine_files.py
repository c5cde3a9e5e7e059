"""Files that Keras 1.2, 2.2, 2.12, 2.15 and 3.0 wrote themselves, against their own predictions.

``genuine/`` has them and the scripts that wrote them; ``versions.json`` in each archive says with
what. Every file is read either right or not at all.
"""

import json
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_graph

ARCHIVES = sorted((Path(__file__).parent / "genuine").glob("*.tar.xz"))
FORMATS = (".h5", ".keras", ".weights.h5", ".old.h5")
#: Kinds that cannot be run, with what the error says.
REFUSED = {
    "activation_prelu": r"dense \(Dense\): activation the layer PReLU",
    "embedding_with_mask": r"global_average_pooling1d \(GlobalAveragePooling1D\): it may skip",
    "highway": r"highway_1 \(Highway\): the engine has no such layer",
    "masking": r"masking \(Masking\): the engine has no such layer",
    "merged_stacks": r"merge_1 \(Merge\): merges models of its own",
    "refused_custom": r"twice \(Twice\): (the engine has no such layer|is of a class of its own)",
    "refused_lambda": r"twice \(Lambda\): the engine has no such layer",
    "refused_own_activation": r"dense \(Dense\): activation 'twice'",
    "refused_own_dense": r"twice \(Dense\): is of a class of its own",
    "refused_recurrent": r"lstm \(LSTM\): the engine has no such layer",
    "refused_subclass": "the architecture is of class 'Own'",
    "refused_training": r"norm \(BatchNormalization\): is called with training=True",
    "slicing": r"tf.__operators__.getitem \(SlicingOpLambda\): the engine has no such layer",
}
#: Refused in some formats alone.
REFUSED_AS = {
    # Keras files a model that two models share once, and cannot load it again itself.
    ("nested_deep", ".keras"): "the layers with weights are not those of the architecture",
    ("nested_deep", ".weights.h5"): "the layers with weights are not those of the architecture",
}
OPERATORS = {"2": r"tf.math.multiply \(TFOpLambda\)", "3": r"multiply \(Multiply\): is called with"}
#: Computed by Keras in float16.
COARSE = ("float16", "mixed_float16")


def files():
    """(archive, file) of all that there are; the test's name tells them."""
    for path in ARCHIVES:
        with tarfile.open(path) as archive:
            for name in archive.getnames():
                if name.endswith((".h5", ".keras")):
                    yield pytest.param(path.name, name, id=f"{path.name[:-7]}-{name}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """``folder(archive)``: where its files are."""
    unpacked = {}

    def get(name):
        if name not in unpacked:
            unpacked[name] = tmp_path_factory.mktemp("genuine")
            with tarfile.open(Path(__file__).parent / "genuine" / name) as archive:
                archive.extractall(unpacked[name], filter="data")
        return unpacked[name]

    return get


def in_order(found):
    """Keys and arrays; where keys are numbers, their order is that of the model."""
    return {key.split(" ", 1)[1]: found[key] for key in found}


def arrays_of(folder, kind):
    with np.load(folder / f"{kind}.npz") as stored:
        found = dict(stored)
    given = in_order({key: found[key] for key in found if key.startswith("x ")})
    return given, in_order({key: found[key] for key in found if key.startswith("y ")})


def refusal(kind, ending, version):
    if kind == "operators" and (version[0] == "2" or ending == ".h5"):
        return OPERATORS[version[0]]
    return REFUSED.get(kind) or REFUSED_AS.get((kind, ending))


@pytest.mark.parametrize(("archive", "name"), [*files()])
def test_file(folder, archive, name):
    place = folder(archive)
    kind, ending = name.split(".", 1)
    ending = f".{ending}"
    weights_alone = ending in (".weights.h5", ".old.h5")
    architecture = place / f"{kind}.json" if weights_alone else None
    words = refusal(kind, ending, re.search(r"keras-(.*).tar", archive)[1])
    if words is not None:
        with pytest.raises((UnsupportedModelError, InvalidValueError), match=words):
            read_graph(place / name, architecture)
        return
    graph = read_graph(place / name, architecture)
    given, expected = arrays_of(place, kind)
    names = [spec.key if spec.key in given else spec.name for spec in graph.inputs]
    inputs = list(given.values()) if set(names) - set(given) else [given[key] for key in names]
    found = graph.forward(inputs)
    assert len(found) == len(expected)
    keys = [spec.key for spec in graph.outputs]
    wanted = expected.values() if None in keys else [expected[key] for key in keys]
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        tolerance = 2e-3 if kind in COARSE else 1e-5
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale)
    if ending == FORMATS[0]:
        check_quantized(place / name, given, expected)


def check_quantized(path, given, expected):
    """60 dB of what Keras predicted, in its own structure."""
    # An exponential takes an error of its argument for a part of its result: one of exp(18) here.
    options, allowed = ({"goal": 83}, 1e-5) if path.stem == "activations" else ({}, 1e-6)
    x = given if "0" not in given else list(given.values())
    x = x[0] if len(x) == 1 else x
    with xfblas.compile(path, calibration=x, **options) as compiled:
        found = compiled.predict(x, verbose=0)
    if "0" not in expected:
        assert list(found) == list(expected)
        found = list(found.values())
    found = found if isinstance(found, list) else [found]
    for ours, theirs in zip(found, expected.values(), strict=True):
        error = np.square(ours - theirs.astype(np.float64)).sum()
        assert error <= allowed * np.square(theirs.astype(np.float64)).sum()


def test_archives(folder):
    """Nothing is left out without notice: each archive has its models in every format there was."""
    counts = {}
    for path in ARCHIVES:
        place = folder(path.name)
        about = json.loads((place / "versions.json").read_text())
        assert path.name == f"keras-{about['versions']['keras']}.tar.xz"
        counts[about["versions"]["keras"]] = len([*place.glob("*.npz")])
    assert counts == {"1.2.2": 18, "2.2.4": 17, "2.12.0": 11, "2.15.0": 55, "3.0.5": 26}
