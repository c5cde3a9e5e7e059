"""Kernels, hosts and device processes that fail: an error in words, in time; nothing is left."""

import os
import signal

import pytest

from .conftest import wait_until
from .kernels import MOODS

SECONDS_TO_END = 5.0
SECONDS_BEFORE_LAUNCHER = 1.0

REASONS = {
    "segfault": "Segmentation fault) at address 0x10",
    "abort": "Aborted",
    "division": "Floating point exception",
    "beyond": "it reached byte",
    "before": "it reached byte -1 of its memory",
    "message": "the stream of A is stuck",
    "exit": "its process ended with exit code 3",
    "throw": "Aborted",
    "recursion": "Segmentation fault",
}


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("mood", REASONS)
def test_failing_kernel(emulate, moody_image, mood, devices):
    """Told within a second; then the same unit works, and so does its neighbour."""
    output = emulate("moods.py", moody_image, MOODS[mood], 3, options=["--devices", devices])
    lines = output.splitlines()
    assert len(lines) == 6
    for text, seconds in zip(lines[::2], lines[1::2], strict=True):
        assert text.startswith("compute unit fcnKernel_1 ended in state ERROR: ")
        assert REASONS[mood] in text
        assert float(seconds.split()[0]) < 1


@pytest.mark.parametrize("mood", ["endless", "asleep"])
def test_endless_kernel(emulate, moody_image, mood):
    output = emulate("moods.py", moody_image, MOODS[mood], 2, options=["--timeout-ms", 300])
    lines = output.splitlines()
    for text, seconds in zip(lines[::2], lines[1::2], strict=True):
        assert "fcnKernel_1 ended in state ERROR: no result within 300 ms" in text
        assert 0.3 <= float(seconds.split()[0]) < 1.3


def test_slow_kernel_within_its_limit(emulate, moody_image):
    output = emulate("moods.py", moody_image, MOODS["slow"], 1, options=["--timeout-ms", 5000])
    assert output.startswith("answer 111")


def test_run_that_nobody_ends(start, moody_image):
    """The device process has no limit here, as a card has none: the unit is lost, and says so."""
    host = start(
        "lost.py",
        moody_image,
        options=["--timeout-ms", "300"],
        environment={"XFBLAS_EMULATION_TIMEOUT_MS": "1000000"},
    )
    assert host.wait() == 0, host.errors
    timeout, again, neighbour, device, end = host.output.splitlines()
    assert "fcnKernel_1 gave no result within its time limit of 300 ms" in timeout
    assert "state RUNNING" in timeout
    assert again.startswith("compute unit fcnKernel_1 cannot be used any more")
    assert neighbour == "neighbour 100"
    assert device.startswith("device 0 cannot be used in this process any more")
    assert end == "end"


def running(start, moody_image):
    """A host in the middle of a run that takes for ever, and the host program's process id."""
    host = start("wait.py", moody_image, MOODS["asleep"])
    ready, number = host.line().split()
    assert ready == "ready"
    # The program, its device process, and that one's worker.
    assert wait_until(lambda: len(host.processes()) == 3), host.processes()
    return host, int(number)


def test_host_killed_in_mid_run(start, moody_image):
    host, number = running(start, moody_image)
    os.kill(number, signal.SIGKILL)
    # By themselves: the launcher would end them only later.
    assert wait_until(lambda: host.processes() == [], SECONDS_BEFORE_LAUNCHER)
    assert host.wait(SECONDS_TO_END) == 128 + signal.SIGKILL
    assert host.processes() == []


def test_device_process_killed_in_mid_run(start, moody_image):
    host, number = running(start, moody_image)
    devices = [other for other in host.processes() if other != number]
    os.kill(min(devices), signal.SIGKILL)
    assert wait_until(lambda: host.processes() == [], SECONDS_BEFORE_LAUNCHER)
    assert host.wait(SECONDS_TO_END) != 0
    assert host.processes() == []


def test_worker_killed_in_mid_run(start, moody_image):
    host, number = running(start, moody_image)
    workers = [other for other in host.processes() if other != number]
    os.kill(max(workers), signal.SIGKILL)
    assert host.wait(SECONDS_TO_END) == 1
    assert "ended by signal 9 (Killed)" in host.errors
    assert host.processes() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_launcher_forwards_signals(start, moody_image, number):
    host, _ = running(start, moody_image)
    host.process.send_signal(number)
    # Python handles an interrupt when the call in C returns, which this one never does.
    if number == signal.SIGINT:
        host.process.send_signal(signal.SIGTERM)
    assert host.wait(SECONDS_TO_END) == 128 + signal.SIGTERM
    assert host.processes() == []


def test_host_that_crashes(start, moody_image):
    """XRT's emulation then signals its whole process group, which must not be the launcher's."""
    host = start("crash.py", moody_image)
    assert host.wait() in (128 + signal.SIGSEGV, 128 + signal.SIGTERM)


def test_launcher_killed(start, emulate, moody_image):
    """Its program ends with it, and the next launcher removes its folder."""
    host, _ = running(start, moody_image)
    host.process.kill()
    host.process.wait()
    assert wait_until(lambda: host.processes() == [])
    assert host.run_folders() != []
    emulate("open.py", moody_image)
    assert host.run_folders() == []


def test_two_hosts_and_one_crash(start, moody_image):
    """Another host's run is not disturbed."""
    slow = start("moods.py", moody_image, MOODS["slow"], 3)
    crash = start("moods.py", moody_image, MOODS["segfault"], 3)
    assert crash.wait() == 0
    assert slow.wait() == 0
    assert slow.output.count("answer 111") == 3
