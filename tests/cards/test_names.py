"""A card by its index or by its address on the PCI bus (BDF), and never opened twice."""

import pytest

import xfblas
from xfblas import errors

OPEN = """
try:
    with xfblas.open(image, device={device!r}) as device:
        print(device.index, device.bdf)
except xfblas.XfblasError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("name", ["0000:65:00.1", "65:00.1"])
def test_by_bdf(machine, name):
    output, calls = machine.run(OPEN.format(device=name))
    assert output == "None 0000:65:00.1\n"
    assert calls[0] == "open 0000:65:00.1" and calls[-1] == "close"


def test_upper_case(machine):
    output, _ = machine.run(OPEN.format(device="0000:3B:00.1"))
    assert output == "None 0000:3b:00.1\n"


def test_by_index(machine):
    """XRT counts cards in an order of its own, and the device tells which one that is."""
    for index, bdf in ((0, "0000:65:00.1"), (1, "0000:3b:00.1")):
        output, calls = machine.run(OPEN.format(device=index))
        assert output == f"{index} {bdf}\n"
        assert calls[0] == f"open {index}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("0000:66:00.1", "no card 0000:66:00.1: those that are there are 0000:3b:00.1, 0000:65"),
        ("0000:3b:00.0", "no card 0000:3b:00.0: those that are there are 0000:3b:00.1, 0000:65"),
        ("0000:65", "bdf is '0000:65', expected domain:bus:device.function of a card, such as"),
        ("0", "bdf is '0', expected domain:bus"),
        ("", "bdf is '', expected domain:bus"),
        ("0000:65:00.8", "bdf is '0000:65:00.8', expected"),
        ("0000:65:20.1", "bdf is '0000:65:20.1', expected"),
        ("0000:65:00.1 ", "bdf is '0000:65:00.1 ', expected"),
        ("0000:65:00.1\0", r"device is '0000:65:00.1\x00', expected an index or a BDF"),
    ],
)
def test_no_such_card(machine, name, words):
    output, calls = machine.run(OPEN.format(device=name))
    assert output.startswith("InvalidValueError ") and words in output
    assert calls == []


def test_no_card_at_all(machine, tmp_path):
    output, _ = machine.run(OPEN.format(device="0000:65:00.1"), XFBLAS_PCI_DEVICES=str(tmp_path))
    assert "there is no card 0000:65:00.1: no card here has XRT's driver xocl" in output


def test_index_that_is_not_there(machine):
    output, _ = machine.run(OPEN.format(device=2))
    assert "ExecutionError XRT cannot open device 2: No such device" in output


@pytest.mark.parametrize("target", ["native", "csim"])
def test_targets_without_cards(machine, target):
    with pytest.raises(errors.NotSupportedError, match=r"bdf is '0000:65:00.1', but programs run"):
        xfblas.open(machine.image, device="0000:65:00.1", target=target)


@pytest.mark.parametrize(
    ("first", "second"),
    [(0, "0000:65:00.1"), ("0000:65:00.1", 0), ("65:00.1", "0000:65:00.1"), (0, 0)],
)
def test_both_names_share_a_device(machine, first, second):
    script = f"""
a = np.arange(6, dtype=np.int16).reshape(2, 3)
with xfblas.open(image, device={first!r}) as one:
    with xfblas.open(image, device={second!r}) as two:
        assert one.bdf == two.bdf
        kept = [device.compute_units[0].send(a + n) for n, device in enumerate((one, two))]
        for n in (0, 1):
            np.testing.assert_array_equal(kept[n].read(), a + n)
    np.testing.assert_array_equal(kept[0].read(), a)
    try:
        xfblas.open(padded, device={second!r})
    except xfblas.errors.InvalidValueError as error:
        print(error)
with xfblas.open(padded, device={second!r}):
    pass
"""
    output, calls = machine.run(script)
    assert "is in use with" in output and output.count("uuid") == 2
    assert calls.count("load") == 2
    # An index that was not used before is opened to see which card it is.
    tries = 1 if (first, second) == ("0000:65:00.1", 0) else 0
    assert sum(call.startswith("open") for call in calls) == calls.count("close") == 2 + tries


def test_other_cards_are_others(machine):
    script = """
with xfblas.open(image, device=1) as one, xfblas.open(padded, device="0000:65:00.1") as two:
    print(one.bdf, two.bdf)
"""
    output, calls = machine.run(script)
    assert output == "0000:3b:00.1 0000:65:00.1\n"
    assert calls.count("load") == 2


def test_l3_functions(machine):
    script = """
from types import SimpleNamespace
import xfblas_L3 as l3
arguments = SimpleNamespace(xclbin=image, cfg=None, lib=None)
options = l3.parse_cfg(image)
a = np.arange(4, dtype=np.int16).reshape(2, 2)
for name, others in (("0000:65:00.1", ["65:00.1"]), (0, ["0000:65:00.1"])):
    l3.createFcn(arguments, options, 1, name)
    for again in (0, "65:00.1"):
        try:
            l3.createFcn(arguments, options, 1, again)
        except xfblas.errors.InvalidValueError as error:
            print(error)
    for other in (name, *others):
        l3.sendMat(a, 0, other)
        l3.getMat(a, 0, other)
    l3.destroy(1, others[0])
    try:
        l3.sendMat(a, 0, name)
    except xfblas.errors.NotInitializedError as error:
        print(error)
"""
    output, calls = machine.run(script)
    assert output.count("is in use by the Fcn engine already") == 4
    assert output.count("was not created, or was destroyed") == 2
    assert calls.count("load") == 2
