"""What is Keras' own: classes and functions of a user's that have the names of Keras'."""

import functools

import numpy as np
import pytest
from handmade import layer, sequential, write_named
from test_model_errors import two_layers, write

from xfblas.errors import InvalidValueError, NotSupportedError, UnsupportedModelError, XfblasError
from xfblas.graph import read_graph
from xfblas.keras_files.origin import is_object_of_keras, is_of_keras
from xfblas.scoring import scoring_of
from xfblas.scoring.stored import live_config

pytestmark = pytest.mark.filterwarnings("ignore")
#: Keras writes null for the module of a program itself.
MODULES = ("__main__", "kinds_of_mine")


def own(keras, base, module, package=None, name=None):
    """A class of Keras' name that computes three times as much; registered with a package."""

    def call(self, x):
        return 3 * base.call(self, x)

    kind = type(base.__name__, (base,), {"call": call, "__module__": module})
    if package is None:
        return kind
    return keras.saving.register_keras_serializable(package, name)(kind)


def own_function(keras, module, package=None):
    def relu(x):
        return 3 * x

    relu.__module__ = module
    return keras.saving.register_keras_serializable(package)(relu) if package else relu


def sources(model, folder, formats):
    """The model in each form, as (form, source, architecture)."""
    for form in formats:
        if form == "live":
            yield form, model, None
        elif form == "json":
            model.save_weights(folder / "m.weights.h5")
            yield form, folder / "m.weights.h5", model.to_json()
        else:
            model.save(folder / f"m.{form}")
            yield form, folder / f"m.{form}", None


def refused(model, folder, formats=("live", "keras", "h5", "json"), match="own"):
    for form, source, architecture in sources(model, folder, formats):
        with pytest.raises(XfblasError, match=match):
            read_graph(source, architecture)
            pytest.fail(f"{form} was read")


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("package", [None, "mine", "keras"])
def test_layers_as_activations(keras, tmp_path, module, package):
    for base in (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Softmax, keras.layers.ELU):
        for wrap in (
            lambda inside: keras.layers.Dense(3, activation=inside, name="odd"),
            lambda inside: keras.layers.Activation(inside, name="odd"),
            lambda inside: keras.layers.TimeDistributed(
                keras.layers.Dense(3, activation=inside), name="odd"
            ),
        ):
            kind = own(keras, base, module, package)
            model = keras.Sequential([keras.Input((2, 4)), wrap(kind())])
            refused(model, tmp_path, match="odd .*own")
        read_graph(keras.Sequential([keras.Input((2, 4)), wrap(base())]))


@pytest.mark.parametrize("module", MODULES)
def test_registered_functions(keras, tmp_path, module):
    relu = own_function(keras, module, "mine")
    for odd in (
        keras.layers.Dense(3, activation=relu, name="odd"),
        keras.layers.TimeDistributed(keras.layers.Dense(3, activation=relu), name="odd"),
    ):
        refused(keras.Sequential([keras.Input((2, 4)), odd]), tmp_path, match="odd .*own")


def test_functions_that_only_a_live_model_tells(keras):
    activations = keras.activations
    for function in (
        own_function(keras, "__main__"),
        own_function(keras, "keras.src.activations.activations"),
        functools.wraps(activations.relu)(lambda x: 3 * x),
        functools.partial(activations.relu, max_value=1.0),
        keras.ops.gelu,
    ):
        for odd in (
            keras.layers.Dense(3, activation=function, name="odd"),
            keras.layers.TimeDistributed(keras.layers.Dense(3, activation=function), name="odd"),
        ):
            with pytest.raises(UnsupportedModelError, match=r"odd|partial"):
                read_graph(keras.Sequential([keras.Input((2, 4)), odd]))
    for function in (activations.relu, activations.swish, keras.ops.relu, keras.ops.tanh, "gelu"):
        layers = [keras.Input((4,)), keras.layers.Dense(3, activation=function)]
        read_graph(keras.Sequential(layers))


def test_a_method_put_into_a_layer(keras):
    dense = keras.layers.Dense(3, name="odd")
    model = keras.Sequential([keras.Input((4,)), dense])
    read_graph(model)
    dense.call = lambda x: x
    with pytest.raises(UnsupportedModelError, match=r"odd \(Dense\): is of a class of its own"):
        read_graph(model)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("package", [None, "mine"])
