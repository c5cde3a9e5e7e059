"""Runtimes whose steps a program replaces, as scripts for the public library do."""

import inspect
import types
from itertools import pairwise
from types import SimpleNamespace

import mlp_common
import numpy as np
import oracle
import pytest
import xfblas_L3 as xfblas_l3
from keras_rt import KerasRT
from xfblas_L3_rt import XfblasRT

import xfblas
from xfblas import errors
from xfblas.graph import Layer, Network

WIDTHS = (37, 20, 9, 4)
POST = [[1, 12], [5, 16], [3, 11]]
IN_SCALE = 31.13


@pytest.fixture(params=["default_short", "seed_short"])
def options(request):
    path = xfblas.image_path(request.param)
    arguments = SimpleNamespace(xclbin=str(path), cfg=None, lib=None)
    options = xfblas_l3.parse_cfg(path)
    xfblas_l3.createFcn(arguments, options, int(options["BLAS_numKernels"]))
    yield options
    xfblas_l3.destroy()


@pytest.fixture
def lists(generator):
    """Weights, biases and their scales; the arguments of XfblasRT behind xclbin_opts."""
    shapes = list(pairwise(WIDTHS))
    weights = [generator.standard_normal(shape).astype(np.float32) for shape in shapes]
    biases = [generator.standard_normal(shape[1]).astype(np.float32) for shape in shapes]
    scales = [2000.0, 1500.0, 900.0]
    return weights, biases, scales, scales, POST


def network_of(weights, biases, activations):
    slopes = {"relu": 0.0, "linear": 1.0}
    layers = [
        Layer(f"d{i}", weight, bias, activation, slopes[activation])
        for i, (weight, bias, activation) in enumerate(
            zip(weights, biases, activations, strict=True)
        )
    ]
    return Network("model", tuple(layers), "softmax", (weights[0].shape[0],))


def expected_of(lists, rows, prelus):
    weights, biases, scales, _, post = lists
    current = np.int16(np.around(rows * IN_SCALE))
    for weight, bias, scale, shift, prelu in zip(
        weights, biases, scales, post, prelus, strict=True
    ):
        quantized = np.int16(np.around(weight * np.float32(scale)))
        addend = np.int32(np.around(bias * np.float32(scale)))
        current = oracle.fcn(current, quantized, addend, tuple(shift), prelu)
    return current


RELU, LINEAR = (0, 0), (1, 0)


class OwnInstructions(XfblasRT):
    """ReLU between the layers, by whichever of the two ways; counts its calls."""

    calls = 0

    def prelus(self):
        return [RELU] * (len(self._qw) - 1) + [LINEAR]


def queue_by_matrix(runtime):
    unit = runtime.idxKernel, runtime.idxDevice
    xfblas_l3.freeInstr(*unit)
    for i, (weight, bias) in enumerate(zip(runtime._qw, runtime._qb, strict=True)):
        arrays = runtime.fpga_buf[i], weight, runtime.fpga_buf[i + 1], bias
        xfblas_l3.fcnOp(*arrays, *runtime.post_scale[i], *runtime.prelus()[i], *unit)


class ByMatrix(OwnInstructions):
    def loadInstr(self):
        type(self).calls += 1
        queue_by_matrix(self)


class ByAddress(OwnInstructions):
    def loadInstrByAddress(self):
        type(self).calls += 1
        xfblas_l3.freeInstr(self.idxKernel, self.idxDevice)
        count, pages = len(self._qw), self.offset_list
        for i in range(count):
            xfblas_l3.fcnOpByAddress(
                *(pages[2 * count + i], pages[i], pages[2 * count + i + 1], pages[count + i]),
                *(self.fpga_buf[i], self._qw[i], self.fpga_buf[i + 1], self._qb[i]),
                *(*self.post_scale[i], *self.prelus()[i], self.idxKernel, self.idxDevice),
            )


class WithBoth(ByAddress, ByMatrix):
    pass


