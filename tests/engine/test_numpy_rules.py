"""xfblas.matmul by numpy's rules: any operands, results, axes and casts, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors

SIDES = st.integers(0, 7)
LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "turned": lambda x: x[tuple(slice(None, None, -1) for _ in x.shape)],
    "swapped bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


@st.composite
def operands(draw):
    """Two arrays whose product numpy has: vectors, matrices, stacks that broadcast."""
    m, k, n = draw(SIDES), draw(SIDES), draw(SIDES)
    stack = draw(st.lists(st.integers(0, 3), max_size=2))
    shapes = []
    for core in ((m, k), (k, n)):
        dropped = draw(st.integers(0, len(stack)))
        own = [draw(st.sampled_from([size, 1])) for size in stack[dropped:]]
        shapes.append((*own, *core))
    if draw(st.booleans()):
        shapes[0] = (k,)
    if draw(st.booleans()):
        shapes[1] = (k,)
    dtype = draw(st.sampled_from(["int16", "int8", "float32"]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Floats are small whole numbers: their sums are exact in any order.
    limit = {"int16": 32767, "int8": 127, "float32": 30}[dtype]
    return [
        LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](
            generator.integers(-limit - 1, limit + 1, shape).astype(dtype)
        )
        for shape in shapes
    ]


@pytest.mark.native
@examples(400)
@given(operands())
def test_any_operands(pair):
    a, b = pair
    expected = np.matmul(a, b)
    found = xfblas.matmul(a, b)
    assert type(found) is type(expected) and found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.native
@examples(200)
@given(operands(), st.data())
def test_any_axes_and_results(pair, data):
    """Rows and columns anywhere, into a result of any layout that may be wider than the product."""
    a, b = pair
    cores = [min(2, a.ndim), min(2, b.ndim)]
    expected = np.matmul(a, b)
    cores.append(sum(cores) - 2)
    places = [
        tuple(data.draw(st.permutations(range(array.ndim)))[:core])
        for array, core in zip((a, b, np.asarray(expected)), cores, strict=True)
    ]
    moved = [
        np.moveaxis(array, range(array.ndim - core, array.ndim), place)
        for array, core, place in zip((a, b), cores, places, strict=False)
    ]
    wanted = np.matmul(*moved, axes=places)
    np.testing.assert_array_equal(xfblas.matmul(*moved, axes=places), wanted, strict=True)
    wide = data.draw(st.sampled_from([(), (2,)])) if expected.size else ()
    out = data.draw(st.sampled_from(list(LAYOUTS.values())))(
        np.zeros(wide + np.shape(expected), data.draw(st.sampled_from(["float64", a.dtype])))
    )
    if not out.flags.writeable or not isinstance(out, np.ndarray) or not out.ndim:
        return
    assert xfblas.matmul(a, b, out) is out
    np.testing.assert_array_equal(out, np.broadcast_to(expected, out.shape))


PAIRS = [
    (first, second)
    for first in ("int8", "int16", "float32", "uint8", "bool", "int64", "float64", "complex64")
    for second in ("int8", "int16", "float32")
]


@pytest.mark.native
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind", "unsafe"])
@pytest.mark.parametrize("dtype", [None, "int8", "int16", "float32"])
def test_promotion_and_casting(pair, casting, dtype):
    """The same results as numpy's, and an error wherever it has one."""
    a, b = np.ones((3, 4), pair[0]), np.full((4, 2), 3, pair[1])
    try:
        expected = np.matmul(a, b, casting=casting, dtype=dtype)
    except TypeError:
        expected = None
    if casting in ("no", "equiv") and dtype is None:
        return  # promotion is no cast of ours
    supported = expected is not None and expected.dtype in (np.int8, np.int16, np.float32)
    if pair == ("uint8", "int8") and dtype is None:
        found = xfblas.matmul(a, b, casting=casting)
        assert found.dtype == np.int32 and (found == 12).all()
    elif supported:
        np.testing.assert_array_equal(
            xfblas.matmul(a, b, casting=casting, dtype=dtype), expected, strict=True
        )
    else:
        with pytest.raises(errors.DtypeError):
            xfblas.matmul(a, b, casting=casting, dtype=dtype)


@pytest.mark.native
def test_results_that_are_operands(generator):
    a = generator.integers(-99, 99, (5, 6, 6)).astype(np.int16)
    for view in (lambda x: x, lambda x: x.swapaxes(1, 2), lambda x: x[::-1]):
        ours, theirs = a.copy(), a.copy()
        np.matmul(theirs, theirs, out=view(theirs))
        xfblas.matmul(ours, ours, out=view(ours))
        np.testing.assert_array_equal(ours, theirs)


ONES = np.ones((2, 3, 4), np.int16)


@pytest.mark.native
@pytest.mark.parametrize(
    ("b", "options", "text"),
    [
        (np.ones((3, 4, 2), np.int16), {}, "stacks .* cannot be broadcast"),
        (np.ones(3, np.int16), {}, "b needs 4 elements"),
        (np.int16(3), {}, "b has 0 dimensions"),
        (ONES[0].T, {"axes": [(0, 1)]}, "axes is .*, expected 3 entries"),
        (ONES[0].T, {"axes": [(0, 7), (0, 1), (0, 1)]}, "axes of a, which has shape"),
        (ONES[0].T, {"axes": [(0, 0), (0, 1), (0, 1)]}, "axes of a, which has shape"),
        (ONES[0].T, {"axes": [0, (0, 1), (0, 1)]}, "expected 2 axes"),
        (ONES[0].T, {"axes": "rows"}, "axes is 'rows', expected a list"),
        (ONES[0].T, {"axes": [("x", "y"), (0, 1), (0, 1)]}, "expected a whole number"),
        (ONES[0].T, {"casting": "none"}, "casting is 'none', expected no, equiv"),
        (ONES[0].T, {"order": 3}, "order is 3"),
        (ONES[0].T, {"dtype": "int64"}, "dtype is int64, expected int16 or float32 or int8"),
        (ONES[0].T, {"out": np.zeros((1, 3, 3), np.int16)}, "out has shape"),
        (ONES[0].T, {"out": np.zeros((3, 3), np.int16)}, "out has shape"),
        (ONES[0].T, {"out": (1, 2)}, "out has 2 arrays"),
        (ONES[0].T, {"exat": True}, "no 'exat'.*nearest is 'exact'"),
        (ONES[0].T, {"exact": True, "split": True}, "expected one of the three"),
        (ONES[0].T, {"exact": "yes"}, "exact is 'yes', expected True or False"),
        (ONES[0].T, {"round": True}, "round and saturate are for products with a scale"),
        (ONES[0].T, {"split": True}, "expected float64 or float32 for split=True"),
    ],
)
def test_what_is_refused(b, options, text):
    before = ONES.copy()
    with pytest.raises(errors.InvalidValueError, match=text):
        xfblas.matmul(ONES, b, **options)
    np.testing.assert_array_equal(ONES, before)
    assert xfblas.matmul(ONES, ONES[0].T).shape == (2, 3, 3)
