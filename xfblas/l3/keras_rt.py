"""``KerasRT``: a Keras model, or the file of one, on a compute unit."""

from collections.abc import Mapping
from threading import Event
from typing import Any

import numpy as np

from xfblas.arrays import as_rows
from xfblas.checks import require_instance, require_switch
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device import Device
from xfblas.errors import InvalidValueError
from xfblas.graph import read_network
from xfblas.l3.session import session
from xfblas.l3.xfblas_rt import XfblasRT
from xfblas.program.clipped_inputs import clipped_inputs
from xfblas.program.network_engine import NetworkEngine
from xfblas.program.prediction import finished
from xfblas.quantization import quantize, quantize_explicitly, without_scales
from xfblas.quantization.explicit import require_pairs, require_per_layer
from xfblas.quantization.instruction_fields import prelu_fields
from xfblas.quantization.layers import LEGACY, Arithmetic
from xfblas.quantization.options import Options, takes
from xfblas.rows.columns import column_names


@takes(Options)
class KerasRT(XfblasRT):
    """Walks a model layer by layer on the Fcn engine.

    With lists of scales it computes exactly what the public library does and ``predict`` returns
    the engine's raw numbers. With ``calibration`` rows (or on a float image without lists)
    ``predict`` returns what ``keras.Model.predict`` returns, the last activation included.

    Args:
        keras_model: a keras.Model, the path of a ``.h5`` or ``.keras`` file, or a
            :class:`~xfblas.graph.Network`.
        xclbin_opts: the image's configuration, or None to take the device's.
        wgt_scale, bias_scale, post_scale: lists with one entry per Dense layer.
        relu_scale: list of [preluScale, preluAlpha] to use instead of the model's activations.
        idxKernel: index of the compute unit.
        idxDevice: index of a device that createFcn opened.
        calibration: (m, k) typical inputs to derive the scales from. The names of a data frame's
            columns are remembered: ``predict`` puts a frame's columns in their order.
        compute_unit: a :class:`~xfblas.ComputeUnit` of an opened device, instead of indices, or
            the :class:`~xfblas.Device`: then ``predict`` splits its rows over all units.
        legacy: the public engine's arithmetic, floor and wrap; by default where lists are given.
        architecture: for a file that holds weights alone, see :func:`~xfblas.graph.read_network`.
        strict: whether calibration rows that tell too little are an error instead of a warning.
        trusted: whether a file is read at once, see :func:`~xfblas.graph.read_network`.
        **quantization: where there are calibration rows, options of :func:`xfblas.quantize`:

    Raises:
        UnsupportedModelError: names every layer that cannot be run, with the reason.
        InvalidValueError: scales are neither given nor to be derived, or do not fit the layers.
        CalibrationError: with ``strict``, see :func:`xfblas.quantize`.
    """

    def __init__(
        self,
        keras_model: Any,
        xclbin_opts: Mapping[str, str] | None = None,
        wgt_scale: Any = None,
        bias_scale: Any = None,
        post_scale: Any = None,
        relu_scale: Any = None,
        idxKernel: int = 0,
        idxDevice: int | str = 0,
        *,
        calibration: Any = None,
        compute_unit: ComputeUnit | Device | None = None,
        legacy: bool | None = None,
        architecture: Any = None,
        strict: bool = False,
        trusted: bool = False,
        **quantization: Any,
    ):
        require_switch("strict", strict)
        if legacy is not None:
            require_switch("legacy", legacy)
        given_unit = session(idxDevice).unit(idxKernel) if compute_unit is None else compute_unit
        require_instance("compute_unit", given_unit, ComputeUnit, Device)
        units = given_unit.sharing_units if isinstance(given_unit, Device) else (given_unit,)
        unit = units[0]
        self._check_options(xclbin_opts, unit.device)
        lists = {"wgt_scale": wgt_scale, "bias_scale": bias_scale, "post_scale": post_scale}
        given = [name for name, value in lists.items() if value is not None]
        is_plain = bool(given or legacy) or quantization.get("method") == "gemx"
        tables = unit.device.dtype != np.float32 and not is_plain
        model = read_network(keras_model, architecture, tables, trusted=trusted)
        if given:
            model.require_no_tables("a program by lists of scales")
        #: Whether predict returns the engine's raw numbers instead of the model's output.
        self.returns_raw = bool(given)
        options = {name: value for name, value in quantization.items() if value is not None}
        if options and (given or unit.device.dtype == np.float32):
            scales = "lists of scales were given too" if given else "a float image has no scales"
            raise InvalidValueError(f"{', '.join(options)} was given, but {scales}")
        if unit.device.dtype == np.float32:
            network = without_scales(model)
        elif given:
            self._check_lists(lists, calibration)
            layers = model.without_center().layers
            network = quantize_explicitly(
                [layer.name for layer in layers],
                [layer.kernel.astype(np.float32) for layer in layers],
                [layer.bias.astype(np.float32) for layer in layers],
                weight_scales=wgt_scale,
                bias_scales=bias_scale,
                post_scales=post_scale,
                prelus=self._prelus(model, relu_scale),
                arithmetic=LEGACY if legacy in (None, True) else Arithmetic(),
            )
        elif calibration is None:
            raise InvalidValueError(
                "calibration is None: an int16 image needs typical input rows to derive its "
                "scales from, or the lists wgt_scale, bias_scale and post_scale"
            )
        else:
            network = quantize(model, calibration, strict=strict, legacy=bool(legacy), **options)
        self.model = model
        self._columns = column_names(calibration)
        self._clipped = clipped_inputs(model.layers[0].name, network, self._columns, Event())
        #: The model as it was given, which programs for the public library walk over.
        self.kmodel = keras_model
        self._start(units, network, xclbin_opts, post_scale, relu_scale, idxKernel, idxDevice)
        #: Float rows to the model's output; None where the caller gives scales.
        takes_all = not self.returns_raw and bool(self._chains)
        self._plain = NetworkEngine(self._chains, self._clipped) if takes_all else None

    @staticmethod
    def _check_lists(lists: dict[str, Any], calibration: Any) -> None:
        missing = [name for name, value in lists.items() if value is None]
        if missing:
            raise InvalidValueError(
                f"{', '.join(missing)} is None, expected a list like the others"
            )
        if calibration is not None:
            raise InvalidValueError(
                "calibration and lists of scales were both given, expected one of them"
            )

    @staticmethod
    def _prelus(model: Any, relu_scale: Any) -> Any:
        if relu_scale is None:
            return [prelu_fields(layer.activation, layer.negative_slope) for layer in model.layers]
        require_per_layer("relu_scale", relu_scale, len(model.layers))
        require_pairs("relu_scale", relu_scale)
        return [tuple(map(int, pair)) for pair in relu_scale]

    def predict(self, inp: Any, in_scale: Any = None) -> np.ndarray:
        """The model's output, or with lists of scales the engine's numbers, (m, n).

        See :meth:`XfblasRT.predict` for arguments and errors. Without lists rows of any type become
        float32 first, as in Keras.
        """
        if self._plain is None or in_scale is not None or self.predicts_by_steps:
            return super().predict(inp, in_scale)
        return self._plain.predict(self._single(inp))

    def statistics(self) -> dict[str, dict[str, Any]]:
        """What was clipped of its inputs, see :meth:`xfblas.CompiledModel.statistics`."""
        clipped = self._clipped
        return {} if clipped is None else {self.model.layers[0].name: clipped.statistics()}

    def _quantized(self, inp: Any, in_scale: Any) -> Any:
        rows = inp if self.returns_raw else self._single(inp)
        batch = super()._quantized(rows, in_scale)
        if self._clipped is not None:
            self._clipped.look(rows)
        return batch

    def _single(self, inp: Any) -> np.ndarray:
        return as_rows("inp", inp, self.network.features, np.float32, self._columns)

    def _finished(self, raw: np.ndarray) -> Any:
        return raw if self.returns_raw else finished(self.network, raw)
