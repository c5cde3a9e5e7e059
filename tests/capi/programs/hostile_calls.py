"""hostile_calls.py SEED: calls every function of the C interface with what no caller should give.

Sizes are nothing, one, a few, or so large that no memory holds them; arrays are NULL or 4 KiB.
Every call returns a status, and the devices compute as before.
"""

import random
import sys

import numpy as np

from xfblas import image_path
from xfblas.device.binding import ffi, lib

CALLS = 400
NOT_INITIALIZED = lib.XFBLAS_STATUS_NOT_INITIALIZED
STATUSES = range(12)
INTEGERS = (0, 1, 7, -1, -(2**31), 2**31 - 1)
UNSIGNED = (0, 1, 7, 2**32 - 1)
LONGS = (0, 1, 7, 2**40, 2**63, 2**64 - 1)
WITHOUT_STATUS = ("xfblasVersion", "xfblasLastError")
DIRECT = ("xfblasCreate", "xfblasCreateByBdf", "xfblasDestroy")

scratch = [np.zeros(4096, np.uint8) for _ in range(6)]
buffers = [ffi.from_buffer("char[]", array) for array in scratch]
kept = []


def functions():
    found = [name for name in dir(lib) if name.startswith("xfblas")]
    return {name: ffi.typeof(getattr(lib, name)) for name in found if name not in WITHOUT_STATUS}


def create(engine):
    place = ffi.new("xfblasHandle_t *")
    image = str(image_path("default_short")).encode()
    assert lib.xfblasCreate(place, image, ffi.NULL, engine, 1, ffi.NULL, 0) == 0
    return place


def random_fields(chooser, place):
    """A struct of random numbers, whose pointers are those of this program."""
    for name, field in ffi.typeof(place[0]).fields:
        if field.type.kind == "pointer":
            setattr(place, name, argument(chooser, field.type, ()))
        elif field.type.kind == "primitive":
            is_signed = field.type.cname in ("int", "float")
            setattr(place, name, chooser.choice(INTEGERS if is_signed else UNSIGNED))
    return place


def argument(chooser, kind, matrices):
    if kind.kind == "primitive":
        numbers = {"int": INTEGERS, "unsigned long long": LONGS}.get(kind.cname, UNSIGNED)
        return chooser.choice(numbers)
    item = kind.item
    if item.kind == "struct" and item.cname != "struct xfblasDevice" and item.fields:
        if chooser.random() < 0.2:
            return ffi.NULL
        kept.append(ffi.new(ffi.getctype(item, "[8]")))  # as layers are counted
        first = ffi.cast(kind, kept[-1])
        random_fields(chooser, first)
        return first
    choices = [ffi.NULL, *buffers, *buffers]
    if item.kind == "void":
        choices += [*matrices, ffi.cast("void *", 2**62 + 12345), ffi.cast("void *", 8 * 4096 + 3)]
    if item.kind == "pointer":
        kept.append(ffi.new("void **"))
        choices = [ffi.NULL, kept[-1]]
    return ffi.cast(kind, chooser.choice(choices))


def call(name, *arguments):
    status = getattr(lib, name)(*arguments)
    assert status in STATUSES, f"{name} gave {status}"
    kept.clear()
    return status


def refuse_handles(chooser):
    gone = create(b"Fcn")
    copy = gone[0]
    assert lib.xfblasDestroy(gone) == 0
    place = ffi.new("xfblasHandle_t *", copy)
    assert lib.xfblasDestroy(place) == NOT_INITIALIZED
    create(b"Fcn")  # which a copy of the old one must not name
    numbers = (0, 1, 5, 4096, 2**32, 2**63, 2**63 + 1, 2**64 - 1)
    bad = [ffi.cast("xfblasHandle_t", number) for number in numbers]
    bad += [copy, ffi.cast("xfblasHandle_t", buffers[0]), ffi.cast("xfblasHandle_t", place)]
    for name, function in functions().items():
        first = function.args[0]
        if first.cname != "struct xfblasDevice *":
            continue
        for handle in bad:
            others = [argument(chooser, kind, ()) for kind in function.args[1:]]
            assert call(name, handle, *others) == NOT_INITIALIZED, (name, handle)
    for number in numbers:
        place[0] = ffi.cast("xfblasHandle_t", number)
        assert lib.xfblasDestroy(place) == NOT_INITIALIZED


def refuse_sizes(chooser, engine):
    handle = create(engine)
    matrices = []
    for _ in range(3):
        place = ffi.new("void **")
        assert lib.xfblasMalloc(handle[0], place, 7, 7, 2, 0) == 0
        matrices.append(place[0])
    for name, function in functions().items():
        if name in DIRECT:
            continue
        for _ in range(CALLS):
            given = [argument(chooser, kind, matrices) for kind in function.args]
            if function.args[0].cname == "struct xfblasDevice *":
                given[0] = handle[0]
                if chooser.random() < 0.9:
                    given[-1] = 0 if function.args[-1].kind == "primitive" else given[-1]
            call(name, *given)
        lib.xfblasFreeInstr(handle[0], 0)
    return handle


def compute():
    handle = create(b"Gemm")
    a, c = np.arange(49, dtype=np.int16).reshape(7, 7), np.zeros((7, 7), np.int16)
    operands = ffi.from_buffer(a), 7, ffi.from_buffer(a), 7, ffi.NULL
    assert lib.xfblasMatmul(handle[0], 7, 7, 7, *operands, ffi.from_buffer(c), 7, 0) == 0
    assert (c == a @ a).all()


def main(seed):
    chooser = random.Random(seed)
    refuse_handles(chooser)
    for engine in (b"Fcn", b"Gemm", b"Gemv"):
        handle = refuse_sizes(chooser, engine)
        compute()
        assert lib.xfblasDestroy(handle) == 0
    compute()


main(int(sys.argv[1]))
