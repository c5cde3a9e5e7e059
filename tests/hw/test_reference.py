"""The reference of these checks agrees with the oracle of the library, written apart."""

import importlib.util
import pathlib

import numpy as np
import pytest
import reference
from random_programs import integers

OTHER = pathlib.Path(__file__).resolve().parents[1] / "oracle.py"


def test_both_oracles_agree(seed):
    if not OTHER.is_file():
        pytest.skip("tests/oracle.py is not there")
    spec = importlib.util.spec_from_file_location("other_oracle", OTHER)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    rng = np.random.default_rng(seed)
    for _ in range(300):
        m, k, n = rng.integers(1, 6, 3)
        a, b = integers(rng, np.int16, (m, k)), integers(rng, np.int16, (k, n))
        fields = dict(
            x=integers(rng, np.int32, (m, n)),
            post=(int(rng.choice([0, 1, 65535])), int(rng.choice([0, 1, 16, 47, 48, 63, 64, 255]))),
            prelu=(int(rng.choice([-512, 0, 1, 511])), int(rng.choice([0, 6, 31]))),
            round=bool(rng.integers(2)),
            saturate=bool(rng.integers(2)),
        )
        assert np.array_equal(reference.fcn(a, b, **fields), other.fcn(a, b, **fields)), fields
