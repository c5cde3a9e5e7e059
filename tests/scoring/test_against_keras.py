"""Every loss and metric against Keras' own."""

import numpy as np
import pytest

from xfblas import errors
from xfblas.scoring import Score

ROWS = 90


def chances(generator, *shape):
    values = generator.random((ROWS, *shape)).astype(np.float32)
    return values / values.sum(axis=-1, keepdims=True)


def data(kind, seed=3):
    """Targets and predictions of a kind of task."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 5, ROWS)
    return {
        "one-hot": (np.eye(5)[labels], chances(generator, 5)),
        "logits": (np.eye(5)[labels], generator.standard_normal((ROWS, 5)).astype(np.float32) * 4),
        "labels": (labels, chances(generator, 5)),
        "column of labels": (labels[:, None], chances(generator, 5)),
        "labels of steps": (generator.integers(0, 5, (ROWS, 3)), chances(generator, 3, 5)),
        "steps": (np.eye(5)[generator.integers(0, 5, (ROWS, 3))], chances(generator, 3, 5)),
        "binary": (labels % 2, generator.random((ROWS, 1)).astype(np.float32)),
        "multi-label": (
            generator.integers(0, 2, (ROWS, 4)),
            generator.random((ROWS, 4), np.float32),
        ),
        "numbers": (generator.random((ROWS, 3)), generator.random((ROWS, 3), np.float32)),
        "a number": (generator.random(ROWS), generator.random((ROWS, 1), np.float32)),
        "signs": (
            generator.choice([-1, 1], (ROWS, 4)),
            generator.standard_normal((ROWS, 4), np.float32),
        ),
    }[kind]


CROSSENTROPY = "categorical_crossentropy"
LOSSES = [
    (CROSSENTROPY, {}, "one-hot"),
    (CROSSENTROPY, {"from_logits": True}, "logits"),
    (CROSSENTROPY, {"label_smoothing": 0.2}, "steps"),
    (f"sparse_{CROSSENTROPY}", {}, "labels"),
    (f"sparse_{CROSSENTROPY}", {}, "column of labels"),
    (f"sparse_{CROSSENTROPY}", {"from_logits": True}, "labels of steps"),
    ("binary_crossentropy", {}, "binary"),
    ("binary_crossentropy", {"label_smoothing": 0.1}, "multi-label"),
    ("binary_crossentropy", {"from_logits": True}, "logits"),
    ("binary_focal_crossentropy", {"gamma": 1.5, "apply_class_balancing": True}, "multi-label"),
    ("binary_focal_crossentropy", {"from_logits": True, "label_smoothing": 0.1}, "logits"),
    ("categorical_focal_crossentropy", {"alpha": 0.4}, "one-hot"),
    ("categorical_focal_crossentropy", {"from_logits": True}, "logits"),
    *(
        (f"mean_{name}_error", {}, kind)
        for name in ("squared", "absolute", "absolute_percentage", "squared_logarithmic")
        for kind in ("numbers", "a number")
    ),
    ("cosine_similarity", {}, "numbers"),
    ("huber", {"delta": 0.3}, "numbers"),
    ("log_cosh", {}, "numbers"),
    ("hinge", {}, "signs"),
    ("hinge", {}, "multi-label"),
    ("squared_hinge", {}, "binary"),
    ("categorical_hinge", {}, "one-hot"),
    ("kl_divergence", {}, "one-hot"),
    ("poisson", {}, "numbers"),
]


def class_name(name):
    return {"kl_divergence": "KLDivergence"}.get(name, name.title().replace("_", ""))


def scored(config, true, predicted, weights=None, batch=32):
    """Our result over batches that differ from Keras'."""
    score = Score(config, ["out"])
    for first in range(0, len(true), 2 * batch):
        rows = slice(first, first + 2 * batch)
        score.update(
            [true[rows]], [predicted[rows]], [None if weights is None else weights[rows]], batch
        )
    return score.results()


@pytest.fixture(scope="module")
def evaluate(keras):
    """Keras' evaluate of given predictions: a model that gives back its input."""

    def run(true, predicted, **compiled):
        model = keras.Sequential([keras.Input(predicted.shape[1:]), keras.layers.Identity()])
        model.compile(**compiled)
        return model.evaluate(predicted, true, verbose=0, return_dict=True, batch_size=32)

    return run


