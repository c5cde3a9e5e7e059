"""Random programs against the oracle, bit for bit."""

import numpy as np
import oracle
from hypothesis import given
from hypothesis import strategies as st
from rounding import product_bound
from targets import examples

import xfblas
from xfblas.device.binding import lib, pointer

# Awkward sizes around the engine's blocks of 4 rows and 256 columns, and around the seed's 128.
SIZES = st.one_of(
    st.integers(1, 9), st.sampled_from([15, 31, 63, 127, 128, 129, 255, 256, 257, 258])
)
EXTREMES = np.array([-32768, -32767, -1, 0, 1, 32766, 32767], np.int16)


def random_int16(generator, shape):
    """Full range, small, extremes only, or all the most negative."""
    kind = generator.integers(4)
    if kind == 0:
        return generator.integers(-32768, 32768, shape).astype(np.int16)
    if kind == 1:
        return generator.integers(-3, 4, shape).astype(np.int16)
    if kind == 2:
        return generator.choice(EXTREMES, shape)
    return np.full(shape, -32768, np.int16)


def random_int32(generator, shape):
    if generator.integers(2):
        return generator.choice(np.array([-(2**31), 2**31 - 1, 0, 1], np.int32), shape)
    return generator.integers(-(2**31), 2**31, shape).astype(np.int32)


@st.composite
def epilogues(draw):
    """Fields of an instruction over their whole ranges, with the plain ones often."""
    post = draw(
        st.one_of(
            st.just((1, 0)),
            st.tuples(st.integers(0, 65535), st.integers(0, 24)),
            st.tuples(
                st.sampled_from([1, 2, 32767, 65535]),
                st.sampled_from([47, 48, 49, 63, 64, 255]),
            ),
        )
    )
    prelu = draw(
        st.one_of(
            st.sampled_from([(1, 0), (0, 0)]),
            st.tuples(st.integers(-512, 511), st.integers(0, 31)),
        )
    )
    return {
        "post": post,
        "prelu": prelu,
        "round": draw(st.booleans()),
        "saturate": draw(st.booleans()),
    }


addend_kinds = st.sampled_from(["matrix", "row", "none"])
layer_lists = st.lists(st.tuples(SIZES, epilogues(), addend_kinds), min_size=1, max_size=20)


@examples(60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), SIZES, layer_lists)
def test_chains_of_layers(seed, m, k, layers):
    """Programs longer than a launch of the seed's image, each layer reading the one before."""
    for name in ("default_short", "seed_short"):
        generator = np.random.default_rng(seed)
        with xfblas.open(xfblas.image_path(name)) as device:
            unit = device.compute_units[0]
            expected = random_int16(generator, (m, k))
            current, kept = unit.send(expected), []
            for n, fields, addend_kind in layers:
                weights = random_int16(generator, (expected.shape[1], n))
                addend = None
                if addend_kind != "none":
                    shape = (m, n) if addend_kind == "matrix" else (1, n)
                    addend = random_int32(generator, shape)
                b = unit.send(weights)
                x = None if addend is None else unit.send(addend)
                c = unit.empty((m, n))
                unit.fcn(
                    current,
                    b,
                    c,
                    x,
                    *fields["post"],
                    *fields["prelu"],
                    round=fields["round"],
                    saturate=fields["saturate"],
                )
                kept += [current, b, x]
                current = c
                expected = oracle.fcn(expected, weights, addend, **fields)
                if len(kept) > 45:
                    break
            unit.execute()
            np.testing.assert_array_equal(current.read(), expected)


@examples(60)
@given(
    st.integers(0, 2**32 - 1),
    *[SIZES] * 3,
    *[st.integers(0, 5)] * 4,
    epilogues(),
)
def test_leading_dimensions(seed, m, k, n, gap_a, gap_b, gap_c, gap_x, fields):
    """Operands inside wider arrays; what lies between the rows of C stays as it was."""
    generator = np.random.default_rng(seed)
    wide_a = random_int16(generator, (m, k + gap_a))
    wide_b = random_int16(generator, (k, n + gap_b))
    wide_c = random_int16(generator, (m, n + gap_c))
    wide_x = random_int32(generator, (m, n + gap_x))
    expected = wide_c.copy()
    expected[:, :n] = oracle.fcn(wide_a[:, :k], wide_b[:, :n], wide_x[:, :n], **fields)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        for array in (wide_a, wide_b, wide_c, wide_x):
            unit.call(lib.xfblasSend, pointer(array), array.size, array.itemsize)
        flags = fields["round"] + 2 * fields["saturate"]
        unit.call(
            *(lib.xfblasFcn, m, n, k, 1, pointer(wide_a), k + gap_a),
            *(pointer(wide_b), n + gap_b, 1, pointer(wide_c), n + gap_c),
            *(pointer(wide_x), n + gap_x, *fields["post"], *fields["prelu"], flags),
        )
        unit.call(lib.xfblasGet, pointer(wide_c))
    np.testing.assert_array_equal(wide_c, expected)


@examples(40)
@given(st.integers(0, 2**32 - 1), *[SIZES] * 3)
def test_gemm_adds_to_c(seed, m, k, n):
    for name in ("default_short", "seed_short"):
        generator = np.random.default_rng(seed)
        a, b, c = (random_int16(generator, shape) for shape in ((m, k), (k, n), (m, n)))
        with xfblas.open(xfblas.image_path(name), engine="Gemm") as device:
            unit = device.compute_units[0]
            left, right, result = unit.send(a), unit.send(b), unit.send(c)
            unit.gemm(left, right, result)
            once = oracle.gemm(a, b, c)
            np.testing.assert_array_equal(result.read(), once)
            unit.execute()  # the same program again
            np.testing.assert_array_equal(result.read(), oracle.gemm(a, b, once))


@examples(40)
@given(st.integers(0, 2**32 - 1), SIZES, SIZES)
def test_gemv(seed, m, n):
    generator = np.random.default_rng(seed)
    a, x, y = (random_int16(generator, shape) for shape in ((m, n), (n, 1), (m, 1)))
    expected = oracle.gemm(a, x, y)
    with xfblas.open(engine="Gemv") as device:
        unit = device.compute_units[0]
        for array in (a, x, y):
            unit.call(lib.xfblasSend, pointer(array), array.size, 2)
        unit.call(lib.xfblasGemv, m, n, 1, pointer(a), n, pointer(x), 1, 1, pointer(y), 1)
        unit.call(lib.xfblasGet, pointer(y))
    np.testing.assert_array_equal(y, expected)


@examples(40)
@given(st.integers(0, 2**32 - 1), *[SIZES] * 3, st.booleans(), st.booleans())
def test_float_within_the_bound_of_its_sums(seed, m, k, n, is_relu, is_row):
    """The error of a float32 sum is at most k * eps * sum |a||b|, with X as a term."""
    generator = np.random.default_rng(seed)
    a, b = (generator.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    x = generator.standard_normal((1 if is_row else m, n)).astype(np.float32)
    with xfblas.open(dtype=np.float32) as device:
        unit = device.compute_units[0]
        result = unit.empty((m, n))
        operands = [unit.send(array) for array in (a, b, x)]
        unit.fcn(*operands[:2], result, operands[2], prelu_scale=0 if is_relu else 1)
        found = result.read()
    exact = a.astype(np.float64) @ b + x
    exact = np.maximum(exact, 0) if is_relu else exact
    assert (np.abs(found - exact) <= product_bound(a, b, x)).all()