@pytest.mark.parametrize("runtime_class", [ByMatrix, ByAddress, WithBoth])
def test_own_instructions_are_what_runs(options, lists, generator, runtime_class):
    runtime_class.calls = 0
    runtime = runtime_class(options, *lists, None, 0, 0)
    prelus = [RELU, RELU, LINEAR]
    for rows in (50, 3, 130):
        batch = generator.standard_normal((rows, WIDTHS[0]))
        expected = expected_of(lists, batch, prelus)
        np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)
        runtime.send_matrices(batch, IN_SCALE)
        runtime.single_execute()
        np.testing.assert_array_equal(runtime.get_result(), expected)
    assert runtime_class.calls == 6
    assert runtime.predict(batch[:0], IN_SCALE).shape == (0, WIDTHS[-1])
    with pytest.raises(errors.InvalidValueError, match="no batch was sent"):
        runtime.get_result()


def test_two_units_of_own_instructions_run_at_once(generator, lists):
    path = xfblas.image_path("default_short")
    arguments = SimpleNamespace(xclbin=str(path), cfg=None, lib=None)
    xfblas_l3.createFcn(arguments, xfblas_l3.parse_cfg(path), 2, 0)
    try:
        runtimes = [ByAddress(None, *lists, None, unit, 0) for unit in range(2)]
        batches = [generator.standard_normal((rows, WIDTHS[0])) for rows in (12, 70)]
        for runtime, batch in zip(runtimes, batches, strict=True):
            runtime.send_matrices(batch, IN_SCALE)
        xfblas_l3.executeAsync(2, 0)
        for runtime, batch in zip(runtimes, batches, strict=True):
            expected = expected_of(lists, batch, [RELU, RELU, LINEAR])
            np.testing.assert_array_equal(runtime.get_result(), expected)
    finally:
        xfblas_l3.destroy(2, 0)


def test_runtimes_with_and_without_own_steps_share_a_unit(options, lists, generator):
    batch = generator.standard_normal((20, WIDTHS[0]))
    plain = XfblasRT(options, *lists)
    own = [ByAddress(options, *lists), ByMatrix(options, *lists)]
    for _ in range(2):
        linear = expected_of(lists, batch, [LINEAR] * 3)
        np.testing.assert_array_equal(plain.predict(batch, IN_SCALE), linear)
        np.testing.assert_array_equal(plain.predict_old(batch, IN_SCALE), linear)
        for runtime in own:
            expected = expected_of(lists, batch, [RELU, RELU, LINEAR])
            np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)
            np.testing.assert_array_equal(
                runtime.predict_old(batch, IN_SCALE),
                linear if isinstance(runtime, ByAddress) else expected,
            )


def test_a_step_put_into_one_object(options, lists, generator):
    batch = generator.standard_normal((6, WIDTHS[0]))
    runtime = XfblasRT(options, *lists)
    linear = expected_of(lists, batch, [LINEAR] * 3)
    np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), linear)
    runtime.prelus = lambda: [LINEAR, RELU, RELU]
    runtime.loadInstr = types.MethodType(queue_by_matrix, runtime)
    expected = expected_of(lists, batch, [LINEAR, RELU, RELU])
    np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)
    del runtime.loadInstr
    np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), linear)