def batches(*arrays, size=32):
    """Parts of arrays, None for those that are None."""
    for first in range(0, ROWS, size):
        yield [None if array is None else array[first : first + size] for array in arrays]


def kerases_loss(loss, true, predicted, weights):
    """What evaluate makes of a loss: its mean over batches, weighted by their rows."""
    total = sum(len(t) * float(loss(t, p, w)) for t, p, w in batches(true, predicted, weights))
    return total / ROWS


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "kind"), LOSSES)
def test_losses(keras, name, options, kind, weighted):
    true, predicted = data(kind)
    weights = np.random.default_rng(9).random(ROWS).astype(np.float32) if weighted else None
    if weighted and predicted.ndim == 3:
        weights = np.repeat(weights[:, None], 3, axis=1)
    loss = getattr(keras.losses, class_name(name))(**options)
    expected = kerases_loss(loss, true, predicted, weights)
    # Keras does not write Huber's delta down.
    written = loss if name == "huber" else keras.saving.serialize_keras_object(loss)
    for given in (loss, written):
        found = scored({"loss": given}, true, predicted, weights)["loss"]
        assert found == pytest.approx(expected, rel=2e-5, abs=1e-6)
    if not options:
        for given in (name, getattr(keras.losses, name), class_name(name)):
            found = scored({"loss": given}, true, predicted, weights)["loss"]
            assert found == pytest.approx(expected, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight", "mean"])
def test_reductions_that_depend_on_the_batches(keras, reduction):
    true, predicted = data("one-hot")
    weights = np.random.default_rng(9).random(ROWS).astype(np.float32)
    for each in (None, weights):
        loss = keras.losses.CategoricalCrossentropy(reduction=reduction)
        expected = kerases_loss(loss, true, predicted, each)
        assert scored({"loss": loss}, true, predicted, each)["loss"] == pytest.approx(
            expected, rel=1e-5
        )


METRICS = [
    ("Accuracy", {}, "multi-label"),
    ("BinaryAccuracy", {"threshold": 0.4}, "binary"),
    ("BinaryAccuracy", {}, "multi-label"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("CategoricalAccuracy", {}, "steps"),
    ("SparseCategoricalAccuracy", {}, "labels"),
    ("SparseCategoricalAccuracy", {}, "column of labels"),
    ("SparseCategoricalAccuracy", {}, "labels of steps"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, "labels"),
    ("Precision", {}, "multi-label"),
    ("Precision", {"thresholds": [0.2, 0.7]}, "binary"),
    ("Precision", {"top_k": 2, "class_id": 1}, "one-hot"),
    ("Recall", {}, "binary"),
    ("Recall", {"thresholds": 0.3, "class_id": 2}, "one-hot"),
    ("Recall", {"top_k": 1}, "one-hot"),
    ("TruePositives", {}, "binary"),
    ("FalsePositives", {"thresholds": [0.1, 0.9]}, "multi-label"),
    ("TrueNegatives", {}, "multi-label"),
    ("FalseNegatives", {}, "binary"),
    ("AUC", {}, "binary"),
    ("AUC", {"num_thresholds": 20}, "multi-label"),
    ("AUC", {"curve": "PR"}, "binary"),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, "binary"),
    ("AUC", {"summation_method": "majoring", "thresholds": [0.7, 0.2]}, "binary"),
    ("AUC", {"from_logits": True}, "logits"),
    ("F1Score", {}, "one-hot"),
    ("F1Score", {"average": "weighted", "threshold": 0.4}, "multi-label"),
    ("FBetaScore", {"average": "macro", "beta": 2.0}, "one-hot"),
    ("FBetaScore", {"average": "micro", "beta": 0.5, "threshold": 0.5}, "multi-label"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 4}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("MeanSquaredError", {}, "a number"),
    ("LogCoshError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("Hinge", {}, "signs"),
    ("KLDivergence", {}, "one-hot"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "one-hot"),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "kind"), METRICS)
def test_metrics(keras, name, options, kind, weighted):
    true, predicted = data(kind)
    # Keras' metrics of labels by class want targets of the predictions' shape.
    true = true[:, None] if true.ndim == 1 and predicted.shape[-1] == 1 else true
    weights = np.random.default_rng(9).random(ROWS).astype(np.float32) if weighted else None
    if weighted and (predicted.ndim == 3 or name == "Accuracy"):
        weights = np.repeat(weights[:, None], predicted.shape[1], axis=1)
    where = "weighted_metrics" if weighted else "metrics"
    metric = getattr(keras.metrics, name)(name="mine", **options)
    for t, p, w in batches(true, predicted, weights):
        metric.update_state(t, p, sample_weight=w)
    expected = np.asarray(metric.result())
    for given in (metric, keras.saving.serialize_keras_object(metric)):
        found = scored({where: [given]}, true, predicted, weights)["mine"]
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize(
    "kind", ["one-hot", "labels", "column of labels", "labels of steps", "binary", "multi-label"]
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_is_the_one_that_fits_the_shapes(evaluate, kind, name):
    true, predicted = data(kind)
    expected = evaluate(true, predicted, loss=lambda t, p: p[..., 0], metrics=[name])[name]
    assert scored({"metrics": [name]}, true, predicted)[name] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("kind", "name"), [("one-hot", "ce"), ("labels", "crossentropy")])
def test_crossentropy_is_the_one_that_fits_the_shapes(evaluate, kind, name):
    true, predicted = data(kind)
    expected = evaluate(true, predicted, loss=name)["loss"]
    assert scored({"loss": name}, true, predicted)["loss"] == pytest.approx(expected, rel=1e-5)


def test_functions_and_objects_of_the_callers_own(keras, evaluate):
    true, predicted = data("numbers")

    def cubes(t, p):
        return abs(t - p).sum(axis=-1) ** 3

    class Cubes(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return cubes(y_true, y_pred)

    class Rows(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="rows")
            self.count = self.add_variable((), "zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count.assign(self.count + y_true.shape[0])

        def result(self):
            return self.count + 0

    for loss in (cubes, Cubes()):
        expected = evaluate(true, predicted, loss=loss, metrics=[cubes, Rows()])
        found = scored({"loss": loss, "metrics": [cubes, Rows()]}, true, predicted)
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-5)


def test_metrics_of_keras_that_are_not_known_compute_themselves(keras, evaluate):
    true, predicted = data("one-hot")
    metrics = keras.metrics
    made = [
        [
            metrics.MeanIoU(3, name="mean_iou"),
            metrics.OneHotIoU(num_classes=5, target_class_ids=[0, 1], name="iou"),
            metrics.PrecisionAtRecall(0.5, name="precision"),
            metrics.SensitivityAtSpecificity(0.5, name="sensitivity"),
        ]
        for _ in range(2)
    ]
    expected = evaluate(true, predicted, loss="mse", metrics=made[0])
    found = scored({"loss": "mse", "metrics": made[1]}, true, predicted)
    assert list(found) == list(expected) == ["iou", "loss", "mean_iou", "precision", "sensitivity"]
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-5)


def test_what_is_not_known_is_told(keras):
    true, predicted = data("one-hot")
    with pytest.raises(errors.NotSupportedError, match="loss is 'dice', expected one of bin"):
        scored({"loss": "dice"}, true, predicted)
    with pytest.raises(errors.NotSupportedError, match=r"metric is 'mean_io_u'.*root_mean"):
        scored({"metrics": ["mean_io_u"]}, true, predicted)
    with pytest.raises(errors.NotSupportedError, match="ignore_class"):
        loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
        scored({"loss": loss}, *data("labels"))
    with pytest.raises(errors.NotSupportedError, match="reduction"):
        scored({"loss": keras.losses.MeanSquaredError(reduction="none")}, true, predicted)
    with pytest.raises(errors.InvalidValueError, match="metric is 3"):
        scored({"metrics": [3]}, true, predicted)
    with pytest.raises(errors.NotSupportedError, match="multi_label"):
        scored({"metrics": [keras.metrics.AUC(multi_label=True)]}, true, predicted)
