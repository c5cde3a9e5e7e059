"""Several cards, several users of one, and what is left when they are closed."""

import pytest

from . import kernels


@pytest.fixture(scope="session")
def other_image(folder, moody_library):
    return kernels.write_image(folder / "other.xclbin", moody_library, clock_mhz=250.0)


def test_two_cards_and_two_images(emulate, moody_image, other_image):
    output = emulate("devices.py", moody_image, other_image, options=["--devices", "2"])
    first, second, last = output.splitlines()
    for line in (first, second):
        assert "is in use with" in line and line.count("uuid") == 2
        assert str(moody_image) in line and str(other_image) in line
    assert last == "done"


def test_card_that_is_not_there(emulate, moody_image):
    output = emulate("absent.py", moody_image)
    index, bdf = output.splitlines()
    assert index.startswith("InvalidValueError: device index is 3, expected less than 1")
    assert bdf.startswith("NotSupportedError: bdf is '0000:65:00.1', but emulated cards have none")


@pytest.mark.parametrize("times", [50, pytest.param(1000, marks=pytest.mark.hw)])
def test_nothing_grows(emulate, moody_image, times):
    emulate("reopen.py", moody_image, times, environment={"XFBLAS_XRT_ARENA_MB": "4"})


@pytest.mark.parametrize("runs", [0, 1])
def test_exit_with_an_open_device(start, moody_image, runs):
    """Its kernels are closed before XRT frees what closing them needs: freed memory is spoilt."""
    host = start("ended.py", moody_image, runs, environment={"MALLOC_PERTURB_": "165"})
    assert host.wait() == 5, host.errors
    assert host.errors == ""


def test_fork(emulate, moody_image):
    output = emulate("fork.py", moody_image)
    assert output.startswith("XRT is in use by the process of which this one is a fork")
    assert output.count("\n") == 1


def test_compute_units_run_side_by_side(emulate, moody_image):
    """Each in its own place: pinned to one compute unit, the runs would follow each other."""
    emulate("parallel.py", moody_image)


def test_two_cards_share_a_model_and_a_product(emulate, fcn_image):
    """The bytes of native; both units of a card that fails are left out, and the others go on."""
    options = {"options": ["--devices", "2"], "environment": {"XFBLAS_XRT_ARENA_MB": "16"}}
    cards, used, *left_out, last = emulate("several.py", fcn_image, **options).splitlines()
    assert cards == "2 cards, 4 units"
    assert used == "units that computed: 4"
    for unit, line in enumerate(left_out):
        assert line.startswith(f"compute unit {unit} of device 1 (xrt) failed and is left out")
        assert line.endswith("of 4 units: the card has fallen off the bus")
    assert len(left_out) == 2 and last == "done"
