"""Keras models of many kinds, and data for them, for tests that compare with Keras."""

import os

import numpy as np
import pytest


def import_keras():
    """The Keras module, on the smallest backend that can train; skips where there is none."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError as error:
        pytest.skip(f'keras cannot be imported ({error}): pip install ".[keras]"')
    return keras


def plain(keras):
    return keras.Sequential(
        [
            keras.Input((12,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(4, activation="softmax"),
        ],
        name="plain",
    )


def deep(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(24, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("tanh"),
            layers.LayerNormalization(),
            layers.Dropout(0.3),
            layers.Dense(16, activation="elu"),
            layers.Dense(3),
        ],
        name="deep",
    )


def image(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((4, 3)),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="image",
    )


def sequence(keras):
    """Dense on rows of more than one axis."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((5, 6)),
            layers.Dense(8, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ],
        name="sequence",
    )


def branched(keras):
    """Two inputs, two outputs, branches that meet."""
    layers = keras.layers
    left, right = keras.Input((12,), name="left"), keras.Input((6,), name="right")
    a = layers.Dense(8, activation="relu")(left)
    b = layers.Dense(8, activation="relu")(right)
    met = layers.Concatenate()([layers.Add()([a, b]), layers.Multiply()([a, b])])
    classes = layers.Dense(4, activation="softmax", name="classes")(met)
    value = layers.Dense(1, name="value")(layers.Dense(6, activation="relu")(met))
    return keras.Model([left, right], [classes, value], name="branched")


KINDS = {kind.__name__: kind for kind in (plain, deep, image, sequence, branched)}


def build(keras, kind):
    """A model of a kind, with weights that are always the same."""
    keras.utils.set_random_seed(11)
    model = KINDS[kind](keras)
    # No weight keeps the 0 or 1 that it begins with, which could be left out unnoticed.
    generator = np.random.default_rng(12)
    model.set_weights(
        [weight + generator.uniform(0, 0.1, weight.shape) for weight in model.get_weights()]
    )
    return model


def rows_for(model, count, seed=0):
    """Random inputs: an array, or a list of them."""
    generator = np.random.default_rng(seed)
    inputs = [
        generator.standard_normal((count, *tensor.shape[1:])).astype(np.float32)
        for tensor in model.inputs
    ]
    return inputs[0] if len(inputs) == 1 else inputs


def decibels(found, expected):
    """Signal to noise of all values."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    noise = np.square(found - expected).sum()
    return np.inf if noise == 0 else 10 * np.log10(np.square(expected).sum() / noise)
