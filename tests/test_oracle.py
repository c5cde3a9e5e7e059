"""The oracle itself, by numbers worked out by hand."""

import numpy as np
import oracle
import pytest

# A dot product of 2**15 * 2**15 * 2 + 5, which is more than 32 bits hold.
A = np.array([[-32768, -32768, 5]], np.int16)
B = np.array([[-32768], [-32768], [1]], np.int16)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 5),
        ({"saturate": True}, 32767),
        ({"post": (1, 16)}, -32768),
        ({"post": (1, 17)}, 16384),
        ({"post": (3, 17)}, -16384),  # 49152 wraps
        (
            {"post": (65535, 47)},
            0,
        ),  # just below 2**47
        ({"post": (1, 1)}, 2),
        ({"post": (1, 1), "round": True}, 3),
        ({"post": (1, 16), "prelu": (0, 0)}, 0),
        ({"post": (1, 16), "prelu": (3, 1)}, 16384),  # -32768 * 3 >> 1 is -49152, which wraps
        ({"x": np.array([[-7]], np.int32)}, -2),
        ({"post": (1, 255), "round": True}, 0),
    ],
)
def test_one_element(fields, expected):
    assert oracle.fcn(A, B, **fields).tolist() == [[expected]]


def test_bytes_have_sums_of_32_bits():
    a, b = np.full((1, 2), -128, np.int8), np.full((2, 1), -128, np.int8)
    x = np.array([2**31 - 1], np.int32)
    # 32768 more than the largest int32 is 32767 above the smallest.
    assert oracle.fcn(a, b, x, post=(1, 24), saturate=True).tolist() == [[-128]]
    assert oracle.gemm(a, b, np.array([[3]], np.int8)).tolist() == [[3]]


def test_vectors_wrap():
    a, x, y = np.full((1, 1), 300, np.int16), np.array([300], np.int16), np.array([-1], np.int16)
    assert oracle.gemv(a, x, y).tolist() == [90000 - 1 - 65536]


def test_softmax_by_hand():
    """Tables of four entries: exp of 0 to 3, inv of sums of 0, 8, 16 and 24 eighths."""
    fields = {"offset": 0, "scale_shift": 1, "norm_bits": 2, "accum_shift": 0, "accum_bits": 6}
    fields |= {"inv_shift": 3, "inv_bits": 2, "result_shift": 2}
    tables = [8, 4, 2, 1], [99, 15, 8, 5], [2, 2, 1]
    # Logits 3, 1 and half of 5, up: u of 0, 2 and 0; the sum 18 is 2.25, whose entry is the third.
    found = oracle.softmax_row([3, 1, 5], "stable", *tables, fields, 16)
    assert found == [16, 4, 16]
    assert oracle.softmax_row([3, 1, 5], "argmax", *tables, fields, 16) == [4, 0, 0]
    # u of 1 clamped to 3, and so on: x + 2 of at most 3.
    assert oracle.softmax_row([-1, 0, 5], "latency", *tables, fields, 16) == [15, 8, 4]
