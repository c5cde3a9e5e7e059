"""Wrong calls raise and say what was wrong; the same objects then go on."""

from pathlib import Path

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3

import xfblas
from xfblas import errors


@pytest.fixture
def opened(arguments, options, generator):
    """An Fcn device with a, b, c and x sent, and a check that it still computes at the end."""
    l3.createFcn(arguments, options)
    a, b, c = (generator.integers(-99, 99, (128, 128)).astype(np.int16) for _ in range(3))
    x = generator.integers(-99, 99, (128, 128)).astype(np.int32)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix)
    yield a, b, c, x
    l3.freeInstr()
    l3.fcnOp(a, b, c, x, 1, 5)
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, b, x, (1, 5)))


def test_index_out_of_range(opened):
    a, b, c, x = opened
    with pytest.raises(errors.InvalidValueError, match="idxKernel is 9, expected 0 to"):
        l3.sendMat(a, 9)
    with pytest.raises(errors.InvalidValueError, match="idxKernel is -1"):
        l3.fcnOp(a, b, c, x, idxKernel=-1)
    with pytest.raises(errors.NotInitializedError, match="device 2 was not created"):
        l3.execute(0, 2)
    with pytest.raises(errors.InvalidValueError, match="idxDevice is 'one'"):
        l3.execute(0, "one")


def test_matrix_never_sent_or_freed_twice(opened):
    a, _, c, x = opened
    stranger = np.zeros((128, 128), np.int16)
    with pytest.raises(errors.NotFoundError, match=r"B \(int16 \(128, 128\)\) is not on compute"):
        l3.fcnOp(a, stranger, c, x)
    with pytest.raises(errors.NotFoundError, match="never sent"):
        l3.getMat(stranger)
    with pytest.raises(errors.NotFoundError):
        l3.freeMat(stranger)
    l3.sendMat(stranger)
    l3.freeMat(stranger)
    with pytest.raises(errors.NotFoundError, match="freed already"):
        l3.freeMat(stranger)


def test_freed_while_the_program_still_names_it(opened):
    a, b, c, x = opened
    short_lived = a.copy()
    l3.sendMat(short_lived)
    l3.fcnOp(short_lived, b, c, x)
    l3.freeMat(short_lived)
    with pytest.raises(errors.NotFoundError, match="freed after it was queued"):
        l3.execute()


def test_dtypes(opened):
    a, b, c, x = opened
    with pytest.raises(errors.DtypeError, match=r"A is float64 \(128, 128\).*int16 or int32"):
        l3.sendMat(a.astype(float))
    with pytest.raises(TypeError, match="X is int16"):
        l3.fcnOp(a, b, c, c)
    with pytest.raises(errors.DtypeError, match="C is int32"):
        l3.fcnOp(a, b, x, x)
    with pytest.raises(errors.InvalidValueError, match="A is a list, expected a numpy array"):
        l3.sendMat([[1]])
    with pytest.raises(errors.InvalidValueError, match="empty"):
        l3.sendMat(np.zeros((0, 128), np.int16))


def test_shapes(opened):
    a, b, c, x = opened
    with pytest.raises(errors.InvalidValueError, match=r"B has shape \(64, 256\), expected 128"):
        l3.fcnOp(a, b.reshape(64, 256), c, x)
    with pytest.raises(errors.InvalidValueError, match=r"C has shape \(64, 256\), expected"):
        l3.fcnOp(a, b, c.reshape(64, 256), x)
    with pytest.raises(errors.InvalidValueError, match=r"X has shape \(64, 256\)"):
        l3.fcnOp(a, b, c, x.reshape(64, 256))
    with pytest.raises(errors.InvalidValueError, match="3 dimensions"):
        l3.fcnOp(a.reshape(1, 128, 128), b, c, x)


