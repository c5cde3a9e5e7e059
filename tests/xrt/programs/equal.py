"""equal.py IMAGE ENGINE SEED COUNT: random programs give the same bytes on xrt and native."""

import sys

import numpy as np

import xfblas

SIZES = [1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 47, 64, 65]
EXTREMES = np.array([-32768, -32767, -1, 0, 1, 32766, 32767], np.int16)


def words(generator, shape):
    if generator.integers(2):
        return generator.choice(EXTREMES, shape)
    return generator.integers(-32768, 32768, shape).astype(np.int16)


def layers(generator):
    """A chain of fully connected layers: the input, and each layer's operands and fields."""
    m, k = (int(size) for size in generator.choice(SIZES, 2))
    first, chain = words(generator, (m, k)), []
    for _ in range(int(generator.integers(1, 6))):
        n = int(generator.choice(SIZES))
        rows = int(generator.choice([1, m]))
        addend = generator.integers(-(2**31), 2**31, (rows, n)).astype(np.int32)
        scales = [int(generator.integers(limit)) for limit in (65536, 40)]
        scales += [int(generator.integers(-512, 512)), int(generator.integers(32))]
        flags = {"round": bool(generator.integers(2)), "saturate": bool(generator.integers(2))}
        chain.append((words(generator, (k, n)), addend, scales, flags))
        k = n
    return first, chain


def queue_fcn(unit, seed):
    """Queues random layers; returns the matrices to read back, and what must live until then."""
    first, chain = layers(np.random.default_rng(seed))
    current, results, operands = unit.send(first), [], []
    for weights, addend, scales, flags in chain:
        result = unit.empty((first.shape[0], weights.shape[1]))
        operands += [current, unit.send(weights), unit.send(addend)]
        unit.fcn(*operands[-3:-1], result, operands[-1], *scales, **flags)
        results.append(result)
        current = result
    return results, operands


def queue_gemm(unit, seed):
    generator = np.random.default_rng(seed)
    m, k, n = (int(size) for size in generator.choice(SIZES, 3))
    a, b, c = (unit.send(words(generator, shape)) for shape in ((m, k), (k, n), (m, n)))
    unit.gemm(a, b, c, add=bool(generator.integers(2)))
    return [c], [a, b]


def results_on(target, image, engine, seeds):
    """The bytes that each program gives, on every compute unit in turn and on all at once."""
    queue = {"Fcn": queue_fcn, "Gemm": queue_gemm}[engine]
    found = []
    with xfblas.open(image, engine=engine, target=target) as device:
        assert device.target == target
        for seed in seeds:
            queued = [queue(unit, seed + unit.index) for unit in device.compute_units]
            if seed % 2:
                device.execute_async()
            else:
                for unit in device.compute_units:
                    unit.execute()
            found += [matrix.read() for results, _ in queued for matrix in results]
            for unit in device.compute_units:
                unit.clear()
    return found


def main(image, engine, seed, count):
    seeds = range(int(seed), int(seed) + int(count))
    emulated, native = (results_on(target, image, engine, seeds) for target in ("xrt", "native"))
    assert len(emulated) == len(native)
    for ours, theirs in zip(emulated, native, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    print(f"{len(native)} matrices are equal")


main(*sys.argv[1:])
