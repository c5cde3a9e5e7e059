"""Models of many kinds, in words that Keras 2, tf_keras and Keras 3 all understand.

``KINDS`` gives a model and its inputs by name. A kind that a version has no layers for raises
``Missing``; the others that it cannot build or save are told by ``write.py``.
"""

import numpy as np

ACTIVATIONS = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "linear", "mish", "relu", "selu", "sigmoid"),
    *("softmax", "softplus", "softsign", "swish", "tanh", "leaky_relu", "relu6", "silu"),
    *("log_softmax", "hard_silu", "celu", "glu", "hard_tanh", "sparse_plus", "squareplus"),
)
KINDS = {}


class Missing(Exception):
    """This version of Keras has no such thing."""


def kind(function):
    KINDS[function.__name__] = function
    return function


def rows(*shape, count=9):
    """The same values in every version."""
    generator = np.random.default_rng(len(shape) + sum(shape))
    return generator.normal(0, 1.5, (count, *shape)).astype(np.float32)


def layer(keras, name):
    """A layer's class."""
    found = getattr(keras.layers, name, None)
    if found is None:
        raise Missing(f"layers.{name}")
    return found


def model_of(keras, inputs, outputs, **more):
    """A functional model."""
    return keras.models.Model(inputs, outputs, **more)


# Stacks


@kind
def stack_with_input(keras):
    layers = keras.layers
    parts = [layers.Dense(5, activation="relu"), layers.Dropout(0.3)]
    parts += [layers.Dense(4, use_bias=False), layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def stack_with_shape(keras):
    layers = keras.layers
    first = layers.Dense(5, activation="tanh", input_shape=(6,))
    last = layers.Dense(2, activation="sigmoid")
    return keras.Sequential([first, last], name="my_stack"), rows(6)


@kind
def stack_built_late(keras):
    layers = keras.layers
    model = keras.Sequential([layers.Dense(5, activation="relu"), layers.Dense(2)])
    model.build((None, 6))
    return model, rows(6)


@kind
def stack_built_by_data(keras):
    layers = keras.layers
    model = keras.Sequential([layers.Flatten(), layers.Dense(5, activation="relu")])
    model.add(layers.Dense(2))
    x = rows(2, 3)
    model.predict(x, verbose=0)
    return model, x


@kind
def stack_of_a_function(keras):
    """Its input layer stands in a nested model."""
    layers = keras.layers
    given = keras.Input((4,))
    inner = model_of(keras, given, layers.Dense(3, activation="relu")(given), name="inner")
    return keras.Sequential([inner, layers.Dense(2)]), rows(4)


@kind
def dense_on_sequences(keras):
    layers = keras.layers
    parts = [layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((4, 6)), *parts]), rows(4, 6)


@kind
def open_sequences(keras):
    """The number of steps is not stated."""
    layers = keras.layers
    parts = [layers.Dense(5, activation="relu"), layers.GlobalAveragePooling1D(), layers.Dense(3)]
    return keras.Sequential([keras.Input((None, 6)), *parts]), rows(4, 6)


# Branches


@kind
def branches(keras):
    layers = keras.layers
    given = keras.Input((6,), name="rows")
    a = layers.Dense(4, activation="relu", name="a")(given)
    b = layers.Dense(4, activation="tanh", name="b")(given)
    c = layers.Dense(4, name="c")(given)
    merged = [
        layers.Add()([a, b, c]),
        layers.Multiply()([a, b]),
        layers.Subtract()([a, c]),
        layers.Average()([a, b, c]),
        layers.Maximum()([a, b]),
        layers.Minimum()([b, c]),
        layers.Dot(axes=1)([a, b]),
        layers.Dot(axes=1, normalize=True)([b, c]),
    ]
    joined = layers.Concatenate()(merged)
    return model_of(keras, given, layers.Dense(3, name="head")(joined)), rows(6)


@kind
def shared_layers(keras):
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(4, activation="relu", name="shared")
    twice = shared(shared(left))
    joined = layers.Concatenate()([twice, shared(right)])
    return model_of(keras, [left, right], layers.Dense(2)(joined)), [rows(4), rows(4)[::-1].copy()]


@kind
def several_outputs(keras):
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    joined = layers.Concatenate()([left, layers.Dense(2)(right)])
    middle = layers.Dense(5, activation="relu")(joined)
    outputs = [layers.Dense(3, activation="softmax", name="classes")(middle)]
    outputs += [layers.Dense(1, name="value")(middle), middle]
    return model_of(keras, [left, right], outputs), [rows(4), rows(3)]


