"""The L3 functions in the orders in which programs call them."""

import numpy as np
import oracle
import xfblas_L3 as l3


def matrices(generator, *shapes):
    return [generator.integers(-32768, 32768, shape).astype(np.int16) for shape in shapes]


def test_gemm(arguments, options, generator):
    l3.createGemm(arguments, options, 1, 0)
    a, b, c = matrices(generator, (128, 256), (256, 128), (128, 128))
    expected = oracle.gemm(a, b, c)
    for matrix in (a, b, c):
        assert l3.sendMat(matrix) is True
    assert l3.gemmOp(a, b, c) is True
    assert l3.getMat(c) is True
    np.testing.assert_array_equal(c, expected)


def test_gemv(arguments, options, generator):
    l3.createGemv(arguments, options)
    a, x, y = matrices(generator, (256, 128), (128,), (256,))
    expected = oracle.gemm(a, x[:, None], y[:, None])[:, 0]
    for matrix in (a, x, y):
        l3.sendMat(matrix)
    l3.gemvOp(a, x, y)
    l3.execute()
    l3.getMat(y)
    np.testing.assert_array_equal(y, expected)


def test_fcn_with_all_fields(arguments, options, generator):
    l3.createFcn(arguments, options)
    a, b, c = matrices(generator, (128, 128), (128, 256), (128, 256))
    x = generator.integers(-(2**31), 2**31, (128, 256)).astype(np.int32)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix)
    l3.fcnOp(a, b, c, x, 3, 18, 410, 11, 0, 0)
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, b, x, (3, 18), (410, 11)))


def test_operations_before_the_last_matrix_is_sent_and_data_replaced_between_runs(
    arguments, options, generator
):
    l3.createFcn(arguments, options)
    a, b, c, d = matrices(generator, (128, 128), (128, 128), (128, 128), (128, 128))
    x = np.zeros((128, 128), np.int32)
    for matrix in (b, c, x, a):
        l3.sendMat(matrix)
    l3.fcnOp(a, b, c, x)
    l3.sendMat(d)
    l3.fcnOp(c, b, d, x)
    l3.execute()
    l3.getMat(d)
    np.testing.assert_array_equal(d, oracle.fcn(oracle.fcn(a, b), b))
    a[:] = a[::-1].copy()
    l3.sendMat(a)
    l3.execute()  # nothing new is queued: the program runs again, on the new data
    l3.getMat(d)
    np.testing.assert_array_equal(d, oracle.fcn(oracle.fcn(a, b), b))


def test_what_is_queued_after_a_run_runs_alone(arguments, options, generator):
    l3.createGemm(arguments, options)
    a, b, c, d = matrices(generator, *[(128, 128)] * 4)
    for matrix in (a, b, c, d):
        l3.sendMat(matrix)
    first, second = oracle.gemm(a, b, c), oracle.gemm(b, a, d)
    l3.gemmOp(a, b, c)
    l3.execute()
    l3.gemmOp(b, a, d)
    l3.execute()
    l3.getMat(c)
    l3.getMat(d)
    np.testing.assert_array_equal(c, first)
    np.testing.assert_array_equal(d, second)


