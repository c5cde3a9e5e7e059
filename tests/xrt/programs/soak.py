"""soak.py IMAGE RUNS: as many runs over all compute units, each with operands of its own."""

import sys
import threading

import numpy as np

import xfblas


def work(unit, runs, done, failures):
    generator = np.random.default_rng(unit.index)
    try:
        for _ in range(runs):
            m, k, n = (int(size) for size in generator.integers(1, 20, 3))
            a = generator.integers(-9, 10, (m, k)).astype(np.int16)
            b = generator.integers(-9, 10, (k, n)).astype(np.int16)
            left, right, result = unit.send(a), unit.send(b), unit.empty((m, n))
            unit.fcn(left, right, result)
            assert np.array_equal(result.read(), a @ b)
            unit.clear()
            done[unit.index] += 1
    except BaseException as error:
        failures.append(error)
        raise


def main(image, runs):
    failures = []
    with xfblas.open(image, target="xrt") as device:
        units = device.compute_units
        done = [0] * len(units)
        share = int(runs) // len(units)
        pool = [threading.Thread(target=work, args=(u, share, done, failures)) for u in units]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
    assert not failures, failures
    print(sum(done), "runs on", len(units), "compute units")


main(*sys.argv[1:])
