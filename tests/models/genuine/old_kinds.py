"""Like ``kinds.py``, in words that Keras 1.2 and 2.2 both understand (2.2 with warnings)."""

import numpy as np
from kinds import rows, twice_of

KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


def functional(keras, inputs, outputs, **more):
    model = keras.models.Model
    if keras.__version__.startswith("1"):
        return model(input=inputs, output=outputs, **more)
    return model(inputs=inputs, outputs=outputs, **more)


def dense(keras, units, has_bias=True, **more):
    if keras.__version__.startswith("1"):
        return keras.layers.Dense(units, bias=has_bias, **more)
    return keras.layers.Dense(units, use_bias=has_bias, **more)


@kind
def stack(keras):
    layers = keras.layers
    parts = [dense(keras, 5, activation="relu", input_dim=6), layers.Dropout(0.3)]
    parts += [layers.BatchNormalization(), dense(keras, 4, False), layers.Activation("tanh")]
    return keras.models.Sequential([*parts, dense(keras, 3, activation="softmax")]), rows(6)


@kind
def stack_with_shape(keras):
    layers = keras.layers
    parts = [layers.Flatten(input_shape=(2, 3)), dense(keras, 5, activation="hard_sigmoid")]
    return keras.models.Sequential([*parts, dense(keras, 2)]), rows(2, 3)


@kind
def activations(keras):
    given = keras.layers.Input((6,))
    names = ["softmax", "softplus", "softsign", "relu", "tanh", "sigmoid", "hard_sigmoid"]
    names += ["linear", "elu"] if hasattr(keras.activations, "elu") else ["linear"]
    names += [name for name in ("selu", "exponential") if hasattr(keras.activations, name)]
    found = [dense(keras, 4, activation=name, name="d_" + name)(given) for name in names]
    return functional(keras, given, found), rows(6)


@kind
def rectifiers(keras):
    from keras.layers import advanced_activations as more

    given = keras.layers.Input((6,))
    middle = dense(keras, 4)(given)
    makers = [more.LeakyReLU(alpha=0.1), more.LeakyReLU(), more.ELU(alpha=0.4), more.PReLU()]
    makers += [more.PReLU(shared_axes=[1]), more.ThresholdedReLU(theta=0.7)]
    if hasattr(more, "ReLU"):
        makers += [more.ReLU(6.0), more.Softmax()]
    return functional(keras, given, [make(middle) for make in makers]), rows(6)


@kind
def merges(keras):
    """Keras 1 merged with one layer and a mode, Keras 2 with a layer for each."""
    layers = keras.layers
    given = layers.Input((6,), name="given")
    a = dense(keras, 4, activation="relu", name="a")(given)
    b = dense(keras, 4, name="b")(given)
    if keras.__version__.startswith("1"):
        modes = ("sum", "mul", "ave", "max", "concat")
        found = [layers.merge([a, b], mode=mode, name=mode) for mode in modes]
    else:
        names = ("Add", "Multiply", "Average", "Maximum", "Concatenate")
        found = [getattr(layers, name)()([a, b]) for name in names]
    return functional(keras, given, found), rows(6)


@kind
def merged_stacks(keras):
    """The way of Keras 1 to give a Sequential several inputs."""
    if not keras.__version__.startswith("1"):
        raise ImportError("Merge")
    left = keras.models.Sequential([dense(keras, 4, input_dim=3)])
    right = keras.models.Sequential([dense(keras, 4, input_dim=2)])
    model = keras.models.Sequential([keras.layers.Merge([left, right], mode="sum")])
    model.add(dense(keras, 2))
    return model, [rows(3), rows(2)]


@kind
def shared(keras):
    layers = keras.layers
    left, right = layers.Input((4,), name="left"), layers.Input((4,), name="right")
    both = dense(keras, 4, activation="relu", name="both")
    found = [both(left), both(right), dense(keras, 2, name="head")(both(both(left)))]
    return functional(keras, [left, right], found), [rows(4), rows(4)[::-1].copy()]


