"""Keras models, built once for all tests of this folder."""

import pytest
from keras_models import build, import_keras


@pytest.fixture(scope="session")
def keras():
    return import_keras()


@pytest.fixture(scope="session")
def keras_model(keras):
    """``keras_model(kind)``: a model that no test may change."""
    models = {}

    def get(kind):
        if kind not in models:
            models[kind] = build(keras, kind)
        return models[kind]

    return get
