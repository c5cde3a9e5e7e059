"""fork_under_load.py ENTRY FOLDER: forks while two threads call a public entry again and again.

Each child calls it on the object of its parent, which gives the right numbers or says that it is
not initialized here, then on one that it opens itself, which must work, and closes both. A child
that hangs is ended by a signal, which shows where, and fails.
"""

import faulthandler
import itertools
import os
import sys
import threading
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import xfblas_L3 as l3
from quantization.conftest import make_network

import xfblas
from xfblas import errors, forks

FORKS, SECONDS = 12, 10
GENERATOR = np.random.default_rng(1)
NETWORK = make_network(GENERATOR, [20, 30, 5], ["relu", "linear"])
ROWS = GENERATOR.standard_normal((300, 20)).astype(np.float32)
SQUARE = GENERATOR.integers(-9, 10, (300, 300)).astype(np.int16)
IMAGE = xfblas.image_path("default_short")
OPTIONS = l3.parse_cfg(str(IMAGE.with_suffix(".dat")))
FOLDER = Path(sys.argv[2])
names = itertools.count()


class Shared:
    """What needs no object of its own."""

    def close(self):
        pass


class Session:
    """A device of the L3 functions, and a lock for programs of several calls."""

    def __init__(self, create=l3.createGemm):
        self.index = next(names) % 16
        image = SimpleNamespace(xclbin=str(IMAGE))
        create(image, OPTIONS, 1, self.index)
        self.lock = forks.lock()

    def close(self):
        l3.destroy(idxDevice=self.index)


class Runtime(Session):
    def __init__(self):
        super().__init__(l3.createFcn)
        self.runtime = xfblas.KerasRT(NETWORK, None, calibration=ROWS, idxDevice=self.index)


def compiled():
    return xfblas.compile(NETWORK, ROWS, goal=0)


def compiled_floats():
    return xfblas.compile(NETWORK, bits=32)


def opened():
    return xfblas.open(engine="Gemm")


def predict(model):
    return model.predict(ROWS, verbose=0)


def predict_in_batches(model):
    return model.predict(ROWS, batch_size=32, verbose=0)


def predict_clipped(model):
    return model.predict(100 * ROWS, verbose=0)


def trace(model):
    return model.trace(ROWS)[0]


def save_and_load(model):
    path = FOLDER / f"{os.getpid()}-{next(names)}.xfblas"
    model.save(path)
    with xfblas.load(path) as loaded:
        return loaded.predict(ROWS, verbose=0)


def compile_and_close(_):
    with compiled() as model:
        return predict(model)


def matmul(_):
    return xfblas.matmul(SQUARE, SQUARE)


def matmul_of_floats(_):
    return xfblas.matmul(SQUARE.astype(np.float32), SQUARE.astype(np.float32))


def matmul_on(device):
    return xfblas.matmul(SQUARE, SQUARE, device=device)


def program(device):
    unit = device.compute_units[0]
    with unit.lock:
        a, c = unit.send(SQUARE), unit.empty(SQUARE.shape)
        unit.gemm(a, a, c, add=False)
        return c.read()


def open_and_close(_):
    with opened() as device:
        return matmul_on(device)


def l3_program(found):
    a, c = SQUARE.copy(), np.zeros_like(SQUARE)
    with found.lock:
        l3.sendMat(a, 0, found.index)
        l3.sendMat(c, 0, found.index)
        l3.gemmOp(a, a, c, 0, found.index)
        l3.getMat(c, 0, found.index)
        l3.freeInstr(0, found.index)
        l3.freeMat(a, 0, found.index)
        l3.freeMat(c, 0, found.index)
    return c


def create_and_destroy(_):
    found = Session()
    try:
        return l3_program(found)
    finally:
        found.close()


ENTRIES = {
    "predict": (compiled, predict),
    "predict in batches": (compiled, predict_in_batches),
    "predict clipped rows": (compiled, predict_clipped),
    "predict with floats": (compiled_floats, predict),
    "trace": (compiled, trace),
    "trace with floats": (compiled_floats, trace),
    "save and load": (compiled, save_and_load),
    "compile": (Shared, compile_and_close),
    "matmul": (Shared, matmul),
    "matmul of floats": (Shared, matmul_of_floats),
    "matmul on a device": (opened, matmul_on),
    "a program": (opened, program),
    "open": (Shared, open_and_close),
    "L3 functions": (Session, l3_program),
    "L3 create": (Shared, create_and_destroy),
    "KerasRT": (Runtime, lambda found: found.runtime.predict(ROWS)),
}


def accelerated():
    from keras_models import import_keras, plain

    keras = import_keras()
    model = plain(keras)
    rows = GENERATOR.standard_normal((300, 12)).astype(np.float32)
    xfblas.accelerate(model, rows, goal=0)
    model.rows, model.close = rows, lambda: xfblas.restore(model)
    return model


ENTRIES["accelerate"] = (accelerated, lambda model: model.predict(model.rows, verbose=0))


def is_right(found, expected):
    # BLAS may add up in another order with other threads.
    return np.allclose(found, expected, rtol=0, atol=1e-5)


def in_child(make, use, shared, expected):
    try:
        found = use(shared)
    except errors.NotInitializedError:
        pass
    else:
        assert is_right(found, expected)
    # JAX and TensorFlow themselves hang in forks, so that a keras.Model cannot be read there.
    own = compiled() if make is accelerated else make()
    found = predict(own) if make is accelerated else use(own)
    assert make is accelerated or is_right(found, expected)
    own.close()
    shared.close()


def fork(body):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            body()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    warnings.simplefilter("ignore")
    make, use = ENTRIES[sys.argv[1]]
    shared = make()
    expected = use(shared)
    stop, failures = threading.Event(), []

    def keep_busy():
        try:
            while not stop.is_set():
                assert is_right(use(shared), expected)
        except BaseException:
            failures.append(traceback.format_exc())

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        codes = [fork(lambda: in_child(make, use, shared, expected)) for _ in range(FORKS)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    shared.close()
    assert not failures, failures[0]
    assert codes == [0] * FORKS, codes


if __name__ == "__main__":
    main()