def test_layers(keras, tmp_path, module, package):
    # An .h5 file has the registered name or none at all.
    formats = ("live", "keras", "json", *(("h5",) if package else ()))
    for base, arguments in (
        (keras.layers.Dense, (3,)),
        (keras.layers.Dropout, (0.5,)),
        (keras.layers.BatchNormalization, ()),
        (keras.layers.Flatten, ()),
    ):
        kind = own(keras, base, module, package)
        inner = keras.Sequential([keras.Input((4,)), kind(*arguments, name="odd")], name="inner")
        refused(keras.Sequential([keras.Input((4,)), inner]), tmp_path, formats, "inner/odd .*own")
    kind = own(keras, keras.layers.Dense, module, package)
    layers = [keras.Input((2, 4)), keras.layers.TimeDistributed(kind(3), name="odd")]
    refused(keras.Sequential(layers), tmp_path, formats, "odd .*own")


@pytest.mark.parametrize("module", MODULES)
def test_models(keras, tmp_path, module):
    kind = own(keras, keras.Sequential, module, "mine")
    stack = [keras.Input((4,)), keras.layers.Dense(3)]
    # HDF5 has the bare name of the outermost class.
    refused(kind(stack), tmp_path, ("live", "keras", "json"))
    outer = keras.Sequential([keras.Input((4,)), kind(stack, name="inner")])
    refused(outer, tmp_path)
    unregistered = own(keras, keras.Sequential, module)
    refused(unregistered(stack), tmp_path, ("live", "keras", "json"))
    start = keras.Input((4,))
    outer = keras.Model(start, unregistered(stack, name="inner")(start))
    refused(outer, tmp_path, ("live", "keras", "json"))


@pytest.mark.parametrize("method", ["predict_step", "predict", "__call__"])
def test_models_that_predict_by_their_own_code(keras, method):
    def other(self, *arguments, **options):
        return getattr(super(kind, self), method)(*arguments, **options)

    kind = type("Mine", (keras.Sequential,), {method: other})
    with pytest.raises(UnsupportedModelError, match="own code"):
        read_graph(kind([keras.Input((4,)), keras.layers.Dense(3)]))
    trains = type("Mine", (keras.Sequential,), {"train_step": other, "test_step": other})
    read_graph(trains([keras.Input((4,)), keras.layers.Dense(3)]))


