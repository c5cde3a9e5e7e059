"""Random models against what QKeras 0.9, QKeras for Keras 3 and HGQ2 predicted of them."""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from vectors import FOLDER, vectors_of

import xfblas
from xfblas.graph import read_graph

pytestmark = pytest.mark.native
FILES = sorted(FOLDER.glob("vectors_*.npz"))
if "XFBLAS_VECTORS" in os.environ:
    FILES = [Path(os.environ["XFBLAS_VECTORS"])]
#: What float32 sums in another order may differ by, of the largest value.
ROUNDING = 2e-6
#: Of layers that take floats, or numbers finer than an element.
OF_ELEMENTS = 2e-3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_predictions_are_the_packages_own(path):
    exact = count = 0
    for vector in vectors_of(path):
        count += 1
        found = read_graph(vector.model).forward([vector.x])[0]
        assert differing_rows(vector, found, ROUNDING) <= may_differ(vector), vector.name
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with xfblas.compile(vector.model, vector.x) as model:
                found = model.predict(vector.x)
        told = " ".join(str(warning.message) for warning in told)
        exact += differing_rows(vector, found, ROUNDING) == 0
        if "other integers than their model" not in told:
            assert differing_rows(vector, found, ROUNDING) <= may_differ(vector), vector.name
        elif "all quantized values are the model's" in told:
            assert differing_rows(vector, found, OF_ELEMENTS) <= may_differ(vector), vector.name
        else:
            assert re.search(r"differs in \d+ of \d+ values, by up to", told), vector.name
    assert count >= (20 if "maps" in path.stem else 50) and exact > 0.85 * count


def differing_rows(vector, found, part):
    """Rows in which a value differs by more than this part of the largest one."""
    assert found.shape == vector.y.shape
    wrong = np.abs(found - vector.y) > part * max(np.abs(vector.y).max(), 1e-9)
    return int(wrong.reshape(len(wrong), -1).any(axis=1).sum())


def may_differ(vector):
    """One row where scales are no powers of two: the order of a float32 sum decides ties."""
    return int('"auto"' in vector.text or "Normalization" in vector.text)
