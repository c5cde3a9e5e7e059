"""numpy's own tests of products, on xfblas.matmul and on wrapped arrays.

Arrays of int8, int16 and float32 are wrapped as they are, float64 is split into slices of integers;
other types stay numpy's, which is what wrapped arrays leave them to. What is left out is listed in
EXCLUDED with its reason; nothing else is.
"""

import operator

import numpy as np
import pytest
from numpys_tests import OnWrapped, load, wrapped

import xfblas

multiarray = load("_core/tests/test_multiarray.py")
einsum = load("_core/tests/test_einsum.py")
linalg = load("linalg/tests/test_linalg.py")
ufunc = load("_core/tests/test_ufunc.py")
multiarray.dot = multiarray.np.dot
linalg.multi_dot = lambda arrays, **options: np.linalg.multi_dot(
    [wrapped(each) for each in arrays], **options
)
linalg.tensordot = linalg.np.tensordot

EXCLUDED = {
    # of numpy's classes, and of numpy's functions outside of classes
    "TestMatmulInplace": "wrapped arrays are not written to: a @= b makes another array",
    "TestEinsumPath": "np.einsum_path plans and multiplies nothing",
    "TestEinsum.test_output_order": "wrapped arrays lie in the order C, whatever was wrapped",
    "TestDot.test_huge_vectordot": "needs 18 GB of memory",
    "TestDot.test_dot_out_aliasing": "of float16 alone, which no engine has",
    "TestMatmul.test_matmul_object": "of objects; for xfblas.matmul alone, wrapped arrays pass it",
    "TestMatmul.test_matmul_object_type_scalar": "the same",
    "TestUfunc": "only its methods that are about vecdot, matvec and vecmat: see VECTORS",
}
VECTORS = (
    *("test_vecdot", "test_matvec", "test_vecmatvec_identity", "test_matvec_vecmat_out"),
    *("test_vecdot_matvec_vecmat_complex", "test_vecdot_object_no_conjugate"),
    *("test_vecdot_object_breaks_outer_loop_on_error", "test_vecdot_subclass", "test_broadcast"),
    *("test_out_broadcasts", "test_type_cast", "test_endian", "test_incontiguous_array"),
    *("test_output_argument", "test_axes_argument", "test_axis_argument", "test_keepdims_argument"),
)


@pytest.fixture(autouse=True, scope="class")
def products_of_the_engine(request):
    """A class whose products all fell back to numpy would test nothing."""
    before = sum(xfblas.stats()["engine"].values())
    yield
    least = getattr(request.cls, "least_products", None)
    if (
        least is not None
        and not request.config.option.keyword
        and ".py::" not in str(request.config.args)
    ):
        assert sum(xfblas.stats()["engine"].values()) - before >= least


class TestVdot(multiarray.TestVdot):
    least_products = 10


class TestDot(multiarray.TestDot):
    least_products = 20
    test_huge_vectordot = None
    test_dot_out_aliasing = None


class TestInner(multiarray.TestInner):
    least_products = 10


class TestMatmul(multiarray.TestMatmul):
    least_products = 100
    matmul = OnWrapped(np.matmul)


class TestMatmulOperator(multiarray.TestMatmulOperator):
    least_products = 50
    matmul = OnWrapped(operator.matmul)


class TestEinsum(einsum.TestEinsum):
    least_products = 10
    test_output_order = None


class TestMultiDot(linalg.TestMultiDot):
    least_products = 10


class TestVectorProducts:
    least_products = 10


for _name in VECTORS:
    setattr(TestVectorProducts, _name, vars(ufunc.TestUfunc)[_name])


def test_matmul_axes():
    multiarray.test_matmul_axes()


def _xfblas_matmul(a, b, *out, **options):
    """xfblas.matmul, with float64 by its option; bool, which ends some tests, is numpy's."""
    types = {np.asarray(each).dtype for each in (a, b)}
    if np.dtype(bool) in types:
        return np.matmul(a, b, *out, **options)
    if np.dtype(float) in types:
        options["split"] = True
    return xfblas.matmul(a, b, *out, **options)


class TestXfblasMatmul(multiarray.TestMatmul):
    """numpy's tests on xfblas.matmul itself, for the types that it computes."""

    types = "?bhfd"
    matmul = staticmethod(_xfblas_matmul)
    # Of objects, which no engine has.
    test_matmul_object = test_matmul_object_type_scalar = None


def test_every_exclusion_is_one():
    """The list names what numpy has, so that what is renamed there is looked at again."""
    known = {**vars(multiarray), **vars(einsum), **vars(linalg), **vars(ufunc)}
    for name in EXCLUDED:
        kind, _, method = name.partition(".")
        assert kind in known and (not method or hasattr(known[kind], method))
