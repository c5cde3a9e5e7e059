"""Keras for the tests that compare with it, and weights for those that write files themselves."""

import pytest
from mlp_weights import Weights


@pytest.fixture
def keras(keras):
    """The Keras module with a seed, so that each test has the same weights."""
    keras.utils.set_random_seed(7)
    return keras


@pytest.fixture
def weights(generator):
    return Weights(generator)
