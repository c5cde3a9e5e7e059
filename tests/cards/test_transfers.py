"""Only what changed is sent, and matrices as a whole: counted in calls of the runtime."""

import re

import pytest


def transfers(calls):
    """Of each copy: its direction, bytes and offset."""
    words = [call.split() for call in calls]
    return [(word[0], int(word[1]), int(word[2])) for word in words if word[0] in ("send", "fetch")]


def after(calls, mark):
    return calls[calls.index(mark) + 1 :]


def test_padded_matrix_is_one_copy(machine):
    """100 rows, each of which has padding behind it on the device."""
    script = """
a = np.random.default_rng(0).integers(-99, 99, (100, 70)).astype(np.int16)
with xfblas.open(padded) as device:
    matrix = device.compute_units[0].empty((100, 70))
    matrix.read()  # from here on it is not blank
    say("write"); matrix.write(a)
    say("read"); found = matrix.read()
np.testing.assert_array_equal(found, a)
"""
    _, calls = machine.run(script)
    whole = 99 * 128 * 2 + 70 * 2
    write = after(calls, "write")
    assert transfers(write[: write.index("read")]) == [("send", whole, 8192)]
    assert transfers(after(calls, "read")) == [("fetch", whole, 8192)]


def test_a_part_leaves_the_rest_as_the_kernel_wrote_it(machine):
    """What lies beside a part is data, which the mirror in host memory does not have."""
    script = """
ones = np.ones((5, 6), np.int16)
with xfblas.open(padded) as device:
    unit = device.compute_units[0]
    operands = unit.send(ones), unit.send(np.ones((6, 6), np.int16)), unit.empty((5, 6))
    unit.fcn(*operands)
    unit.execute()
    say("write"); operands[2].write(np.full((3, 2), 7, np.int16))
    say("read"); found = operands[2].read()
expected = np.full((5, 6), 6)
expected[:3, :2] = 7
np.testing.assert_array_equal(found, expected)
"""
    _, calls = machine.run(script)
    write = after(calls, "write")
    assert len(transfers(write[: write.index("read")])) == 2


def test_rows_far_apart_are_copied_alone(machine):
    script = """
a = np.arange(80, dtype=np.int16).reshape(8, 10)
with xfblas.open(image) as device:
    matrix = device.compute_units[0].empty((8, 100_000))
    matrix.read()
    say("write"); matrix.write(a)
    say("end"); found = matrix.read()
np.testing.assert_array_equal(found[:, :10], a)
assert not found[:, 10:].any()
"""
    _, calls = machine.run(script)
    write = after(calls, "write")
    assert [bytes for _, bytes, _ in transfers(write[: write.index("end")])] == [20] * 8


def test_padding_is_zero_after_a_write(machine):
    """The sigmoid of the padding is not zero, and a read has brought it into the mirror."""
    script = """
from xfblas.device.binding import lib, pointer
with xfblas.open(padded) as device:
    unit = device.compute_units[0]
    operands = unit.empty((3, 4)), unit.empty((4, 5)), unit.empty((3, 5))
    unit.fcn(*operands, activation="sigmoid", fraction_bits=(8, 8))
    assert (operands[2].read() == 128).all()
    operands[2].write(np.full((3, 5), 7, np.int16))
    found = np.empty((3, 128), np.int16)
    unit.call(lib.xfblasGetByAddress, pointer(found), 2 * (2 * 128 + 5), operands[2].page)
assert (found[:, :5] == 7).all()
assert not found[:2, 5:].any()
"""
    machine.run(script)


NETWORK = """
from xfblas.graph import Layer, Network
generator = np.random.default_rng(0)
widths = (40, 30, 20)
layers = tuple(
    Layer(f"d{i}", generator.standard_normal((k, n)).astype("f4"), np.ones(n, "f4"), "relu", 0.0)
    for i, (k, n) in enumerate(zip(widths, widths[1:]))
)
network = Network("n", layers, "linear", (40,))
x = generator.standard_normal((64, 40)).astype("f4")
with xfblas.open(IMAGE) as device:
    runtime = xfblas.KerasRT(network, calibration=x, compute_unit=UNIT)
    print("inputs", runtime.network.input_units)
    say("first"); first = runtime.predict(x)
    say("second"); second = runtime.predict(x)
    say("other rows"); third = runtime.predict(x[:32])
    say("end")
np.testing.assert_array_equal(first, second)
np.testing.assert_array_equal(first[:32], third)
with xfblas.open(IMAGE, target="native") as device:
    runtime = xfblas.KerasRT(network, calibration=x, compute_unit=UNIT)
    np.testing.assert_array_equal(first, runtime.predict(x))
"""