@pytest.mark.parametrize("by_address", [False, True])
def test_a_keras_runtime_with_own_instructions(options, lists, generator, by_address):
    """The program looks at the model's layers, as the public KerasRT does."""
    weights, biases, *scales = lists
    model = network_of(weights, biases, ["relu", "linear", "relu"])

    class Runtime(KerasRT):
        def queue(self, load):
            xfblas_l3.freeInstr(self.idxKernel, self.idxDevice)
            for i, layer in enumerate(self.kmodel.layers):
                prelu = RELU if layer.activation == "relu" else LINEAR
                load(i, *self.post_scale[i], *prelu, self.idxKernel, self.idxDevice)

        def arrays(self, i):
            return self.fpga_buf[i], self._qw[i], self.fpga_buf[i + 1], self._qb[i]

    def load_by_matrix(self):
        self.queue(lambda i, *scales: xfblas_l3.fcnOp(*self.arrays(i), *scales))

    def load_by_address(self):
        count, at = len(self.kmodel.layers), self.offset_list

        def load(i, *scales):
            pages = at[2 * count + i], at[i], at[2 * count + i + 1], at[count + i]
            xfblas_l3.fcnOpByAddress(*pages, *self.arrays(i), *scales)

        self.queue(load)

    name, step = (
        ("loadInstrByAddress", load_by_address) if by_address else ("loadInstr", load_by_matrix)
    )
    runtime = type("Own", (Runtime,), {name: step})(model, options, *scales, None, 0, 0)
    batch = generator.standard_normal((33, WIDTHS[0]))
    expected = expected_of(lists, batch, [RELU, LINEAR, RELU])
    np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)
    plain = KerasRT(model, options, *scales, None, 0, 0)
    assert (plain.kmodel, runtime.kmodel) == (model, model)
    for call in (plain.predict, plain.predict_old):
        np.testing.assert_array_equal(call(batch, IN_SCALE), expected)
    probabilities = mlp_common.predict_fpga(runtime, batch, IN_SCALE)
    np.testing.assert_array_equal(probabilities, mlp_common.softmax(expected))


@pytest.mark.native
def test_own_instructions_on_a_float_image(generator, lists):
    weights, biases, *_ = lists
    model = network_of(weights, biases, ["relu", "relu", "linear"])

    class Runtime(KerasRT):
        def loadInstr(self):
            super().loadInstr()
            self.loaded = True

    path = xfblas.image_path("default_float")
    arguments = SimpleNamespace(xclbin=str(path), cfg=None, lib=None)
    options = xfblas_l3.parse_cfg(path)
    xfblas_l3.createFcn(arguments, options)
    try:
        batch = generator.standard_normal((9, WIDTHS[0])).astype(np.float32)
        runtime = Runtime(model, options, None, None, None, None, 0, 0)
        expected = KerasRT(model, options).predict(batch)
        rounding = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(runtime.predict(batch), expected, rtol=0, atol=rounding)
        assert runtime.loaded
    finally:
        xfblas_l3.destroy()


def test_every_other_step_may_be_replaced(options, lists, generator):
    """Each is called, with the arguments of the public library, and what it returns is used."""
    seen = []

    class Runtime(XfblasRT):
        def get_offset(self, w):
            seen.append("get_offset")
            return super().get_offset(w)

        def get_padded_shape(self, shape, min_row, min_col):
            seen.append("get_padded_shape")
            rows, columns = super().get_padded_shape(shape, min_row, min_col)
            return rows + self.min_n, columns + self.min_n

        def format_for_fpga(self, nparr, min_row, min_col):
            seen.append("format_for_fpga")
            return super().format_for_fpga(nparr, min_row, min_col)

        def format_bias(self, b, dim, min_row, min_col):
            seen.append("format_bias")
            return super().format_bias(b + 7, dim, min_row, min_col)

        def init_fpgabuf(self, in_shape):
            seen.append("init_fpgabuf")
            super().init_fpgabuf(in_shape)

    runtime = Runtime(options, *lists)
    batch = generator.standard_normal((11, WIDTHS[0]))
    found = runtime.predict(batch, IN_SCALE)
    assert set(seen) == {
        *("get_offset", "get_padded_shape", "format_for_fpga", "format_bias", "init_fpgabuf")
    }
    quantized = [np.int16(np.around(w * np.float32(s))) for w, s in zip(*lists[:3:2], strict=True)]
    current = np.int16(np.around(batch * IN_SCALE))
    for weight, bias, scale, post in zip(quantized, lists[1], lists[2], POST, strict=True):
        addend = np.int32(np.around(bias * np.float32(scale))) + 7
        current = oracle.fcn(current, weight, addend, tuple(post))
    np.testing.assert_array_equal(found, current)


