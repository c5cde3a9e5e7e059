"""The simulation: deadlocks are found and named, leftover items too, cycles are counted."""

import subprocess

import pytest
from kernels import HW


@pytest.fixture(scope="module")
def regions():
    program = HW / "build" / "streams"
    program.parent.mkdir(exist_ok=True)
    source = HW.parent / "tests" / "hw" / "streams.cpp"
    subprocess.run(
        [
            "g++",
            "-std=c++14",
            "-O1",
            "-g",
            "-U_FORTIFY_SOURCE",
            "-Wall",
            "-Wextra",
            f"-I{HW / 'include'}",
            str(source),
            "-o",
            str(program),
        ],
        check=True,
    )
    return lambda what: subprocess.run([program, what], capture_output=True, text=True)


def test_deadlock_names_every_stream(regions):
    done = regions("deadlock")
    assert done.returncode == 1
    assert done.stdout.startswith("deadlock in in_turns")
    assert "write_one_after_the_other waits for space in first 3/3" in done.stdout
    assert "read_in_turns waits for an item in second 0/2" in done.stdout
    assert "streams: first 3/3, second 0/2" in done.stdout


def test_one_place_more_is_no_deadlock(regions):
    assert regions("deep_enough").stdout == "20\n"


def test_leftover_items_are_an_error(regions):
    done = regions("leftover")
    assert done.returncode == 1
    assert done.stdout == "items are left in the streams of forget_the_last: numbers 1/4\n"


def test_a_failing_process_is_reported(regions):
    assert regions("failure").stdout == "a process failed\n"


def test_cycles_of_a_chain(regions):
    """A thousand items more take a thousand cycles more."""
    few, many = (int(word) for word in regions("cycles").stdout.split())
    assert few == 10 + 2 * 2
    assert many - few == 1000
