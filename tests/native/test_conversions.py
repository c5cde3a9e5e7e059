"""Floats into digits and elements into floats, by each instruction set's own code."""

import ctypes

import numpy as np
import pytest
from guards import guarded_matrix

from xfblas.quantization.input_coding import InputCoding

COUNTS = (*range(1, 36), 63, 64, 65, 100, 128, 144, 784)


def placed(values):
    """A row that ends at a page nobody may read, or None."""
    return None if values is None else guarded_matrix(np.reshape(values, (1, -1)))[0]


def address(values):
    return None if values is None else ctypes.c_void_p(values.ctypes.data)


def encoded(library, isa, row, scales, offsets, limit, base, with_low=True):
    """(high, low) digits of a row; what encoding says of it is checked for both."""
    digits, is_worth_a_look = encoded_and_looked_at(
        library, isa, row, scales, offsets, limit, base, with_low
    )
    sizes = np.abs((row.astype(np.float64) - (0 if offsets is None else offsets)) * scales)
    if not is_worth_a_look:
        assert (sizes <= limit + 0.5).all()
    else:
        assert not (sizes < limit).all()
    return digits


def encoded_and_looked_at(library, isa, row, scales, offsets, limit, base, with_low=True):
    """The digits, and whether a value may be out of range or not finite."""
    given = [placed(values) for values in (row, scales, offsets)]
    digits = [placed(np.full(len(row), 77, np.int16)) for _ in range(2 if with_low else 1)]
    is_worth_a_look = library.encode_row(
        isa, address(given[0]), ctypes.c_int64(len(row)), *map(address, given[1:]),
        ctypes.c_double(limit), ctypes.c_double(base), *map(address, digits),
        *([] if with_low else [None]),
    )  # fmt: skip
    return tuple(digits), is_worth_a_look


def expected_digits(row, scales, offsets, limit, base):
    columns = np.arange(2 * len(row))
    coding = InputCoding(scales, offsets, limit, base, columns)
    return np.split(coding.encode(row[None])[0], 2)


@pytest.mark.parametrize("has_offsets", [False, True])
def test_digits_are_those_of_numpy(library, instruction_sets, generator, has_offsets):
    for count in COUNTS:
        for limit, base in ((1, 2), (127, 16), (32767, 64), (4095, 65534)):
            row = generator.normal(0, 1.5, count).astype(np.float32)
            row[generator.random(count) < 0.2] = 0
            row[generator.random(count) < 0.1] *= 1e30
            scales = generator.uniform(-limit, limit, count)
            offsets = generator.normal(0, 1, count) if has_offsets else None
            expected = expected_digits(row, scales, offsets, limit, base)
            for isa in instruction_sets:
                found = encoded(library, isa, row, scales, offsets, limit, base)
                np.testing.assert_array_equal(found, expected, f"{isa}, {count}, {limit}")
                (high,) = encoded(library, isa, row, scales, offsets, limit, base, False)
                np.testing.assert_array_equal(high, expected[0])


@pytest.mark.parametrize("ratio", [1e3, 1e6, 1e9])
def test_offsets_far_larger_than_what_is_left(library, instruction_sets, generator, ratio):
    """Dates, times and pressures: the offset is taken away in double, before the scale."""
    for count in COUNTS:
        deviation = 10.0 ** generator.uniform(-6, 6, count)
        offsets = ratio * deviation * generator.choice([-1, 1], count)
        offsets[::5] = offsets[::5].astype(np.float32)
        row = (offsets + generator.normal(0, 1, count) * deviation).astype(np.float32)
        row[::7] = -row[::7]
        for limit, base in ((127, 16), (32767, 64)):
            scales = limit / 4 / deviation
            expected = expected_digits(row, scales, offsets, limit, base)
            for isa in instruction_sets:
                found = encoded(library, isa, row, scales, offsets, limit, base)
                np.testing.assert_array_equal(found, expected, f"{isa}, {count}, {limit}")
                (high,) = encoded(library, isa, row, scales, offsets, limit, base, False)
                np.testing.assert_array_equal(high, expected[0])


def test_halves_go_to_even_digits(library, instruction_sets):
    """Of high and low digits; products that are exact."""
    row = np.arange(-40, 41, dtype=np.float32) / 4
    scales = np.full(len(row), 2.0)
    expected = expected_digits(row, scales, None, 127, 2)
    assert (np.abs(row * 2) % 1 == 0.5).any()
    for isa in instruction_sets:
        np.testing.assert_array_equal(encoded(library, isa, row, scales, None, 127, 2), expected)


def test_products_are_rounded_before_their_whole_part_is_taken_off(
    library, instruction_sets, generator
):
    """Low digits whose place between two integers the rounding of a product decides."""
    row = generator.uniform(1, 2, 4000).astype(np.float32)
    wanted = 1000 + (generator.integers(-31, 31, row.size) + 0.5) / 64
    scales = wanted / row
    is_tie = row * scales == wanted
    expected = expected_digits(row, scales, None, 32767, 64)
    # In more than float64 many products are no ties.
    exact = (row.astype(np.longdouble) * scales - 1000) * 64
    assert (np.rint(exact)[is_tie] != expected[1][is_tie]).sum() > 100
    for isa in instruction_sets:
        found = encoded(library, isa, row, scales, None, 32767, 64)
        np.testing.assert_array_equal(found, expected, str(isa))