def test_a_predict_of_its_own_calls_the_steps_one_by_one(lists, generator):
    """On an image that pads, offsets that are counted are right."""

    class Runtime(XfblasRT):
        def predict(self, inp, in_scale):
            self.init_fpgabuf(inp.shape)
            padded = self.format_for_fpga(inp * in_scale, self.min_k, self.min_n)
            self.fpga_buf[0][:] = np.int16(np.around(padded))
            for buffer in self.fpga_buf:
                self.offset_list.append(self.get_offset(buffer))
            xfblas_l3.sendMat(self.fpga_buf[0], self.idxKernel, self.idxDevice)
            self.loadInstrByAddress()
            xfblas_l3.execute(self.idxKernel, self.idxDevice)
            result = self.fpga_buf[-1]
            xfblas_l3.getMatByAddress(result, self.offset_list[-2], self.idxKernel, self.idxDevice)
            for matrix in (self.fpga_buf[0], *self._qb):
                xfblas_l3.freeMat(matrix, self.idxKernel, self.idxDevice)
            self.offset_list = self.offset_list[: len(self._qw) + 1]
            return result[: self.out_dim[0], : self.out_dim[1]]

    path = xfblas.image_path("seed_short")
    options = xfblas_l3.parse_cfg(path)
    xfblas_l3.createFcn(SimpleNamespace(xclbin=str(path), cfg=None, lib=None), options)
    try:
        runtime = Runtime(options, *lists)
        for rows in (12, 140, 5):
            batch = generator.standard_normal((rows, WIDTHS[0]))
            expected = expected_of(lists, batch, [LINEAR] * 3)
            np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)
    finally:
        xfblas_l3.destroy()


def test_a_step_that_fails_leaves_the_runtime_usable(options, lists, generator):
    class Runtime(XfblasRT):
        fails = True

        def loadInstr(self):
            super().loadInstr()
            if self.fails:
                xfblas_l3.fcnOp(self._qw[0], self._qw[0], self._qw[0], self._qb[0])

    runtime = Runtime(options, *lists)
    batch = generator.standard_normal((8, WIDTHS[0]))
    for _ in range(3):
        with pytest.raises(errors.InvalidValueError, match=r"C is|has shape|overlaps"):
            runtime.predict(batch, IN_SCALE)
    runtime.fails = False
    expected = expected_of(lists, batch, [LINEAR] * 3)
    np.testing.assert_array_equal(runtime.predict(batch, IN_SCALE), expected)


def test_what_steps_cannot_do_is_refused_in_words(options, lists, generator):
    weights, biases, *_ = lists
    model = network_of(weights, biases, ["relu", "relu", "linear"])
    rows = generator.standard_normal((20, WIDTHS[0]))
    own = type("Own", (KerasRT,), {"loadInstr": lambda self: None})
    with pytest.raises(
        errors.NotSupportedError, match="made from calibration rows, expected lists"
    ):
        own(model, options, calibration=rows)
    with xfblas.open(device=1) as device:
        runtime = KerasRT(model, calibration=rows, compute_unit=device.compute_units[0])
        with pytest.raises(errors.NotSupportedError, match="made with compute_unit, expected idx"):
            runtime.predict_old(rows)
        assert runtime.predict(rows).shape == (20, WIDTHS[-1])