@kind
def dict_of_inputs(keras):
    layers = keras.layers
    # Neither in the order of the alphabet nor in that of the calls.
    given = {"z": keras.Input((3,), name="z"), "a": keras.Input((4,), name="a")}
    joined = layers.Concatenate()([given["a"], given["z"]])
    outputs = {"y": layers.Dense(2, name="y")(joined), "b": layers.Dense(1, name="b")(joined)}
    return model_of(keras, given, outputs), {"z": rows(3), "a": rows(4)}


@kind
def nested(keras):
    """A stack in a function in a function, and names that occur twice."""
    layers = keras.layers
    stack = keras.Sequential(
        [layers.Dense(4, name="dense", activation="relu"), layers.BatchNormalization(name="norm")],
        name="stack",
    )
    inside = keras.Input((4,), name="inside")
    deep = layers.Dense(3, name="dense")(stack(layers.Dense(4, name="norm")(inside)))
    inner = model_of(keras, inside, deep, name="inner")
    given = keras.Input((4,), name="given")
    first = inner(layers.Dense(4, name="dense")(given))
    again = inner(given)
    return model_of(keras, given, layers.Add()([first, again]), name="outer"), rows(4)


@kind
def nested_deep(keras):
    """Like ``nested``, which Keras 2 cannot save as HDF5, as names meet there."""
    layers = keras.layers
    stack = keras.Sequential([layers.Dense(4, name="s1"), layers.Dense(4, name="s2")], name="stack")
    inside = keras.Input((4,), name="inside")
    deep = layers.Dense(4, name="i2")(stack(layers.Dense(4, name="i1")(inside)))
    inner = model_of(keras, inside, deep, name="inner")
    given = keras.Input((4,), name="given")
    first = inner(layers.Dense(4, name="s1")(given))
    joined = layers.Add()([first, inner(given), stack(given)])
    return model_of(keras, given, joined, name="outer"), rows(4)


@kind
def nested_several(keras):
    """A nested model of two inputs and two outputs, and one that repeats another's names."""
    layers = keras.layers
    ends = [keras.Input((3,), name="p"), keras.Input((2,), name="q")]
    p, q = (layers.Dense(3, name=name)(end) for name, end in zip("ab", ends, strict=True))
    pair = model_of(keras, ends, [layers.Add()([p, q]), layers.Subtract()([p, q])], name="pair")
    other = keras.Sequential([layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="other")
    first, second = keras.Input((3,), name="first"), keras.Input((2,), name="second")
    total, rest = pair([first, second])
    joined = layers.Concatenate()([other(rest), total])
    return model_of(keras, [first, second], [joined, rest], name="outer"), [rows(3), rows(2)]


@kind
def nested_frozen(keras):
    """Keras 2 files the weights of what cannot be trained behind the others."""
    layers = keras.layers
    stack = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4, name="frozen", trainable=False),
            layers.BatchNormalization(name="n1"),
            layers.Dense(4, name="free"),
            layers.BatchNormalization(name="n2", trainable=False),
        ],
        name="stack",
    )
    given = keras.Input((4,))
    return model_of(keras, given, layers.Dense(2)(stack(given))), rows(4)


@kind
def passed_on(keras):
    """Outputs that are inputs, or the same tensor twice."""
    layers = keras.layers
    given = keras.Input((3,), name="given")
    found = layers.Dense(2)(given)
    return model_of(keras, given, [found, given, found]), rows(3)


# Layers


@kind
def batch_normalization(keras):
    layers = keras.layers
    parts = [
        layers.BatchNormalization(),
        layers.Dense(5),
        layers.BatchNormalization(scale=False, epsilon=0.01),
        layers.ReLU(),
        layers.BatchNormalization(center=False),
        layers.Dense(4, activation="relu"),
        layers.BatchNormalization(trainable=False),
    ]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def batch_normalization_of_axis(keras):
    layers = keras.layers
    parts = [layers.BatchNormalization(axis=1), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((4, 3)), *parts]), rows(4, 3)


@kind
def rectifiers(keras):
    layers = keras.layers
    given = keras.Input((6,))
    alpha = "negative_slope" if keras.__version__.startswith("3") else "alpha"
    makers = [
        lambda: layers.ReLU(),
        lambda: layers.ReLU(max_value=6),
        lambda: layers.ReLU(negative_slope=0.2),
        lambda: layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.4),
        lambda: layers.ReLU(threshold=0.5),
        lambda: layers.LeakyReLU(),
        lambda: layers.LeakyReLU(**{alpha: 0.1}),
        lambda: layers.ELU(),
        lambda: layers.ELU(alpha=0.4),
        lambda: layers.Softmax(),
        lambda: layers.PReLU(),
        lambda: layers.PReLU(shared_axes=[1]),
        lambda: layers.Activation("relu"),
    ]
    dense = layers.Dense(4)(given)
    return model_of(keras, given, layers.Concatenate()([make()(dense) for make in makers])), rows(6)


