"""threads.py IMAGE THREADS RUNS: threads that share compute units or open devices of their own."""

import sys
import threading

import numpy as np

import xfblas


def work(device, number, runs, failures):
    """Products with operands that no other thread has."""
    generator = np.random.default_rng(number)
    unit = device.compute_units[number % len(device.compute_units)]
    try:
        for _ in range(runs):
            m, k, n = (int(size) for size in generator.integers(1, 40, 3))
            a = generator.integers(-9, 10, (m, k)).astype(np.int16)
            b = generator.integers(-9, 10, (k, n)).astype(np.int16)
            with unit.lock:
                left, right, result = unit.send(a), unit.send(b), unit.empty((m, n))
                unit.fcn(left, right, result)
                found = result.read()
                unit.clear()
            np.testing.assert_array_equal(found, a @ b)
    except BaseException as error:
        failures.append(error)
        raise


def main(image, threads, runs):
    failures = []
    with xfblas.open(image, target="xrt") as shared:

        def body(number):
            if number % 2:
                with xfblas.open(image, target="xrt") as own:
                    work(own, number, int(runs), failures)
            else:
                work(shared, number, int(runs), failures)

        pool = [threading.Thread(target=body, args=(i,)) for i in range(int(threads))]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
    assert not failures, failures
    print("all equal")


main(*sys.argv[1:])