def test_results_need_an_array_they_can_be_written_into(opened):
    a, _, c, _ = opened
    l3.sendMat(c.T)
    with pytest.raises(errors.InvalidValueError, match="not C-contiguous"):
        l3.getMat(c.T)
    with pytest.raises(errors.InvalidValueError, match="not C-contiguous"):
        l3.getMatByAddress(np.zeros((8, 8), np.int16).T, 2)
    frozen = a.copy()
    frozen.flags.writeable = False
    l3.sendMat(frozen)
    with pytest.raises(errors.InvalidValueError, match="read-only"):
        l3.getMat(frozen)


def test_fields_out_of_range(opened):
    a, b, c, x = opened
    for name, values in {
        "postScale": (-1, 65536),
        "postShift": (-1, 256),
        "preluScale": (-513, 512),
        "preluAlpha": (-1, 32),
    }.items():
        for value in values:
            with pytest.raises(errors.InvalidValueError, match=f"{name} is {value}, expected"):
                l3.fcnOp(a, b, c, x, **{name: value})
    with pytest.raises(errors.InvalidValueError, match=r"postScale is 1\.5"):
        l3.fcnOp(a, b, c, x, 1.5)
    with pytest.raises(errors.InvalidValueError, match="postScale is 4294967296"):
        l3.fcnOp(a, b, c, x, 2**32)


def test_page_offsets(opened):
    a, b, c, x = opened
    pages = a.nbytes // 4096
    with pytest.raises(errors.InvalidValueError, match="offset of B is page 1, expected 2"):
        l3.fcnOpByAddress(2, 1, 2 + 2 * pages, 2 + 3 * pages, a, b, c, x)
    with pytest.raises(errors.InvalidValueError, match="run into a matrix that was sent"):
        l3.fcnOpByAddress(3, 2 + pages, 2 + 2 * pages, 2 + 3 * pages, a, b, c, x)
    with pytest.raises(errors.InvalidValueError, match="overlaps"):
        l3.fcnOpByAddress(2, 2 + pages, 2, 2 + 3 * pages, a, b, c, x)
    with pytest.raises(errors.InvalidValueError, match="offset is page 4294967295"):
        l3.getMatByAddress(c, 2**32 - 1)


def test_not_padded_for_the_image(generator):
    path = xfblas.image_path("seed_short")
    arguments = type("Arguments", (), {"xclbin": str(path), "lib": None, "cfg": None})
    l3.createFcn(arguments, l3.parse_cfg(path))
    a, b, c = (np.ones(shape, np.int16) for shape in ((100, 128), (128, 128), (100, 128)))
    x = np.ones((100, 128), np.int32)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix)
    with pytest.raises(errors.NotPaddedError, match=r"m is 100.*multiple of 128.*to 128"):
        l3.fcnOp(a, b, c, x)


def test_instruction_page_full(opened):
    a, b, c, x = opened
    for _ in range(1 << 16):
        l3.fcnOpByAddress(2, 10, 18, 26, a, b, c, x)
    with pytest.raises(errors.QueueFullError, match="65536 instructions"):
        l3.fcnOp(a, b, c, x)


def test_nothing_queued(opened):
    with pytest.raises(errors.InvalidValueError, match="no instruction is queued"):
        l3.execute()
    with pytest.raises(errors.InvalidValueError, match="no instruction is queued"):
        l3.executeAsync()


def test_use_after_destroy(arguments, options):
    l3.createFcn(arguments, options)
    a = np.ones((128, 128), np.int16)
    l3.sendMat(a)
    l3.destroy()
    for call in (lambda: l3.sendMat(a), lambda: l3.getMat(a), l3.execute, l3.destroy):
        with pytest.raises(errors.NotInitializedError, match="destroyed"):
            call()
    l3.createFcn(arguments, options)
    with pytest.raises(errors.NotFoundError):
        l3.getMat(a)


def test_created_twice(opened, arguments, options):
    with pytest.raises(errors.InvalidValueError, match="in use by the Fcn engine"):
        l3.createFcn(arguments, options)