@kind
def thresholded_relu(keras):
    made = layer(keras, "ThresholdedReLU")(theta=0.7)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), made]), rows(6)


@kind
def activations(keras):
    layers = keras.layers
    given = keras.Input((6,))
    found = []
    for name in ACTIVATIONS:
        try:
            keras.activations.get(name)
        except ValueError:
            continue
        found.append(layers.Dense(4, activation=name, name=f"d_{name}")(given))
        found.append(layers.Activation(name, name=f"a_{name}")(found[-1]))
    return model_of(keras, given, layers.Concatenate()(found)), rows(6)


@kind
def activation_objects(keras):
    """Layers and functions as the argument activation."""
    layers = keras.layers
    given = keras.Input((6,))
    alpha = "negative_slope" if keras.__version__.startswith("3") else "alpha"
    objects = [layers.LeakyReLU(**{alpha: 0.1}), layers.ReLU(max_value=6), layers.ELU(0.5)]
    objects += [keras.activations.relu, keras.activations.softmax, keras.activations.gelu]
    found = [layers.Dense(4, activation=each)(given) for each in objects]
    return model_of(keras, given, layers.Concatenate()(found)), rows(6)


@kind
def activation_prelu(keras):
    """A layer with weights as the argument activation."""
    layers = keras.layers
    parts = [layers.Dense(4, activation=layers.PReLU()), layers.Dense(2)]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def layouts(keras):
    layers = keras.layers
    given = keras.Input((4, 6))
    found = [
        layers.Flatten()(given),
        layers.Flatten()(layers.Permute((2, 1))(given)),
        layers.Reshape((24,))(given),
        layers.Flatten()(layers.Reshape((2, -1))(given)),
        layers.Flatten()(layers.ZeroPadding1D((1, 2))(given)),
        layers.Flatten()(layers.Cropping1D(1)(given)),
        layers.GlobalAveragePooling1D()(given),
        layers.GlobalMaxPooling1D()(given),
        layers.Flatten()(layers.RepeatVector(2)(layers.Flatten()(given))),
        layers.Flatten()(layers.Concatenate(axis=1)([given, given])),
        layers.Flatten()(layers.TimeDistributed(layers.Dense(2, activation="relu"))(given)),
    ]
    joined = layers.Dense(2)(layers.Concatenate()(found))
    return model_of(keras, given, joined), rows(4, 6)


@kind
def images(keras):
    layers = keras.layers
    parts = [layers.ZeroPadding2D(1), layers.Cropping2D(((1, 0), (0, 1)))]
    parts += [layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    x = np.random.default_rng(3).integers(0, 256, (9, 4, 5, 3)).astype(np.uint8)
    return keras.Sequential([keras.Input((4, 5, 3)), *parts]), x


@kind
def noise(keras):
    layers = keras.layers
    parts = [layers.GaussianNoise(0.3), layers.AlphaDropout(0.2), layers.GaussianDropout(0.1)]
    parts += [layers.SpatialDropout1D(0.5), layers.ActivityRegularization(0.1)]
    parts += [layers.Activation("linear"), layers.Flatten(), layers.Dense(3)]
    return keras.Sequential([keras.Input((4, 3)), *parts]), rows(4, 3)


@kind
def normalization(keras):
    """Adapted to data, given as numbers, and of other axes."""
    layers = keras.layers
    make = layer(keras, "Normalization")
    given = keras.Input((5,))
    raw = rows(5) * np.float32([1, 10, 0.1, 100, 1]) + np.float32([0, 5, -2, 1000, 0.5])
    adapted, whole = make(), make(axis=None)
    adapted.adapt(raw)
    whole.adapt(raw)
    found = [adapted(given), whole(given), make(mean=3.0, variance=4.0)(given)]
    found.append(make(mean=[1.0, 2, 3, 4, 5], variance=[1.0, 4, 9, 16, 25])(given))
    joined = layers.Dense(3)(layers.Concatenate()(found))
    return model_of(keras, given, joined), raw


@kind
def normalization_inverted(keras):
    make = layer(keras, "Normalization")
    raw = rows(5) * 3 + 1
    inverted = make(invert=True)
    inverted.adapt(raw)
    return keras.Sequential([keras.Input((5,)), inverted, keras.layers.Dense(2)]), raw


@kind
def normalization_of_sequences(keras):
    make = layer(keras, "Normalization")
    raw = rows(4, 3) * np.float32([1, 10, 100]) + 7
    both = make(axis=(1, 2))
    both.adapt(raw)
    first = make(axis=1)
    first.adapt(raw)
    parts = [both, first, keras.layers.Flatten(), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((4, 3)), *parts]), raw


