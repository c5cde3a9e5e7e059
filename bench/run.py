"""Times matrix products and an MLP on the engine against numpy, side by side in one run."""

import os
import platform
import statistics
import time
from functools import partial
from pathlib import Path

import numpy as np

import xfblas
from xfblas.models import read_network

ROUNDS = 7
MODEL = Path(__file__).parent.parent / "apps/mlp_keras/models/digits/best_model.h5"


def processor() -> str:
    """The CPU's name, as Linux tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def medians(*functions) -> list[float]:
    """Median seconds of each function, called in turn A B A B after a warm-up."""
    seconds = [[] for _ in functions]
    for _ in range(ROUNDS + 1):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return [statistics.median(times[1:]) for times in seconds]


def main():
    generator = np.random.default_rng(0)
    print(f"{processor()}, {os.cpu_count()} processors, one compute unit, median of {ROUNDS}")
    print(f"{'case':28} {'engine':>12} {'numpy':>12} {'engine/numpy':>13}")
    for size in (64, 256, 512):
        a, b = (generator.integers(-99, 99, (size, size)).astype(np.int16) for _ in range(2))
        floats = a.astype(np.float32), b.astype(np.float32)
        ours, theirs = medians(partial(xfblas.matmul, a, b), partial(np.matmul, *floats))
        show(f"int16 {size}^3 against float32", ours, theirs)
    network = read_network(MODEL)
    with xfblas.open() as device:
        for rows in (1, 32, 1024):
            x = generator.uniform(0, 16, (rows, network.input_units)).astype(np.float32)
            runtime = xfblas.KerasRT(network, calibration=x, compute_unit=device.compute_units[0])
            ours, theirs = medians(partial(runtime.predict, x), partial(network.forward, x))
            show(f"digits MLP, {rows} rows", ours, theirs)


def show(case: str, ours: float, theirs: float):
    print(f"{case:28} {ours * 1e3:9.3f} ms {theirs * 1e3:9.3f} ms {ours / theirs:13.2f}")


if __name__ == "__main__":
    main()
