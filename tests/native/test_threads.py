"""Many threads, devices and units at once, and how many threads a product takes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import predictions
import pytest
from children import run_python

import xfblas

PRODUCT = """
import numpy as np, xfblas
a = np.arange(300 * 300, dtype=np.int16).reshape(300, 300)
assert (xfblas.matmul(a[:5], a) == a[:5] @ a).all()
assert (xfblas.matmul(a, a) == a @ a).all()
print(xfblas.native_engine().threads)
"""


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_wanted_numbers_of_threads(threads):
    done = run_python(PRODUCT, XFBLAS_NUM_THREADS=str(threads))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == threads


SHARED_CPU = """
import os, threading, time
import numpy as np, xfblas

def threads():
    return {int(name) for name in os.listdir("/proc/self/task")}

def call_beside_the_worker(cpu):
    os.sched_setaffinity(0, {cpu})
    os.sched_setaffinity(worker, {cpu})
    end = time.monotonic() + 20
    while cpu in os.sched_getaffinity(worker) and time.monotonic() < end:
        xfblas.matmul(a, a)
        time.sleep(0.001)
    print(cpu in os.sched_getaffinity(worker), os.sched_getaffinity(worker) <= all_cpus)

a = np.ones((300, 300), np.int16)
xfblas.matmul(a[:1], a)
before = threads()
xfblas.matmul(a, a)
(worker,) = threads() - before
all_cpus = os.sched_getaffinity(0)
for cpu in sorted(all_cpus)[:2]:
    caller = threading.Thread(target=call_beside_the_worker, args=[cpu])
    caller.start(), caller.join()
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="all threads share one CPU")
def test_a_worker_leaves_the_cpu_of_the_caller():
    """Where others are busy the system puts both on one CPU, where they would take turns."""
    done = run_python(SHARED_CPU, XFBLAS_NUM_THREADS="2")
    assert done.stdout.split("\n") == ["False True", "False True", ""], done.stderr


@pytest.mark.parametrize("text", ["0", "-1", "two", "1025", "3 ", "9" * 30])
def test_numbers_of_threads_that_are_refused(text):
    done = run_python(PRODUCT, XFBLAS_NUM_THREADS=text)
    assert done.returncode == 1
    assert "InvalidValueError" in done.stderr
    assert f"XFBLAS_NUM_THREADS is {text}, expected a number from 1 to 1024" in done.stderr


def run_together(bodies):
    """Calls all at the same time, each in a thread of its own, and raises what one raised."""
    barrier = threading.Barrier(len(bodies))

    def body_at_once(body):
        barrier.wait()
        body()

    with ThreadPoolExecutor(len(bodies)) as pool:
        for done in [pool.submit(body_at_once, body) for body in bodies]:
            done.result()


def multiplying(dtype, size, seed, device=None):
    def body():
        generator = np.random.default_rng(seed)
        for _ in range(12):
            m, k, n = generator.integers(1, size, 3)
            a, b = (generator.integers(-99, 100, s).astype(dtype) for s in ((m, k), (k, n)))
            found = xfblas.matmul(a, b, device=device)
            expected = (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64).astype(dtype)
            np.testing.assert_array_equal(found, expected)

    return body


def predicting(unit, seed):
    def body():
        generator = np.random.default_rng(seed)
        for _ in range(4):
            model = predictions.random_model(generator, np.int16, [100, 90, 10])
            rows = generator.normal(0, 1, (300, len(model.scales))).astype(np.float32)
            np.testing.assert_array_equal(model.run(unit, rows), model.expected(rows))

    return body


def test_products_of_many_threads_and_devices():
    """Some share a unit, some have one of their own; sizes on both sides of one thread's limit."""
    with xfblas.open() as first, xfblas.open() as second:
        bodies = [multiplying(np.int16, 250, seed) for seed in range(2)]
        bodies += [multiplying(np.int16, 30, 2), multiplying(np.float32, 200, 3)]
        bodies += [multiplying(np.int16, 250, 4, device=first)]
        units = [*first.compute_units, *second.compute_units]
        bodies += [predicting(unit, 5 + index) for index, unit in enumerate(units)]
        run_together(bodies)


def test_units_that_were_started_together(generator):
    arrays = [generator.integers(-99, 100, (2, 300, 300)).astype(np.int16) for _ in range(8)]
    devices = [xfblas.open(engine="Gemm") for _ in range(4)]
    units = [unit for device in devices for unit in device.compute_units]
    for _ in range(3):
        results, kept = [unit.empty((300, 300)) for unit in units], []
        for unit, (a, b), c in zip(units, arrays, results, strict=True):
            operands = unit.send(a), unit.send(b)
            kept.append(operands)
            unit.clear()
            unit.gemm(*operands, c, add=False)
        for device in devices:
            device.execute_async()
        for c, (a, b) in zip(results, arrays, strict=True):
            np.testing.assert_array_equal(c.read(), a @ b)
    for device in devices:
        device.close()


def test_a_failure_leaves_the_threads_usable(generator):
    model = predictions.random_model(generator, np.int16, [100, 200, 50])
    rows = np.zeros((1000, len(model.scales)), np.float32)
    rows[600] = np.nan
    with xfblas.open() as device:
        for _ in range(20):
            with pytest.raises(xfblas.errors.InvalidValueError, match="row 600, column 0"):
                model.run(device.compute_units[0], rows)
            multiplying(np.int16, 250, 1)()
