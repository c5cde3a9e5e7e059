"""A process that has used its threads forks; parent and child go on computing."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from children import run_in_child, run_python

import xfblas
from xfblas import errors


def multiply(size=300):
    a = np.random.default_rng(size).integers(-99, 100, (size, size)).astype(np.int16)
    np.testing.assert_array_equal(xfblas.matmul(a, a), a @ a)


def multiply_in_all_ways():
    multiply()
    assert len(os.listdir("/proc/self/task")) >= xfblas.native_engine().threads
    multiply(20)
    a = np.ones((50, 50), np.float32)
    assert (xfblas.matmul(a, a) == 50).all()
    with xfblas.open() as device:
        unit = device.compute_units[0]
        b, c = unit.send(np.ones((200, 200), np.int16)), unit.empty((200, 200))
        unit.fcn(b, b, c)
        unit.start()
        assert (c.read() == 200).all()


def test_children_and_their_children():
    def with_a_child():
        multiply_in_all_ways()
        assert run_in_child(multiply_in_all_ways) == 0
        multiply_in_all_ways()

    multiply_in_all_ways()
    for _ in range(3):
        assert run_in_child(with_a_child) == 0
        multiply_in_all_ways()


def test_a_device_from_before_the_fork():
    with xfblas.open(engine="Gemm") as device:
        b = device.compute_units[0].send(np.eye(300, dtype=np.int16))
        a = np.full((300, 300), 7, np.int16)

        def use():
            for _ in range(2):
                assert (xfblas.matmul(a, b) == 7).all()

        use()
        assert run_in_child(use) == 0
        use()


def test_a_fork_while_other_threads_compute():
    """The child opens devices of its own where another thread was using the parent's."""
    stop = threading.Event()
    busy = xfblas.open(engine="Gemm")

    def keep_busy():
        a = np.ones((400, 400), np.int16)
        while not stop.is_set():
            xfblas.matmul(a, a, device=busy)

    def compute_and_close():
        multiply()
        busy.close()  # whether or not a call was under way

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            assert run_in_child(compute_and_close, seconds=20) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    busy.close()


def test_a_program_that_was_started_stays_with_the_parent():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        b, c = unit.send(np.ones((900, 900), np.int16)), unit.empty((900, 900))
        unit.fcn(b, b, c)
        unit.start()

        def wait_for_it():
            with pytest.raises(errors.ExecutionError, match="stayed behind"):
                c.read()
            unit.execute()
            assert (c.read() == 900).all()
            device.close()

        assert run_in_child(wait_for_it, seconds=20) == 0
        assert (c.read() == 900).all()


@pytest.mark.parametrize("how", ["", "import os; os._exit(0)", "import sys; sys.exit(0)"])
def test_a_process_ends_while_its_threads_sleep_or_look_for_work(how):
    code = "import numpy as np, xfblas, time; a = np.ones((400, 400), np.int16)\n"
    code += f"xfblas.matmul(a, a); time.sleep({0.1 if how else 0})\n{how}"
    done = run_python(code)
    assert (done.returncode, done.stderr) == (0, "")


#: One name of each room, whose first use imports it.
FIRST_USE = """
import os, sys, threading, time
import xfblas
thread = threading.Thread(target=lambda: getattr(xfblas, sys.argv[1]))
thread.start()
time.sleep(float(sys.argv[2]))
child = os.fork()
getattr(xfblas, sys.argv[1])
if child == 0:
    os._exit(7)
assert os.waitpid(child, 0)[1] == 7 << 8
"""


@pytest.mark.parametrize("name", ["matmul", "compile", "report", "ConvertedModel"])
@pytest.mark.parametrize("delay", [0, 0.001, 0.01, 0.03])
def test_a_fork_while_a_thread_imports(name, delay):
    command = [sys.executable, "-c", FIRST_USE, name, str(delay)]
    subprocess.run(command, check=True, timeout=60)
