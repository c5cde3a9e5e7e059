"""digest.py INT8_IMAGE: one line for each kind of call, with a digest of all bytes it gave."""

import hashlib
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import predictions

import xfblas
from xfblas.device.binding import lib, pointer

POSTS = [(1, 0), (3, 9), (1, 16), (5, 17), (65535, 20), (32768, 31), (77, 47), (1, 48), (9, 255)]


def elements(generator, shape, dtype):
    info = np.iinfo(dtype)
    kind = generator.integers(4)
    if kind == 0:
        return np.full(shape, info.min, dtype)
    most = (info.max, info.max // 60, 3)[kind - 1]
    return generator.integers(-most, most + 1, shape).astype(dtype)


def programs(generator, device):
    """Chains of Fcn instructions, each with a random epilogue."""
    unit = device.compute_units[0]
    for _ in range(40):
        sizes = generator.choice([1, 2, 7, 16, 31, 48, 50, 97, 257, 600], 4).tolist()
        m = int(generator.integers(1, 40))
        kept = [unit.send(elements(generator, (m, sizes[0]), device.dtype))]
        for k, n in pairwise(sizes):
            b = unit.send(elements(generator, (k, n), device.dtype))
            shape = (int(generator.choice([1, m])), n)
            x = unit.send(elements(generator, shape, np.int32)) if generator.integers(3) else None
            c = unit.empty((m, n))
            flags = {name: bool(generator.integers(2)) for name in ("round", "saturate")}
            if generator.integers(5) == 0:
                flags["activation"] = str(generator.choice(["tanh", "sigmoid"]))
                flags["fraction_bits"] = tuple(generator.integers(0, 8, 2).tolist())
            elif generator.integers(5) == 0:
                flags |= {"activation": "table", "groups": int(generator.integers(1, 4))}
                flags["table"] = unit.send_table(generator.integers(-(2**17), 2**17, 513))
            prelu = [(1, 0), (0, 0), (410, 11), (-512, 31)][generator.integers(4)]
            unit.fcn(kept[-1], b, c, x, *POSTS[generator.integers(len(POSTS))], *prelu, **flags)
            kept += [b, x, flags.get("table"), c]
        unit.execute()
        unit.execute()  # with kept weights
        yield kept[-1].read()
        unit.clear()


def products(generator, device):
    for _ in range(30):
        m, k, n = generator.integers(1, 300, 3)
        a, b = (elements(generator, shape, device.dtype) for shape in ((m, k), (k, n)))
        yield xfblas.matmul(a, b, device=device)
        yield xfblas.matmul(a, device.compute_units[0].send(b))


def vectors(generator, device):
    unit = device.compute_units[0]
    for m, n in ((1, 1), (7, 33), (300, 257), (64, 4096)):
        a, x, y = (elements(generator, s, device.dtype) for s in ((m, n), (n, 1), (m, 1)))
        for array in (a, x, y):
            unit.call(lib.xfblasSend, pointer(array), array.size, array.itemsize)
        unit.call(lib.xfblasGemv, m, n, 1, pointer(a), n, pointer(x), 1, 1, pointer(y), 1)
        unit.call(lib.xfblasGet, pointer(y))
        unit.clear()
        yield y


def models(generator, device):
    for rows in (0, 1, 5, 400):
        for _ in range(5):
            widths = generator.integers(1, 130, 4).tolist()
            model = predictions.random_model(generator, device.dtype, widths)
            given = generator.normal(0, 2, (rows, len(model.scales))).astype(np.float32)
            yield model.run(device.compute_units[0], given)


def main(int8_image):
    for image in (None, int8_image):
        for engine, kind in (
            ("Fcn", programs), ("Fcn", models), ("Gemm", products), ("Gemv", vectors),
        ):  # fmt: skip
            digest = hashlib.sha256()
            with xfblas.open(image, engine=engine) as device:
                for found in kind(np.random.default_rng(20211), device):
                    digest.update(found.tobytes())
                print(kind.__name__, device.dtype, digest.hexdigest())


main(*sys.argv[1:])