@kind
def nested(keras):
    layers = keras.layers
    stack = keras.models.Sequential([dense(keras, 4, input_dim=4, name="s1")], name="stack")
    stack.add(layers.BatchNormalization(name="s2"))
    inside = layers.Input((4,), name="inside")
    deep = dense(keras, 4, name="i2")(stack(dense(keras, 4, name="i1")(inside)))
    inner = functional(keras, inside, deep, name="inner")
    given = layers.Input((4,), name="given")
    found = [inner(dense(keras, 4, name="o1")(given)), inner(given)]
    return functional(keras, given, found, name="outer"), rows(4)


@kind
def stack_of_stacks(keras):
    first = keras.models.Sequential([dense(keras, 4, input_dim=3), dense(keras, 3)])
    second = keras.models.Sequential([dense(keras, 4, input_dim=3, activation="relu")])
    return keras.models.Sequential([first, second, dense(keras, 2)]), rows(3)


@kind
def layouts(keras):
    layers = keras.layers
    given = layers.Input((4, 6))
    found = [
        layers.Flatten()(layers.Permute((2, 1))(given)),
        layers.Reshape((24,))(given),
        layers.Flatten()(layers.Reshape((2, -1))(given)),
        layers.GlobalAveragePooling1D()(given),
        layers.GlobalMaxPooling1D()(given),
        layers.Flatten()(layers.RepeatVector(2)(layers.Flatten()(given))),
        layers.Flatten()(layers.TimeDistributed(dense(keras, 2, activation="relu"))(given)),
        layers.Flatten()(layers.ZeroPadding1D((1, 1))(given)),
        layers.Flatten()(layers.Cropping1D((1, 1))(given)),
    ]
    return functional(keras, given, [dense(keras, 2)(each) for each in found]), rows(4, 6)


@kind
def embedding(keras):
    x = np.random.default_rng(3).integers(0, 7, (9, 5)).astype(np.int32)
    parts = [keras.layers.Embedding(7, 4, input_length=5), keras.layers.Flatten()]
    return keras.models.Sequential([*parts, dense(keras, 2)]), x


@kind
def noise(keras):
    layers = keras.layers
    parts = [layers.GaussianNoise(0.3, input_shape=(6,)), layers.GaussianDropout(0.1)]
    return keras.models.Sequential([*parts, dense(keras, 3)]), rows(6)


@kind
def normalizations(keras):
    layers = keras.layers
    parts = [layers.BatchNormalization(input_shape=(6,), epsilon=0.02), dense(keras, 4)]
    parts += [layers.BatchNormalization(axis=1), layers.Activation("relu")]
    return keras.models.Sequential([*parts, layers.BatchNormalization()]), rows(6)


@kind
def fitted(keras):
    layers = keras.layers
    parts = [dense(keras, 8, activation="relu", input_dim=6), layers.BatchNormalization()]
    model = keras.models.Sequential([*parts, dense(keras, 3, activation="softmax")])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    epochs = "nb_epoch" if keras.__version__.startswith("1") else "epochs"
    model.fit(rows(6), np.eye(3)[np.arange(9) % 3], verbose=0, **{epochs: 2})
    return model, rows(6)


@kind
def sequences(keras):
    """Dense in Keras 1 takes flat rows alone."""
    parts = [keras.layers.TimeDistributed(dense(keras, 5, activation="relu"), input_shape=(4, 6))]
    parts += [keras.layers.TimeDistributed(dense(keras, 3)), keras.layers.Activation("softmax")]
    return keras.models.Sequential(parts), rows(4, 6)


@kind
def highway(keras):
    """Layers that Keras 1 alone has."""
    parts = [keras.layers.Highway(input_dim=6), keras.layers.MaxoutDense(3)]
    return keras.models.Sequential(parts), rows(6)


@kind
def refused_lambda(keras):
    twice_of.__name__ = "<lambda>"
    twice = keras.layers.Lambda(twice_of, name="twice", input_shape=(6,))
    return keras.models.Sequential([twice, dense(keras, 2)]), rows(6)


@kind
def refused_convolution(keras):
    layers = keras.layers
    parts = [layers.MaxPooling2D((2, 2), input_shape=(4, 4, 1), name="pool"), layers.Flatten()]
    return keras.models.Sequential([*parts, dense(keras, 2)]), rows(4, 4, 1)