def test_page_offsets_as_programs_compute_them(arguments, options, generator):
    """Two layers whose activations lie behind the matrices sent, where nothing was allocated."""
    l3.createFcn(arguments, options)
    weights = matrices(generator, (128, 256), (256, 128))
    shapes = [(128, 128), (128, 256), (128, 128)]
    biases = [generator.integers(-9, 9, shape).astype(np.int32) for shape in shapes[1:]]
    offsets = [2]
    for matrix in (*weights, *biases):
        l3.sendMat(matrix)
        offsets.append(offsets[-1] + matrix.nbytes // 4096)
    for _ in range(3):  # every prediction frees its input and sends the next to the same place
        buffers = matrices(generator, *shapes)
        places = [offsets[-1]]
        for buffer in buffers:
            places.append(places[-1] + buffer.nbytes // 4096)
        l3.sendMat(buffers[0])
        l3.freeInstr()
        for layer in range(2):
            l3.fcnOpByAddress(
                *(places[layer], offsets[layer], places[layer + 1], offsets[2 + layer]),
                *(buffers[layer], weights[layer], buffers[layer + 1], biases[layer]),
                *(5, 9, 0, 0, 0, 0),
            )
        l3.execute()
        result = np.empty_like(buffers[-1])
        l3.getMatByAddress(result, places[2])
        expected = buffers[0]
        for weight, bias in zip(weights, biases, strict=True):
            expected = oracle.fcn(expected, weight, bias, (5, 9), (0, 0))
        np.testing.assert_array_equal(result, expected)
        l3.freeMat(buffers[0])


def test_two_devices_and_their_units_at_once(arguments, options, generator):
    import xfblas

    other = type(arguments)(xclbin=str(xfblas.image_path("default_short")), cfg=None, lib=None)
    l3.createFcn(arguments, options, 1, 0)
    l3.createGemm(other, l3.parse_cfg(other.xclbin), 2, 3)
    a, b, c = matrices(generator, *[(128, 128)] * 3)
    x = np.zeros((128, 128), np.int32)
    expected = oracle.gemm(a, b, c)
    product = oracle.fcn(a, b)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix, 0, 0)
    for unit in range(2):
        for matrix in (a, b, c):
            l3.sendMat(matrix, unit, 3)
        l3.gemmOp(a, b, c, unit, 3)
    l3.fcnOp(a, b, c, x)
    l3.executeAsync(2, 3)
    l3.getMat(c)
    np.testing.assert_array_equal(c, product)
    l3.destroy(1, 0)
    for unit in range(2):
        l3.getMat(c, unit, 3)
        np.testing.assert_array_equal(c, expected)


def test_arrays_of_any_layout_are_sent(arguments, options, generator):
    l3.createFcn(arguments, options)
    a, c = matrices(generator, *[(128, 128)] * 2)
    x = np.asfortranarray(generator.integers(-9, 9, (128, 128)).astype(np.int32))
    for matrix in (a, a.T, c, x):
        l3.sendMat(matrix)
    l3.fcnOp(a, a.T, c, x)
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, a.T, x))
    a[0] = 7
    l3.sendMat(a)
    l3.sendMat(a.T)
    l3.execute()
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, a.T, x))


def test_a_bias_row_stands_for_a_matrix_of_it(arguments, options, generator):
    l3.createFcn(arguments, options)
    a, b, c = matrices(generator, *[(128, 128)] * 3)
    x = generator.integers(-(2**31), 2**31, 128).astype(np.int32)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix)
    l3.fcnOp(a, b, c, x, 1, 7)
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, b, x, (1, 7)))


def test_command_line_defaults_to_the_packaged_image(monkeypatch):
    monkeypatch.setattr("sys.argv", ["program"])
    args, options = l3.processCommandLine()
    assert args.lib is None
    assert options["BLAS_dataType"] == options["GEMX_dataType"] == "short"
    assert l3.createFcn(args, options, int(options["BLAS_numKernels"]), 0) is True


def test_a_manager_has_the_same_functions(arguments, generator):
    assert l3.createManager(None) is True
    manager = l3.XFBLASManager(None)
    assert manager.createGemm(arguments.xclbin, 1, 0) is True
    assert manager.createFcn(arguments.xclbin, 1, 1) is True
    assert manager.createGemv(arguments.xclbin, 1, 2) is True
    a, b, c, d = matrices(generator, *[(128, 128)] * 4)
    vector, result = matrices(generator, (128,), (128,))
    x = generator.integers(-999, 999, (128, 128)).astype(np.int32)
    product, layer = oracle.gemm(a, b, c), oracle.fcn(a, b, x, (3, 9), (0, 0))
    for matrix in (a, b, c):
        assert manager.sendMat(matrix, 0, 0) is True
    for matrix in (a, b, d, x):
        manager.sendMat(matrix, 0, 1)
    for matrix in (a, vector, result):
        manager.sendMat(matrix, 0, 2)
    expected = oracle.gemm(a, vector[:, None], result[:, None])[:, 0]
    assert manager.gemmOp(a, b, c, 0, 0) is True
    assert manager.fcnOp(a, b, d, x, 3, 9, 0, 0, 0, 1) is True
    assert manager.gemvOp(a, vector, result, 0, 2) is True
    assert manager.execute(0, 1) is True
    assert manager.executeAsync(1, 2) is True
    for matrix, device in ((c, 0), (d, 1), (result, 2)):
        assert manager.getMat(matrix, 0, device) is True
    np.testing.assert_array_equal(c, product)
    np.testing.assert_array_equal(d, layer)
    np.testing.assert_array_equal(result, expected)
    manager.freeInstr(0, 1)
    manager.fcnOpByAddress(2, 10, 18, 26, a, b, d, x, 3, 9, 0, 0, 0, 1)
    manager.execute(0, 1)
    found = np.empty_like(d)
    manager.getMatByAddress(found, 18, 0, 1)
    np.testing.assert_array_equal(found, layer)
    assert manager.freeMat(d, 0, 1) is True
    l3.sendMat(d, 0, 1)  # functions and managers see the same devices
    for device in range(3):
        assert manager.destroy(1, device) is True