PUBLIC = {
    xfblas_l3: {
        "createGemm": "args xclbin_opts numKernel=1 idxDevice=0",
        "createGemv": "args xclbin_opts numKernel=1 idxDevice=0",
        "createFcn": "args xclbin_opts numKernel=1 idxDevice=0",
        "sendMat": "A idxKernel=0 idxDevice=0",
        "getMat": "A idxKernel=0 idxDevice=0",
        "getMatByAddress": "A offset idxKernel=0 idxDevice=0",
        "freeMat": "A idxKernel=0 idxDevice=0",
        "freeInstr": "idxKernel=0 idxDevice=0",
        "gemmOp": "A B C idxKernel=0 idxDevice=0",
        "gemvOp": "A x y idxKernel=0 idxDevice=0",
        "fcnOp": "A B C X postScale=1 postShift=0 preluScale=1 preluAlpha=0 "
        "idxKernel=0 idxDevice=0",
        "fcnOpByAddress": "a b c x A B C X postScale=1 postShift=0 preluScale=1 preluAlpha=0 "
        "idxKernel=0 idxDevice=0",
        "execute": "idxKernel=0 idxDevice=0",
        "executeAsync": "numKernel=1 idxDevice=0",
        "destroy": "numKernel=1 idxDevice=0",
        "parse_cfg": "filename",
        "default_args": "",
        "processCommandLine": "",
        "createManager": "libFile",
        "XFBLASManager": "libFile",
    },
    xfblas_l3.XFBLASManager: {
        "createGemm": "self xclbin numKernel idxDevice",
        "createGemv": "self xclbin numKernel idxDevice",
        "createFcn": "self xclbin numKernel idxDevice",
        "sendMat": "A idxKernel idxDevice",
        "getMat": "A idxKernel idxDevice",
        "getMatByAddress": "A offset idxKernel idxDevice",
        "freeMat": "A idxKernel idxDevice",
        "freeInstr": "idxKernel idxDevice",
        "gemmOp": "A B C idxKernel idxDevice",
        "gemvOp": "A x y idxKernel idxDevice",
        "fcnOp": "A B C X postScale postShift preluScale preluAlpha idxKernel idxDevice",
        "fcnOpByAddress": "a b c x A B C X postScale postShift preluScale preluAlpha "
        "idxKernel idxDevice",
        "execute": "idxKernel idxDevice",
        "executeAsync": "numKernel idxDevice",
        "destroy": "numKernel idxDevice",
    },
    XfblasRT: {
        "__init__": "self xclbin_opts wgt bias wgt_scale bias_scale post_scale relu_scale "
        "idxKernel idxDevice",
        "get_offset": "self w",
        "get_padded_shape": "self shape min_row min_col",
        "format_for_fpga": "self nparr min_row min_col",
        "format_bias": "self b dim min_row min_col",
        "init_fpgabuf": "self in_shape",
        "loadInstr": "self",
        "predict_old": "self inp in_scale",
        "predict": "self inp in_scale",
        "send_matrices": "self inp in_scale",
        "single_execute": "self",
        "get_result": "self",
    },
    KerasRT: {
        "__init__": "self keras_model xclbin_opts wgt_scale bias_scale post_scale relu_scale "
        "idxKernel idxDevice",
        "loadInstr": "self",
        "loadInstrByAddress": "self",
    },
    mlp_common: {
        "predict_cpu": "model test_data",
        "init_fpga": "model xclbin_opts g_wgt_scale g_bias_scale g_post_scale relu_scale=None "
        "idxKernel=0 idxDevice=0",
        "predict_fpga": "fpga_rt test_data g_in_scale",
        "softmax": "x",
        "compare_real_results": "expected actual",
        "compute_standlone": "inp wb",
    },
}


@pytest.mark.parametrize(
    ("place", "name"), [(place, name) for place in PUBLIC for name in PUBLIC[place]]
)
def test_public_names_have_the_public_order(place, name):
    """Our own parameters follow behind; one that the public library asks for may have a default."""
    found = list(inspect.signature(getattr(place, name)).parameters.values())
    for parameter, expected in zip(found, PUBLIC[place][name].split(), strict=False):
        public, _, default = expected.partition("=")
        assert parameter.name == public
        if default:
            assert str(parameter.default) == default
    assert len(found) >= len(PUBLIC[place][name].split())
    assert all(
        parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD
        for parameter in found[len(PUBLIC[place][name].split()) :]
    )