def test_create_checks_its_arguments(arguments, options, tmp_path):
    def changed(**changes):
        return type("Arguments", (), {**vars(arguments), **changes})

    with pytest.raises(errors.InvalidValueError, match="compute_units is 0"):
        l3.createFcn(arguments, options, 0)
    with pytest.raises(errors.InvalidValueError, match="compute units is 99"):
        l3.createFcn(arguments, options, 99)
    with pytest.raises(errors.InvalidValueError, match="device index is 999"):
        l3.createFcn(arguments, options, 1, 999)
    with pytest.raises(errors.ImageError, match="no such file"):
        l3.createFcn(changed(xclbin="missing.xclbin"), options)
    with pytest.raises(errors.NotSupportedError, match="runFcn is not 1"):
        l3.createFcn(arguments, {**options, "BLAS_runFcn": "0"})
    with pytest.raises(errors.ImageError, match=r"parse the config_info\.dat of this image"):
        l3.createFcn(arguments, {**options, "BLAS_ddrWidth": "8"})

    cfg = tmp_path / "config_info.dat"
    cfg.write_text(Path(arguments.cfg).read_text().replace("numInstr=", "numInstr=1"))
    with pytest.raises(errors.ImageError, match="numInstr"):
        l3.createFcn(changed(cfg=str(cfg)), options)
    cfg.write_text("BLAS_dataType=short\nBLAS_ddrWidth 32\n")
    with pytest.raises(errors.ImageError, match="line 2"):
        l3.createFcn(changed(cfg=str(cfg)), options)

    garbage = tmp_path / "library.so"
    garbage.write_bytes(b"not a library")
    with pytest.raises(errors.InvalidValueError, match="cannot be loaded"):
        l3.createFcn(changed(lib=str(garbage)), options)
    with pytest.raises(errors.InvalidValueError, match="not the xfblas library"):
        l3.createFcn(changed(lib="libm.so.6"), options)
    assert l3.createFcn(arguments, options) is True


def test_reading_by_address_checks_the_dtype(opened):
    for wrong in (np.array([None]), np.zeros(4), np.zeros(4, np.uint8)):
        with pytest.raises(errors.DtypeError, match="this image computes with"):
            l3.getMatByAddress(wrong, 2)


def test_create_with_foreign_objects(arguments, options):
    with pytest.raises(errors.InvalidValueError, match="xclbin_opts is None"):
        l3.createFcn(arguments, None)
    with pytest.raises(errors.InvalidValueError, match=r"path \.xclbin"):
        l3.createFcn(object(), options)
    wrong = type("Arguments", (), {**vars(arguments), "lib": "a\0b"})
    with pytest.raises(errors.InvalidValueError, match="cannot be loaded"):
        l3.createFcn(wrong, options)
    wrong = type("Arguments", (), {**vars(arguments), "cfg": "/"})
    with pytest.raises(errors.ImageError, match="no such file"):
        l3.createFcn(wrong, options)


def test_a_manager_checks_its_library_and_image(arguments, tmp_path):
    garbage = tmp_path / "library.so"
    garbage.write_bytes(b"not a library")
    for make in (l3.XFBLASManager, l3.createManager):
        with pytest.raises(errors.InvalidValueError, match="cannot be loaded"):
            make(str(garbage))
        with pytest.raises(errors.InvalidValueError, match="not the xfblas library"):
            make("libm.so.6")
    manager = l3.XFBLASManager()
    with pytest.raises(errors.ImageError, match="no such file"):
        manager.createGemm("missing.xclbin", 1, 0)
    with pytest.raises(errors.NotInitializedError, match="device 0 was not created"):
        manager.execute(0, 0)
    manager.createGemm(arguments.xclbin, 1, 0)
    with pytest.raises(errors.InvalidValueError, match="in use by the Gemm engine"):
        manager.createFcn(arguments.xclbin, 1, 0)