@kind
def rescaling(keras):
    make = layer(keras, "Rescaling")
    given = keras.Input((3,))
    found = [make(1 / 255)(given), make(2.0, offset=-1.0)(given)]
    found.append(make([1.0, 2.0, 3.0], offset=[0.5, 0.0, 1.0])(given))
    joined = keras.layers.Dense(2)(keras.layers.Concatenate()(found))
    return model_of(keras, given, joined), rows(3)


@kind
def other_normalizations(keras):
    layers = keras.layers
    given = keras.Input((6,))
    found = [layers.LayerNormalization()(given), layers.LayerNormalization(scale=False)(given)]
    for name, options in (("UnitNormalization", {}), ("GroupNormalization", {"groups": 3})):
        if hasattr(layers, name):
            found.append(getattr(layers, name)(**options)(given))
    return model_of(keras, given, layers.Dense(2)(layers.Concatenate()(found))), rows(6)


@kind
def embedding(keras):
    layers = keras.layers
    given = keras.Input((5,), dtype="int32")
    table = layers.Embedding(7, 4)(given)
    x = np.random.default_rng(3).integers(0, 7, (9, 5)).astype(np.int32)
    return model_of(keras, given, layers.Dense(2)(layers.Flatten()(table))), x


@kind
def embedding_with_mask(keras):
    """The pooling leaves out what is masked; refused, as masks are not computed here."""
    layers = keras.layers
    parts = [layers.Embedding(7, 4, mask_zero=True), layers.GlobalAveragePooling1D()]
    x = np.random.default_rng(3).integers(0, 3, (9, 5)).astype(np.int32)
    return keras.Sequential([keras.Input((5,), dtype="int32"), *parts, layers.Dense(2)]), x


@kind
def masking(keras):
    """Nothing after it looks at the mask, but its zeros remain."""
    layers = keras.layers
    x = rows(4, 3)
    x[:, 2:] = 5
    parts = [layers.Masking(5.0), layers.Dense(3), layers.GlobalAveragePooling1D()]
    return keras.Sequential([keras.Input((4, 3)), *parts]), x


@kind
def slashes(keras):
    """Keras 2 allowed slashes in names."""
    layers = keras.layers
    given = keras.Input((6,), name="in/put")
    a = layers.Dense(4, activation="relu", name="block/a")(given)
    b = layers.Dense(4, name="block/b")(given)
    inner = keras.Sequential([layers.Dense(4, name="x/y"), layers.Dense(4, name="y")], name="m/n")
    added = layers.Add(name="block/sum")([a, b])
    return model_of(keras, given, layers.Dense(2, name="block/a/b")(inner(added))), rows(6)


@kind
def odd_names(keras):
    layers = keras.layers
    parts = [layers.Dense(4, name="my.dense-1"), layers.Dense(3, name="kernel")]
    parts += [layers.BatchNormalization(name="vars"), layers.Dense(2, name="layers")]
    return keras.Sequential([keras.Input((6,)), *parts], name="optimizer"), rows(6)


@kind
def names_of_containers(keras):
    """Layers that are called as groups of files are."""
    layers = keras.layers
    names = ("optimizer", "seed_generator", "layer_with_weights", "model_weights")
    parts = [layers.Dense(4, name=name) for name in names]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def nested_container_names(keras):
    layers = keras.layers
    names = ("optimizer", "vars", "0", "dense_1_W")
    inner = keras.Sequential([layers.Dense(4, name=name) for name in names], name="vars")
    return keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="0")]), rows(4)


@kind
def fitted(keras):
    """After fit, with the optimizer's state, metrics and a penalty of its weights."""
    layers = keras.layers
    penalty = keras.regularizers.l2(0.01)
    parts = [layers.Dense(8, activation="relu", kernel_regularizer=penalty), layers.Dropout(0.2)]
    parts += [layers.BatchNormalization(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((6,)), *parts])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(rows(6), np.arange(9) % 3, epochs=2, verbose=0)
    return model, rows(6)


