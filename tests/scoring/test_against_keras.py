"""What Keras computes of our predictions is what its own evaluate gives, whatever the loss."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from xfblas import errors
from xfblas.scoring import Scoring
from xfblas.scoring.stored import plain_config

#: Some large batches of the scoring's own and some of Keras', the last of them short.
ROWS = 2 * 1024 + 3 * 32 + 11
GRAPH = SimpleNamespace(outputs=[SimpleNamespace(key=None, name="out")])


def data(kind):
    """Targets and predictions of a kind of task; the first rows are unlike the rest."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 5, ROWS)
    chances = generator.random((ROWS, 5), np.float32) ** np.linspace(9, 1, ROWS)[:, None]
    chances = (chances / chances.sum(axis=-1, keepdims=True)).astype(np.float32)
    numbers = generator.normal(0, 1, (2, ROWS, 3)).astype(np.float32)
    return {
        "one-hot": (np.eye(5)[labels], chances),
        "labels": (labels, chances),
        "column of labels": (labels[:, None], chances),
        "steps": (generator.integers(0, 5, (ROWS, 3)), np.stack([chances] * 3, axis=1)),
        "binary": (labels % 2, chances[:, :1]),
        "numbers": (numbers[0].astype(np.float64), numbers[1]),
        "signs": (np.sign(numbers[0]), numbers[1]),
        "zeros, then signs": (np.sign(numbers[0]) * (np.arange(ROWS) > 99)[:, None], numbers[1]),
    }[kind]


def scored(config, true, predicted, weights=None):
    """Our results over two chunks of the rows, in Keras' batches."""
    scoring = Scoring(config)
    scoring.require_keras()
    scoring.begin(GRAPH, [true], [predicted])
    for part in (slice(0, 32 * 50), slice(32 * 50, ROWS)):
        rows = None if weights is None else weights[part]
        found = scoring.update([true[part]], [predicted[part]], [rows], 32)
    return found


@pytest.fixture(scope="module")
def evaluate(keras):
    """Keras' evaluate of given predictions: a model that gives back its input."""

    def run(config, true, predicted, weights=None):
        model = keras.Sequential([keras.Input(predicted.shape[1:]), keras.layers.Identity()])
        model.compile(**config)
        told = {"verbose": 0, "return_dict": True, "sample_weight": weights}
        return model.evaluate(predicted, true, **told)

    return run


def same(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=1e-6)


def cubes(true, predicted):
    return abs(true - predicted).sum(axis=-1) ** 3


def worst(true, predicted):
    return abs(true - predicted).max()


#: Of each kind what is the same in larger batches, and what is not.
CONFIGS = {
    "names": ("labels", lambda k: {"loss": f"sparse_{CE}", "metrics": ["accuracy", "acc"]}),
    "column": ("column of labels", lambda k: {"loss": f"sparse_{CE}", "metrics": ["accuracy"]}),
    "steps": ("steps", lambda k: {"loss": f"sparse_{CE}", "metrics": ["accuracy"]}),
    "short names": ("one-hot", lambda k: {"loss": "ce", "metrics": ["mse", "mae", "AUC"]}),
    "binary": ("binary", lambda k: {"loss": "bce", "metrics": ["accuracy", "AUC", "Recall"]}),
    "functions": (
        "numbers",
        lambda k: {"loss": k.losses.mean_squared_error, "metrics": [k.metrics.mean_absolute_error]},
    ),
    "errors": ("numbers", lambda k: {"loss": "mape", "metrics": [k.metrics.MeanSquaredError()]}),
    "objects": (
        "one-hot",
        lambda k: {
            "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1),
            "metrics": [k.metrics.Precision(thresholds=[0.2, 0.7], name="p")],
            "weighted_metrics": [
                k.metrics.TopKCategoricalAccuracy(2),
                k.metrics.AUC(curve="PR", name="auc"),
            ],
        },
    ),
    "sum": ("one-hot", lambda k: {"loss": k.losses.CategoricalCrossentropy(reduction="sum")}),
    "by weight": (
        "one-hot",
        lambda k: {"loss": k.losses.MeanSquaredError("mean_with_sample_weight")},
    ),
    "ignored": (
        "labels",
        lambda k: {"loss": k.losses.SparseCategoricalCrossentropy(ignore_class=0)},
    ),
    "dice": ("one-hot", lambda k: {"loss": "dice"}),
    "hinge": ("zeros, then signs", lambda k: {"loss": "hinge", "metrics": ["squared_hinge"]}),
    "focal": ("one-hot", lambda k: {"loss": k.losses.CategoricalFocalCrossentropy(alpha=0.4)}),
    "several": (
        "one-hot",
        lambda k: {
            "loss": k.losses.Huber(delta=0.3),
            "metrics": [k.metrics.F1Score(average="macro"), k.metrics.MeanIoU(5, name="iou")],
        },
    ),
    "own": ("numbers", lambda k: {"loss": cubes, "metrics": [worst, k.metrics.R2Score()]}),
    "own in Keras'": (
        "numbers",
        lambda k: {"loss": "mse", "metrics": [k.metrics.MeanMetricWrapper(worst, name="worst")]},
    ),
}
CE = "categorical_crossentropy"
WEIGHTED = ("names", "binary", "objects", "sum", "by weight", "hinge", "own", "own in Keras'")


