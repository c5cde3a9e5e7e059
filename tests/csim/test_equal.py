"""What csim has beyond the functional tests, which run on it too (``pytest --target csim``)."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import oracle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xfblas
from xfblas import errors
from xfblas.image.builder import ImageSpecification, build_image
from xfblas.image.configuration import Configuration, parse_options
from xfblas.image.container import read
from xfblas.image.images import memory_banks, specification
from xfblas.image.kinds import SectionKind

SIZES = st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 63, 64, 65, 127, 128, 129]))
relaxed = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
LAYER = st.tuples(
    SIZES,
    st.tuples(st.integers(0, 65535), st.integers(0, 50)),
    st.tuples(st.integers(-512, 511), st.integers(0, 31)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["matrix", "row", "none"]),
)


@relaxed
@given(
    seed=st.integers(0, 2**32 - 1),
    built=st.sampled_from([("small", False), ("small", True), ("u250", True)]),
    m=SIZES,
    k=SIZES,
    layers=st.lists(LAYER, min_size=1, max_size=4),
)
def test_chains_of_layers(image_of, seed, built, m, k, layers):
    """The same bytes as native: on the smallest engine, and with packed weights."""
    board, packed = built
    image = image_of("fcn", "short", board)
    results = []
    for target in ("native", "csim"):
        generator = np.random.default_rng(seed)
        with xfblas.open(image, target=target) as device:
            assert device.target == target
            unit = device.compute_units[0]
            expected = generator.integers(-32768, 32768, (m, k)).astype(np.int16)
            current, kept = unit.send(expected), []
            for n, post, prelu, rounds, saturates, kind in layers:
                weights = generator.integers(-32768, 32768, (expected.shape[1], n)).astype("i2")
                shape = (m, n) if kind == "matrix" else (1, n)
                addend = generator.integers(-(2**31), 2**31, shape).astype(np.int32)
                b, c = unit.send(weights, packed=packed), unit.empty((m, n))
                x = None if kind == "none" else unit.send(addend)
                unit.fcn(current, b, c, x, *post, *prelu, round=rounds, saturate=saturates)
                expected = oracle.fcn(
                    expected, weights, None if x is None else addend, post, prelu, rounds, saturates
                )
                kept += [current, b, x]
                current = c
            found = current.read()
            np.testing.assert_array_equal(found, expected)
            results.append(found.tobytes())
    assert results[0] == results[1]


def test_stamps_of_both_are_close(image_of):
    """csim counts the cycles of its processes, native evaluates the formula: within 5 %."""
    image = image_of("fcn", "short", "u250")
    cycles = []
    for target in ("native", "csim"):
        with xfblas.open(image, target=target) as device:
            unit = device.compute_units[0]
            operands = unit.empty((256, 256)), unit.empty((256, 256)), unit.empty((256, 256))
            unit.fcn(*operands)
            unit.execute()
            start, end = (int(stamp) for stamp in unit.stamps(1)[0])
            cycles.append(end - start)
    assert cycles[0] == pytest.approx(cycles[1], rel=0.05)


def test_an_image_without_kernels_says_so():
    with pytest.raises(errors.ImageError, match=r"carries no kernel library.*make xclbin"):
        xfblas.open(xfblas.image_path("default_short"), target="csim")


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_opens_without_an_image(generator, dtype):
    """The kernel of the engine that was asked for is compiled when it is missing."""
    a, b = generator.integers(-9, 9, (5, 7)), generator.integers(-9, 9, (7, 3))
    with xfblas.open(target="csim", engine="Gemm", dtype=dtype) as device:
        found = xfblas.matmul(a.astype(dtype), b.astype(dtype), device=device)
    np.testing.assert_array_equal(found, a @ b)


def test_an_image_with_another_kernel_says_so(image_of, tmp_path):
    library = next((image_of("gemm", "short", "small").parents[1]).glob("small-gemm-short/*.so"))

    wrong = replace(specification("default_short"), library=library.read_bytes())
    path = build_image(wrong, tmp_path / "wrong.xclbin")
    with pytest.raises(errors.ImageError, match="has no xfblas_run_fcnKernel"):
        xfblas.open(path, target="csim")


def test_packed_weights_are_fewer_cycles_and_cannot_be_read(image_of, generator):
    # Few rows, so that reading B takes longer than multiplying.
    rows = generator.integers(-9, 9, (32, 512)).astype(np.int16)
    weights = generator.integers(-9, 9, (512, 512)).astype(np.int16)
    cycles = []
    with xfblas.open(image_of("fcn", "short", "u250"), target="csim") as device:
        unit = device.compute_units[0]
        a, c = unit.send(rows), unit.empty((32, 512))
        for packed in (False, True):
            b = unit.send(weights, packed=packed)
            unit.clear()
            unit.fcn(a, b, c)
            unit.execute()
            start, end = (int(stamp) for stamp in unit.stamps(1)[0])
            cycles.append(end - start)
            np.testing.assert_array_equal(c.read(), oracle.fcn(rows, weights))
        with pytest.raises(errors.NotSupportedError, match="packed"):
            b.read()
        with pytest.raises(errors.InvalidValueError, match="expected that of B alone"):
            unit.fcn(b, unit.empty((512, 512)), unit.empty((512, 512)))
    assert cycles[1] < 0.8 * cycles[0]


@pytest.mark.parametrize("blocks", [(4, 1, 1), (1, 3, 1), (1, 1, 5), (2, 3, 1)])
def test_packed_weights_where_the_image_pads_each_size_otherwise(
    image_of, generator, tmp_path, blocks
):
    """The packed layout depends on k and n, so it must be that of the padded product."""
    image = image_of("fcn", "short", "u250")
    container = read(image)
    library = container.section(SectionKind.BITSTREAM).data
    configuration = Configuration.from_options(parse_options(container.configuration_text))
    m, k, n = blocks
    changed = replace(configuration, m_blocks=m, k_blocks=k, n_blocks=n)
    wanted = ImageSpecification(changed, container.platform, memory_banks(1), library=library)
    path = build_image(wanted, tmp_path / "padded.xclbin")
    rows = generator.integers(-99, 99, (5, 300)).astype(np.int16)
    weights = generator.integers(-99, 99, (300, 200)).astype(np.int16)
    for target in ("csim", "native"):
        with xfblas.open(path, target=target) as device:
            unit = device.compute_units[0]
            operands = unit.send(rows), unit.send(weights, packed=True), unit.empty((5, 200))
            unit.fcn(*operands)
            np.testing.assert_array_equal(operands[2].read(), oracle.fcn(rows, weights))


def test_keys_that_the_kernels_honour_and_those_that_they_do_not(image_of, tmp_path, generator):
    """One row of X and short launches run; an X of elements is what the kernels do not add."""
    library = read(image_of("fcn", "short", "small")).section(SectionKind.BITSTREAM).data
    preset = specification("default_short")

    def build(**changes):
        configuration = replace(
            preset.configuration,
            kernel_count=1,
            engines=frozenset({"Fcn"}),
            machine=None,
            **changes,
        )
        return build_image(
            replace(preset, configuration=configuration, library=library), tmp_path / "image.xclbin"
        )

    a, b = (generator.integers(-999, 999, (7, 7)).astype(np.int16) for _ in range(2))
    x = generator.integers(-999, 999, (1, 7)).astype(np.int32)
    with xfblas.open(build(xvec=True, instructions_per_launch=3), target="csim") as device:
        unit = device.compute_units[0]
        places = [unit.send(a), *(unit.empty((7, 7)) for _ in range(5))]
        weights, addend, expected = unit.send(b), unit.send(x), a
        for before, after in pairwise(places):
            unit.fcn(before, weights, after, addend, 1, 9)
            expected = oracle.fcn(expected, b, x[0], (1, 9))
        np.testing.assert_array_equal(places[-1].read(), expected)
    with pytest.raises(errors.NotSupportedError, match="XdataType=short, but its fcnKernel"):
        xfblas.open(build(x_data_type="short"), target="csim")
    with xfblas.open(build(x_data_type="short"), target="native") as device:
        assert device.addend_dtype == np.int16
