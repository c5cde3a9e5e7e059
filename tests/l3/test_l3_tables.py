"""Tables of functions by the L3 functions, and what these refuse."""

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3

from xfblas.errors import DtypeError, InvalidValueError, NotFoundError


def test_tables_by_the_l3_functions(arguments, options, generator):
    l3.createFcn(arguments, options)
    a, b, c = (generator.integers(-999, 999, (128, 128)).astype(np.int16) for _ in range(3))
    x = generator.integers(-(2**20), 2**20, 128).astype(np.int32)
    t = generator.integers(-(2**17), 2**17, 513).astype(np.int32)
    for matrix in (a, b, c, x, t):
        l3.sendMat(matrix)
    for groups, flags in ((1, {}), (3, {"round": False, "saturate": False})):
        assert l3.fcnTableOp(a, b, c, x, t, 3, 14, groups, **flags) is True
        l3.getMat(c)
        kinds = {"round": True, "saturate": True, **flags}
        function = oracle.table(16, groups, t)
        expected = oracle.fcn(a, b, x, post=(3, 14), function=function, **kinds)
        np.testing.assert_array_equal(c, expected)
        l3.freeInstr()
    for wrong, text in (
        ({"T": t[:-1]}, "expected 513 whole numbers"),
        ({"T": t.astype(np.int16)}, "T "),
        ({"T": t.copy()}, "was never sent"),
        ({"groups": 4}, "groups is 4, expected 1 to 3"),
        ({"round": 2}, "round is 2"),
    ):
        fields = {"A": a, "B": b, "C": c, "X": x, "T": t, **wrong}
        with pytest.raises((InvalidValueError, DtypeError, NotFoundError), match=text):
            l3.fcnTableOp(**fields)
    l3.destroy()
    l3.createGemm(arguments, options)
    for matrix in (a, b, c):
        l3.sendMat(matrix)
    with pytest.raises(DtypeError, match="int32"):
        l3.sendMat(t)
