"""Small classifiers of images with convolutions and pooling, trained on scikit-learn's digits."""

import numpy as np

#: Of 1,797 images these many train, the others are held out.
TRAINED = 1200
EPOCHS = 12


def digit_images():
    """Images (1797, 8, 8, 1) float32 from 0 to 1, and their labels, in an order that is fixed."""
    import sklearn.datasets

    x, y = sklearn.datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(3).permutation(len(y))
    return (x[order].reshape(-1, 8, 8, 1) / 16).astype(np.float32), y[order]


def plain(layers, given):
    """Convolutions with max pooling between, and dense layers on the flat map."""
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(given)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    return layers.Dense(10, name="logits")(layers.Flatten()(x))


def normalized(layers, given):
    """Strides, normalizations before a rectifier and after it, and a mean over the map."""
    x = layers.Conv2D(16, 3, padding="valid", use_bias=False)(given)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    return layers.Dense(10, name="logits")(layers.GlobalAveragePooling2D()(x))


def joined(layers, given):
    """A skip by concatenation and one by a sum, around pooling and upsampling."""
    wide = layers.Conv2D(12, 3, padding="same", activation="relu")(given)
    deep = layers.AveragePooling2D(2)(wide)
    deep = layers.Conv2D(12, 3, padding="same", activation="relu")(deep)
    deep = layers.UpSampling2D(2)(deep)
    x = layers.Concatenate()([wide, deep])
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(4)(layers.Add()([x, wide]))
    return layers.Dense(10, name="logits")(layers.Flatten()(x))


CLASSIFIERS = {build.__name__: build for build in (plain, normalized, joined)}


def train_classifier(keras, name: str):
    """A trained ``keras.Model`` of images (n, 8, 8, 1), which gives probabilities of ten digits."""
    keras.utils.set_random_seed(5)
    given = keras.Input((8, 8, 1))
    logits = CLASSIFIERS[name](keras.layers, given)
    model = keras.Model(given, keras.layers.Softmax()(logits), name=name)
    x, y = digit_images()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x[:TRAINED], y[:TRAINED], batch_size=32, epochs=EPOCHS, verbose=0)
    return model