def test_what_does_not_predict_may_be_ones_own(keras, tmp_path):
    """Initializers, regularizers and constraints: by any name, in any form."""
    register = keras.saving.register_keras_serializable("mine")

    @register
    class GlorotUniform(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.ones(shape, dtype)

    @register
    class L2(keras.regularizers.Regularizer):
        def __call__(self, x):
            return keras.ops.sum(x)

        def get_config(self):
            return {}

    @register
    class NonNeg(keras.constraints.Constraint):
        def __call__(self, w):
            return w

    dense = keras.layers.Dense(
        3,
        kernel_initializer=GlorotUniform(),
        kernel_regularizer=L2(),
        bias_constraint=NonNeg(),
    )
    model = keras.Sequential([keras.Input((4,)), dense])
    x = np.ones((2, 4), np.float32)
    for form, source, architecture in sources(model, tmp_path, ("live", "keras", "h5", "json")):
        found = read_graph(source, architecture).forward(x)[0]
        np.testing.assert_allclose(found, 4 * np.ones((2, 3)), err_msg=form)


#: What an entry says of its class, and whether that is Keras'.
ENTRIES = (
    ({}, True),
    ({"module": "keras.layers", "registered_name": None}, True),
    ({"module": "keras.src.layers.core.dense", "registered_name": "{}"}, True),
    ({"module": "tensorflow.keras.layers"}, True),
    ({"module": "tf_keras.layers", "registered_name": None}, True),
    ({"registered_name": None}, True),
    ({"registered_name": "{}"}, True),
    ({"module": None, "registered_name": None}, False),
    ({"module": None, "registered_name": "{}"}, False),
    ({"module": None, "registered_name": "mine>{}"}, False),
    ({"registered_name": "mine>{}"}, False),
    ({"registered_name": "keras>{}"}, False),
    ({"registered_name": "Other"}, False),
    ({"module": "keras.layers", "registered_name": "mine>{}"}, False),
    ({"module": ""}, False),
    ({"module": "builtins"}, False),
    ({"module": "keras_layers"}, False),
    ({"module": ["keras"]}, False),
    ({"class_name": "mine>{}"}, False),
    ({"class_name": "mine>{}", "module": "keras.layers"}, False),
)


@pytest.mark.parametrize(("about", "is_kerass"), ENTRIES)
def test_one_rule_for_every_entry(tmp_path, about, is_kerass):
    def entry(name, **config):
        said = {
            key: value.format(name) if isinstance(value, str) else value
            for key, value in about.items()
        }
        return {**layer(name, "odd", **config), **said}

    first, last = two_layers()
    dense = layer("Dense", "d2", units=2, activation=entry("LeakyReLU", negative_slope=0.25))
    whole = {**sequential(first, last), **entry("Sequential")}
    whole["config"] = sequential(first, last)["config"]
    files = [write(tmp_path / "layer.h5", first, entry("ReLU"), last)]
    files.append(write(tmp_path / "activation.h5", first, dense))
    files.append(write(tmp_path / "dropout.h5", first, entry("Dropout", rate=0.5), last))
    for path, config in ((path, None) for path in files):
        _check(path, config, is_kerass)
    _check(files[0], whole, is_kerass)
    inner = entry("Dense", units=2)
    timed = layer("TimeDistributed", "d2", layer=inner)
    _check(write(tmp_path / "timed.h5", first, timed), None, is_kerass)


def _check(path, config, is_kerass):
    if is_kerass:
        read_graph(path, config)
        return
    with pytest.raises((UnsupportedModelError, InvalidValueError), match="own"):
        read_graph(path, config)


@pytest.mark.parametrize(
    ("function", "is_kerass"),
    [
        ({"module": "keras.activations", "registered_name": "relu"}, True),
        ({"module": "keras.activations", "registered_name": "function"}, True),
        ({"module": "keras.activations", "registered_name": "mine>relu"}, False),
        ({"module": "keras.activations", "config": "mine>relu"}, False),
        ({"module": "builtins", "registered_name": "function"}, False),
        ({"module": None}, False),
    ],
)
def test_functions_as_entries(tmp_path, function, is_kerass):
    first, _ = two_layers()
    given = {"class_name": "function", "config": "relu", **function}
    path = write(tmp_path / "m.h5", first, layer("Dense", "d2", units=2, activation=given))
    _check(path, None, is_kerass)


@pytest.mark.parametrize("name", ["mine>relu", "package>tanh", "keras>linear"])
def test_names_with_a_package(tmp_path, name):
    first, _ = two_layers()
    for odd in (
        layer("Dense", "d2", units=2, activation=name),
        layer("Activation", "d2", activation=name),
    ):
        with pytest.raises(UnsupportedModelError, match=f"activation '{name}' is not one"):
            read_graph(write(tmp_path / "m.h5", first, odd))
    path = write_named(tmp_path / "w.h5", [("d", [("d/kernel:0", np.ones((2, 2), np.float32))])])
    with pytest.raises(UnsupportedModelError, match=f"activation '{name}' is not one"):
        read_graph(path, [name])


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_losses_and_metrics(keras, tmp_path, form):
    """A file's own of Keras' names are those that the program registers, never Keras'."""

    def mse(true, predicted):
        return 7 * keras.ops.mean(true - predicted, axis=-1)

    registry = keras.saving.get_custom_objects()
    before = dict(registry)
    keras.saving.register_keras_serializable("mine")(mse)
    kind = own(keras, keras.metrics.MeanSquaredError, "__main__", "mine")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(loss=mse, metrics=[kind(), keras.metrics.MeanMetricWrapper(fn=mse, name="own")])
    model.save(tmp_path / f"m.{form}")
    config = scoring_of(tmp_path / f"m.{form}").config
    one, wrapped = config["metrics"] if len(config["metrics"]) == 2 else config["metrics"][0]
    try:
        assert live_config({"loss": config["loss"]}, keras)["loss"] is mse
        assert type(live_config({"metrics": one}, keras)["metrics"]) is kind
        assert live_config({"metrics": wrapped}, keras)["metrics"]._fn is mse
    finally:
        registry.clear()
        registry.update(before)
    for key, value in (("loss", config["loss"]), ("metrics", one), ("metrics", wrapped)):
        with pytest.raises(NotSupportedError, match=r"mine>.* is not one of Keras'"):
            live_config({key: value}, keras)


@pytest.mark.parametrize(
    ("entry", "is_kerass"),
    [
        ("mse", True),
        ("mine>mse", False),
        ({"class_name": "function", "config": "mse", "module": "builtins"}, True),
        ({"class_name": "function", "config": "mse", "module": "mine"}, False),
        ({"class_name": "function", "config": "mine>mse", "module": "builtins"}, False),
        ({"class_name": "MeanSquaredError", "config": {}}, True),
        ({"class_name": "MeanSquaredError", "config": {}, "module": None}, False),
        ({"class_name": "mine>MeanSquaredError", "config": {}}, False),
    ],
)
def test_losses_as_entries(keras, entry, is_kerass):
    if is_kerass:
        live_config({"loss": entry}, keras)
        return
    with pytest.raises(NotSupportedError, match="is not one of Keras'"):
        live_config({"loss": entry}, keras)


def test_objects(keras):
    assert is_object_of_keras(keras.layers.Dense) and is_object_of_keras(keras.layers.Dense(2))
    assert is_object_of_keras(keras.activations.relu) and is_of_keras({"class_name": "Dense"})
    for other in (np.tanh, abs, len, print, object(), None, 3, "relu"):
        assert not is_object_of_keras(other)
