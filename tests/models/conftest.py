"""Keras for the tests that compare with it."""

import pytest


@pytest.fixture
def keras(keras):
    """The Keras module with a seed, so that each test has the same weights."""
    keras.utils.set_random_seed(7)
    return keras
