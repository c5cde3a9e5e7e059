"""What goes wrong on a card: told in words, and what can go on goes on."""

import pytest

RUN = """
import os
def run(unit):
    a, c = unit.send(np.full((2, 2), 3, np.int16)), unit.empty((2, 2))
    unit.fcn(a, a, c)
    try:
        return c.read().tolist()
    finally:
        unit.clear()
"""


def test_card_in_use_by_another_process(machine):
    script = """
import os
for _ in range(2):
    try:
        xfblas.open(image).close()
        print("opened")
    except xfblas.errors.ExecutionError as error:
        print(error)
    os.environ["FAKE_LOAD_ERROR"] = "0"
"""
    output, calls = machine.run(script, FAKE_LOAD_ERROR="16")
    busy, opened = output.splitlines()
    assert f"XRT cannot load {machine.image} on device 0: Device or resource busy" in busy
    assert "another program uses the card with another image" in busy
    assert opened == "opened"
    assert calls.count("open 0") == calls.count("close") == 2


@pytest.mark.parametrize(
    ("state", "name"), [(5, "ERROR"), (6, "ABORT"), (8, "TIMEOUT"), (11, "SKCRASHED")]
)
def test_run_that_fails(machine, state, name):
    """Nothing is read back, and the next run is none the worse."""
    script = (
        RUN
        + f"""
with xfblas.open(image) as device:
    unit = device.compute_units[0]
    os.environ["FAKE_STATE"] = "{state}"
    try:
        run(unit)
    except xfblas.errors.ExecutionError as error:
        print(error)
    del os.environ["FAKE_STATE"]
    print(run(unit))
"""
    )
    output, _ = machine.run(script)
    failure, result = output.splitlines()
    assert failure.startswith(f"compute unit fcnKernel_1 ended in state {name}")
    assert result == "[[18, 18], [18, 18]]"


def test_run_that_does_not_end(machine):
    """Its unit is lost, and so is the card for this process; the other unit goes on."""
    script = (
        RUN
        + """
with xfblas.open(image) as device:
    first, second = device.compute_units
    os.environ["FAKE_STATE"] = "3"
    for _ in range(2):
        try:
            run(first)
        except xfblas.errors.ExecutionError as error:
            print(error)
    del os.environ["FAKE_STATE"]
    print(run(second))
try:
    xfblas.open(image)
except xfblas.errors.ExecutionError as error:
    print(error)
print("end")
"""
    )
    output, calls = machine.run(script, XFBLAS_TIMEOUT_MS="50")
    limit, lost, other, again, end = output.splitlines()
    assert "fcnKernel_1 gave no result within its time limit of 50 ms and is in state" in limit
    assert "fcnKernel_1 cannot be used any more" in lost
    assert other == "[[18, 18], [18, 18]]"
    assert again.startswith("device 0 cannot be used in this process any more")
    assert end == "end"
    assert "close" not in calls  # XRT would wait for the run


def test_copy_that_fails(machine):
    script = (
        RUN
        + """
with xfblas.open(image) as device:
    unit = device.compute_units[0]
    kept = unit.send(np.full((2, 2), 3, np.int16))
    os.environ["FAKE_COPY_ERROR"] = "5"
    for call in (lambda: run(unit), kept.read):
        try:
            call()
        except xfblas.errors.ExecutionError as error:
            print(error)
    os.environ["FAKE_COPY_ERROR"] = "0"
    print(kept.read().tolist(), run(unit))
"""
    )
    output, _ = machine.run(script)
    send, fetch, result = output.splitlines()
    assert send == "XRT cannot copy to the device: Input/output error"
    assert fetch == "XRT cannot copy from the device: Input/output error"
    assert result == "[[3, 3], [3, 3]] [[18, 18], [18, 18]]"


def test_card_is_closed_for_others_when_nobody_uses_it(machine):
    script = """
with xfblas.open(image), xfblas.open(image):
    pass
say("both closed")
kept = xfblas.open(image)
"""
    _, calls = machine.run(script)
    assert calls[calls.index("both closed") - 1] == "close"
    # What the program forgot is closed at its end.
    assert calls[-1] == "close" and calls.count("close") == calls.count("open 0") == 2