def bytes_of_row(output):
    """Of the int16 inputs that the script told of; quantization may give a feature two of them."""
    return 2 * int(re.search(r"inputs (\d+)", output).group(1))


@pytest.mark.parametrize(
    ("image", "padding", "other_kinds"),
    [
        # Another number of rows is in the instructions, so they are sent again.
        ("image", 1, ["send", "send", "fetch", "fetch"]),
        # Padded it is the same number.
        ("padded", 128, ["send", "fetch", "fetch"]),
    ],
)
def test_a_prediction_sends_its_rows_and_nothing_else(machine, image, padding, other_kinds):
    script = NETWORK.replace("IMAGE", image).replace("UNIT", "device.compute_units[0]")
    output, calls = machine.run(script)
    row = bytes_of_row(output)
    step = -(-row // (2 * padding)) * 2 * padding
    second = after(calls, "second")
    sent, results, result = transfers(second[: second.index("other rows")])
    assert sent[:2] == ("send", 63 * step + row)
    assert results == ("fetch", 3 * 64, 4096)
    assert result[0] == "fetch" and result[1] <= 64 * 256
    other = after(calls, "other rows")
    kinds = [kind for kind, _, _ in transfers(other[: other.index("end")])]
    assert kinds == other_kinds


def test_a_prediction_over_all_units_sends_each_row_once(machine):
    """Fewer than 256 rows would stay on one; a unit that comes late may get its memory here."""
    script = NETWORK.replace("IMAGE", "image").replace("UNIT", "device").replace("(64,", "(512,")
    output, calls = machine.run(script)
    second = after(calls, "second")
    sent = [t for t in transfers(second[: second.index("other rows")]) if t[0] == "send"]
    assert sum(bytes == 256 * bytes_of_row(output) for _, bytes, _ in sent) == 2


@pytest.mark.parametrize(
    ("image", "packed", "sent_bytes"),
    [
        ("image", True, 2 * 250 * 256),
        ("image", False, 2 * 250 * 250),
        ("padded", True, 2 * 256 * 256),
        ("padded", False, 2 * 256 * 256),
    ],
)
def test_weights_are_sent_once(machine, image, packed, sent_bytes):
    """With their padding, in memory that held something else before."""
    script = f"""
with xfblas.open({image}) as device:
    unit = device.compute_units[0]
    say("weights"); weights = unit.send(np.ones((250, 250), np.int16), packed={packed})
    say("end")
    a, c = unit.send(np.ones((4, 250), np.int16)), unit.empty((4, 250))
    unit.fcn(a, weights, c)
    assert (c.read() == 250).all()
"""
    _, calls = machine.run(script)
    sent = after(calls, "weights")
    assert [bytes for _, bytes, _ in transfers(sent[: sent.index("end")])] == [sent_bytes]


def test_what_was_never_written_is_zero(machine):
    """Read, used as an operand, or written in part: the card's memory holds something else."""
    script = """
ones = np.ones((3, 3), np.int16)
with xfblas.open(padded) as device:
    unit = device.compute_units[0]
    assert not unit.empty((3, 4)).read().any()
    blank, a, c = unit.empty((3, 3)), unit.send(ones), unit.empty((3, 3))
    unit.fcn(blank, a, c)
    assert not c.read().any()
    part = unit.empty((3, 3))
    part.write(ones[:2, :2])
    unit.clear()
    unit.fcn(part, a, c)
    assert c.read().tolist() == [[2, 2, 2], [2, 2, 2], [0, 0, 0]]
    late = unit.empty((3, 3))
    unit.clear()
    unit.fcn(a, late, c)
    device.execute_async(1)
    assert not c.read().any()
"""
    machine.run(script)


def test_instructions_are_sent_again_after_a_failure(machine):
    """What a run that failed left in memory is not known."""
    script = """
import os
with xfblas.open(image) as device:
    unit = device.compute_units[0]
    ones = unit.send(np.ones((4, 4), np.int16))
    c = unit.empty((4, 4))
    unit.fcn(ones, ones, c)
    unit.execute()
    say("again"); unit.execute()
    os.environ["FAKE_STATE"] = "5"
    try:
        unit.execute()
    except xfblas.errors.ExecutionError as error:
        print(error)
    del os.environ["FAKE_STATE"]
    say("after"); unit.execute()
    say("end")
    assert (c.read() == 4).all()
"""
    output, calls = machine.run(script)
    assert "compute unit fcnKernel_1 ended in state ERROR" in output
    again, later = after(calls, "again"), after(calls, "after")
    assert [kind for kind, _, _ in transfers(again[: again.index("run")])] == []
    assert len(transfers(later[: later.index("run")])) == 2