@kind
def fitted_function(keras):
    layers = keras.layers
    given = keras.Input((4,))
    middle = layers.Dense(5, activation="relu")(given)
    outputs = [layers.Dense(2, name="u")(middle), layers.Dense(1, name="v")(middle)]
    model = model_of(keras, given, outputs)
    loss = {"u": "mse", "v": "mae"}
    model.compile("rmsprop", loss, loss_weights={"u": 1.0, "v": 0.5})
    model.fit(rows(4), [rows(2), rows(1)], epochs=2, verbose=0)
    return model, rows(4)


@kind
def mixed_float16(keras):
    """Computed in float16 by Keras, so that predictions agree to three digits only."""
    layers = keras.layers
    options = {"dtype": "mixed_float16"}
    parts = [layers.Dense(5, activation="relu", **options), layers.BatchNormalization(**options)]
    parts += [layers.Dense(3, activation="softmax", dtype="float32")]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def float64(keras):
    layers = keras.layers
    parts = [layers.Dense(5, activation="relu", dtype="float64")]
    parts += [layers.Dense(3, activation="softmax", dtype="float64")]
    return keras.Sequential([keras.Input((6,), dtype="float64"), *parts]), rows(6)


@kind
def float16(keras):
    layers = keras.layers
    parts = [layers.Dense(5, activation="relu", dtype="float16"), layers.Dense(3, dtype="float16")]
    return keras.Sequential([keras.Input((6,), dtype="float16"), *parts]), rows(6)


@kind
def whole_numbers(keras):
    """An input of integers that a layer casts."""
    layers = keras.layers
    given = keras.Input((4,), dtype="int32")
    found = layer(keras, "Rescaling")(0.5)(given)
    x = np.random.default_rng(3).integers(-9, 9, (9, 4)).astype(np.int32)
    return model_of(keras, given, layers.Dense(2)(found)), x


@kind
def masked_sequence_softmax(keras):
    layers = keras.layers
    given = keras.Input((4, 3))
    return model_of(keras, given, layers.Softmax(axis=1)(layers.Dense(2)(given))), rows(4, 3)


@kind
def operators(keras):
    """Arithmetic on tensors: TFOpLambda in Keras 2, functions of keras.ops in Keras 3."""
    layers = keras.layers
    given = keras.Input((6,))
    a = layers.Dense(4, activation="relu")(given)
    b = layers.Dense(4)(given)
    return model_of(keras, given, layers.Dense(2)(a * 2.0 + b - 1.0)), rows(6)


@kind
def slicing(keras):
    layers = keras.layers
    given = keras.Input((6,))
    return model_of(keras, given, layers.Dense(2)(given[:, 2:5])), rows(6)


# What must be refused, and never executed


def twice_of(x):
    return 2 * x


# Its bytes stand in the file, which should not tell where this one was.
twice_of.__code__ = twice_of.__code__.replace(co_filename="kinds.py")


@kind
def refused_lambda(keras):
    layers = keras.layers
    # Keras 3 writes functions down by their names, and lambdas by their bytes.
    twice_of.__name__ = "<lambda>"
    parts = [layers.Dense(4), layers.Lambda(twice_of, name="twice"), layers.Dense(2)]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def refused_custom(keras):
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    parts = [keras.layers.Dense(4), Twice(name="twice"), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((6,)), *parts]), rows(6)


@kind
def refused_own_dense(keras):
    """A class of the caller's with the name of one of Keras'."""

    class Dense(keras.layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    return keras.Sequential([keras.Input((6,)), Dense(2, name="twice")]), rows(6)


@kind
def refused_own_activation(keras):
    def twice(x):
        return 2 * x

    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, activation=twice)]), rows(6)


@kind
def refused_own_relu(keras):
    """A function of the caller's with the name of one of Keras'."""

    def relu(x):
        return 2 * x

    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, activation=relu)]), rows(6)


@kind
def refused_convolution(keras):
    layers = keras.layers
    parts = [layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((5, 5, 1)), *parts]), rows(5, 5, 1)


@kind
def refused_recurrent(keras):
    layers = keras.layers
    parts = [layers.LSTM(3, name="lstm"), layers.Dense(2)]
    return keras.Sequential([keras.Input((4, 3)), *parts]), rows(4, 3)


@kind
def refused_training(keras):
    layers = keras.layers
    given = keras.Input((6,))
    middle = layers.BatchNormalization(name="norm")(given, training=True)
    return model_of(keras, given, layers.Dense(2)(middle)), rows(6)


@kind
def refused_subclass(keras):
    class Own(keras.Model):
        def __init__(self, **more):
            super().__init__(**more)
            self.first, self.second = keras.layers.Dense(4), keras.layers.Dense(2)

        def call(self, x):
            return self.second(keras.activations.relu(self.first(x)))

    model = Own()
    model(rows(6))
    return model, rows(6)