@pytest.mark.parametrize("name", CONFIGS)
def test_loss_and_metrics(keras, evaluate, name):
    """Of half of them with weights, of the others as files hold them."""
    kind, config = CONFIGS[name]
    true, predicted = data(kind)
    weights, given = None, config(keras)
    if name in WEIGHTED:
        weights = np.random.default_rng(9).random(ROWS)
    else:
        plain, left_out = plain_config(given, several=False)
        assert not left_out
        given = json.loads(json.dumps(plain))
    expected = evaluate(config(keras), true, predicted, weights)
    same(scored(given, true, predicted, weights), expected)


def stored(config):
    """What a file's configuration gives for one-hot targets."""
    return scored(config, *data("one-hot"))


def test_what_keras_2_wrote(evaluate):
    def entry(class_name, **config):
        return {"class_name": class_name, "config": config}

    config = {
        "loss": entry("CategoricalCrossentropy", reduction="auto", name="x", fn=CE, axis=-1),
        "metrics": [
            [
                entry("MeanMetricWrapper", name="acc", dtype="float32", fn="categorical_accuracy"),
                entry("MeanMetricWrapper", name="kl", fn="kullback_leibler_divergence"),
            ]
        ],
        "weighted_metrics": None,
    }
    expected = evaluate({"loss": CE, "metrics": ["acc", "kl_divergence"]}, *data("one-hot"))
    expected["kl"] = expected.pop("kl_divergence")
    same(stored(config), {name: expected[name] for name in ("acc", "kl", "loss")})
    same(stored({"loss": "logcosh"}), evaluate({"loss": "log_cosh"}, *data("one-hot")))
    same(stored({"loss": entry("function", name="x") | {"config": "mse"}}), stored({"loss": "mse"}))
    tuples = {"class_name": "__tuple__", "items": ["accuracy"]}
    assert stored({"metrics": tuples}) == stored({"metrics": ["accuracy"]})


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"class_name": "Mine", "config": {}}, "loss 'Mine' cannot be made.*register it"),
        ({"class_name": "function", "config": "mine"}, "mine"),
        (
            {"class_name": "Package>Loss", "config": {}, "registered_name": "Package>Loss"},
            "'Package>L",
        ),
        ({"class_name": "mean_squared_error", "config": {}}, "'mean_squared_error' cannot be made"),
        ({"class_name": "Huber", "config": {"delta": 1, "beta": 2}}, "'Huber' cannot be made"),
        ("mine", "mine"),
    ],
)
def test_what_a_file_holds_and_keras_does_not_know(config, text):
    with pytest.raises(errors.XfblasError, match=text):
        stored({"loss": config})
    same(stored({"loss": "mse"}), stored({"loss": "mean_squared_error"}))


def test_what_of_the_callers_own_cannot_be_stored(keras):
    class Mine(keras.losses.MeanSquaredError):
        pass

    wrapped = keras.metrics.MeanMetricWrapper(cubes, name="wrapped")
    config = {"loss": Mine(name="loss"), "metrics": ["mse", cubes, wrapped]}
    plain, left_out = plain_config(config, several=False)
    assert left_out == ["loss", "cubes", "wrapped"]
    assert plain == {"loss": None, "loss_weights": None, "metrics": ["mse"]} | {
        "weighted_metrics": None
    }
    # Places in a list are outputs, where there are several.
    plain, _ = plain_config({"loss": [cubes, "mse"], "metrics": [[cubes, "mse"], cubes]}, True)
    assert (plain["loss"], plain["metrics"]) == ([None, "mse"], [["mse"], None])
