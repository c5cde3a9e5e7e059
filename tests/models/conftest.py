"""Keras for the tests that compare with it."""

import os

import pytest


@pytest.fixture
def keras():
    """The Keras module, on the smallest backend that can train."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError as error:
        pytest.skip(f'keras cannot be imported ({error}): pip install "xfblas[keras]"')
    keras.utils.set_random_seed(7)
    return keras