@pytest.mark.parametrize("has_offsets", [False, True])
def test_values_near_the_middle_between_two_integers(
    library, instruction_sets, generator, has_offsets
):
    """Where single precision would round to the wrong side."""
    for limit in (127, 4095, 32767):
        row = generator.uniform(1, 2, 20_000).astype(np.float32)
        row[::2] *= -1
        middle = generator.integers(-limit - 3, limit + 3, row.size) + 0.5
        nudge = generator.integers(-3, 4, row.size) * np.float64(2) ** -generator.integers(
            22, 45, row.size
        )
        offsets = generator.uniform(2.5, 5, row.size) if has_offsets else None
        scales = middle * (1 + nudge) / (row - offsets if has_offsets else row)
        (expected, _) = expected_digits(row, scales, offsets, limit, 2)
        single = row * scales.astype(np.float32)
        if has_offsets:
            single -= (offsets * scales).astype(np.float32)
        single = np.rint(single.astype(np.float64))
        assert (np.clip(single, -limit, limit) != expected).sum() > 500
        for isa in instruction_sets:
            (high,) = encoded(library, isa, row, scales, offsets, limit, 0, False)
            np.testing.assert_array_equal(high, expected, f"{isa}, {limit}")
            # One in each group of vectors, which alone must cast the doubt.
            alone = np.where(np.arange(row.size) % 64 == 5, row, np.float32(0.25))
            (expected_alone, _) = expected_digits(alone, scales, offsets, limit, 2)
            (high,) = encoded(library, isa, alone, scales, offsets, limit, 0, False)
            np.testing.assert_array_equal(high, expected_alone)


@pytest.mark.parametrize("scale", [0, 1e-3, 1, 1e3])
def test_values_that_are_not_finite_are_worth_a_look(library, instruction_sets, scale):
    for count in COUNTS:
        scales = np.full(count, float(scale))
        for place in {0, count // 2, count - 1}:
            for value in (0, np.nan, np.inf, -np.inf):
                row = np.zeros(count, np.float32)
                row[place] = value
                for isa in instruction_sets:
                    for with_low in (True, False):
                        _, is_worth_a_look = encoded_and_looked_at(
                            library, isa, row, scales, None, 127, 16, with_low
                        )
                        assert is_worth_a_look == (value != 0)


@pytest.mark.parametrize("limit", [1, 100.5, 127, 32767])
def test_values_out_of_range_are_worth_a_look_and_the_limit_is_not(
    library, instruction_sets, limit
):
    for count in COUNTS:
        for place in {0, count // 2, count - 1}:
            for value, expected in ((limit, False), (limit + 0.625, True)):
                for sign in (-1, 1):
                    row = np.zeros(count, np.float32)
                    row[place] = sign * value
                    for isa in instruction_sets:
                        _, is_worth_a_look = encoded_and_looked_at(
                            library, isa, row, np.ones(count), None, limit, 0, False
                        )
                        assert is_worth_a_look == expected


def decoded(library, isa, elements, scales, windows, offset, slope, softmax):
    out = guarded_matrix(np.zeros((len(elements), len(scales)), np.float32))
    given = guarded_matrix(elements), placed(scales)
    library.decode_rows(
        isa, address(given[0]), *map(ctypes.c_int64, (len(elements), len(scales))),
        address(given[1]), *map(ctypes.c_int64, (windows, offset)), ctypes.c_float(slope),
        softmax, address(out),
    )  # fmt: skip
    return out


@pytest.mark.parametrize("windows", [1, 3])
def test_rows_together_are_rows_alone(library, instruction_sets, generator, windows):
    """Joined, divided, with a slope and softmax, to the bit."""
    for columns in (1, 2, 3, 10, 15, 16, 17, 33, 46):
        for rows in (1, 2, 3, 4, 5, 15, 16, 17, 40):
            elements = generator.integers(-32768, 32768, (rows, windows * columns))
            elements = elements.astype(np.int16)
            scales = generator.uniform(500, 9000, columns).astype(np.float32)
            slope, offset = generator.choice([1, 0.25]), int(generator.integers(-9, 10))
            sums = elements.reshape(rows, windows, columns).astype(np.int64).sum(1) + offset
            expected = sums.astype(np.float32) / scales
            if slope != 1:
                expected = np.where(expected < 0, expected * np.float32(slope), expected)
            for isa in instruction_sets:
                coding = (scales, windows, offset, slope)
                found = decoded(library, isa, elements, *coding, 0)
                np.testing.assert_array_equal(found, expected)
                found = decoded(library, isa, elements, *coding, 1)
                powers = np.exp(expected.astype(float) - expected.max(axis=1, keepdims=True))
                np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), 8e-6,
                                           1e-37)  # fmt: skip
                alone = [decoded(library, isa, row[None], *coding, 1)[0] for row in elements]
                np.testing.assert_array_equal(found, alone)
