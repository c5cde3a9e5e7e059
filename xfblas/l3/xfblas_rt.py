"""``XfblasRT``: a chain of layers with scales given as lists, as in the public library."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xfblas.arrays import as_rows, seen
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device import Device
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.graph.network import subtracted
from xfblas.image.configuration import Configuration
from xfblas.l3.public_steps import PublicSteps
from xfblas.l3.session import session
from xfblas.program.chain import Chain, run_in_parts
from xfblas.program.network_engine import ROWS_PER_PROGRAM
from xfblas.quantization import QuantizedLayer, QuantizedNetwork, quantize_explicitly
from xfblas.quantization.explicit import (
    require_finite,
    require_pairs,
    require_per_layer,
)
from xfblas.quantization.instruction_fields import wrap
from xfblas.quantization.layers import LEGACY
from xfblas.rows.row_source import as_real
from xfblas.uncopied import Uncopied


class XfblasRT(PublicSteps, Uncopied):
    """Linear layers on a compute unit of a device that createFcn opened.

    A subclass may replace the steps of :class:`~xfblas.l3.public_steps.PublicSteps`, such as
    ``loadInstr`` or ``loadInstrByAddress``; then it predicts by them.

    Args:
        xclbin_opts: the image's configuration, as parse_cfg reads it.
        wgt: list of weights, (k, n) each.
        bias: list of biases, (n,) each, or (m, n).
        wgt_scale, bias_scale: lists of factors to integers; unused on a float image.
        post_scale: list of [postScale, postShift]; unused on a float image.
        relu_scale: list of [preluScale, preluAlpha], or None for linear layers.
        idxKernel: index of the compute unit.
        idxDevice: index of the device.

    Raises:
        NotInitializedError: the device was not created.
        InvalidValueError: a list is too short or too long, or shapes do not chain.
    """

    def __init__(
        self,
        xclbin_opts: Mapping[str, str] | None,
        wgt: Any,
        bias: Any,
        wgt_scale: Any,
        bias_scale: Any,
        post_scale: Any,
        relu_scale: Any = None,
        idxKernel: int = 0,
        idxDevice: int | str = 0,
    ):
        wgt = _numbers("wgt", wgt)
        bias = _numbers("bias", bias)
        require_per_layer("bias", bias, len(wgt))
        self._check_shapes(wgt, bias)
        prelus = [(1, 0)] * len(wgt) if relu_scale is None else relu_scale
        require_per_layer("relu_scale", prelus, len(wgt))
        require_pairs("relu_scale", prelus)
        names = [f"layer {index}" for index in range(len(wgt))]
        unit = session(idxDevice).unit(idxKernel)
        self._check_options(xclbin_opts, unit.device)
        if unit.device.dtype == np.float32:
            network = QuantizedNetwork(
                tuple(
                    QuantizedLayer(
                        name,
                        np.asarray(weight, np.float32),
                        np.asarray(addend, np.float32),
                        1,
                        0,
                        int(prelu[0]),
                        int(prelu[1]),
                    )
                    for name, weight, addend, prelu in zip(names, wgt, bias, prelus, strict=True)
                ),
                LEGACY,
            )
        else:
            network = quantize_explicitly(
                names,
                wgt,
                bias,
                weight_scales=wgt_scale,
                bias_scales=bias_scale,
                post_scales=post_scale,
                prelus=[(int(scale), int(alpha)) for scale, alpha in prelus],
            )
        self._start([unit], network, xclbin_opts, post_scale, relu_scale, idxKernel, idxDevice)

    def _start(
        self, units: Sequence[ComputeUnit], network: QuantizedNetwork, *options: Any
    ) -> None:
        self.network = network
        self.compute_unit = units[0]
        self._start_steps(*options)
        self._chains = [] if self.predicts_by_steps else [Chain(unit, network) for unit in units]

    def __repr__(self) -> str:
        unit = self.compute_unit
        where = f"compute unit {unit.index} of {unit.device.target}"
        return f"<xfblas.{type(self).__name__} of {self.network!r} on {where}>"

    @staticmethod
    def _check_options(xclbin_opts: Mapping[str, str] | None, device: Device) -> None:
        if xclbin_opts is None:
            return
        named = Configuration.from_options(xclbin_opts).dtype_name
        if named != device.dtype.name:
            raise DtypeError(
                f"xclbin_opts says {named}, but the device was created with an image of "
                f"{device.dtype.name}"
            )

    @staticmethod
    def _check_shapes(weights: Any, biases: Any) -> None:
        units = None
        for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            if weight.ndim != 2 or units not in (None, len(weight)) or weight.size == 0:
                expected = "(k, n)" if units is None else f"({units}, n)"
                raise InvalidValueError(
                    f"wgt[{index}] has shape {weight.shape}, expected {expected}"
                )
            units = weight.shape[1]
            if bias.ndim not in (1, 2) or bias.shape[-1] != units or bias.size == 0:
                raise InvalidValueError(
                    f"bias[{index}] has shape {bias.shape}, expected ({units},) or (m, {units})"
                )

    def predict(self, inp: Any, in_scale: Any = None) -> np.ndarray:
        """Computes the network for a batch.

        Args:
            inp: (m, k) numbers, any layout.
            in_scale: factor to integers; None on a float image.

        Returns:
            (m, n) array: the engine's integers (the caller knows their scale) or floats.

        Raises:
            InvalidValueError: ``inp`` has another width or is not finite; ``in_scale`` is missing.
        """
        batch = self._quantized(inp, in_scale)
        if self.predicts_by_steps:
            if len(batch) == 0:
                return self._finished(np.empty((0, self.network.output_units), batch.dtype))
            with self.compute_unit.lock:
                self._send_by_steps(batch)
                return self._finished(self._result_by_steps())
        # The chain holds a bias for each row from the first row on: such a batch stays whole.
        most = len(batch) if self._has_bias_per_row else ROWS_PER_PROGRAM
        return self._finished(run_in_parts(self._chains, batch, most))

    def send_matrices(self, inp: Any, in_scale: Any = None) -> None:
        """Sends a batch and queues its program; run it with single_execute or executeAsync."""
        batch = self._quantized(inp, in_scale)
        if len(batch) == 0:
            raise InvalidValueError("inp has no rows, expected 1 or more")
        if self.predicts_by_steps:
            with self.compute_unit.lock:
                self._send_by_steps(batch)
        else:
            self._chains[0].send(batch)

    def single_execute(self) -> None:
        """Runs the program of the batch that was sent."""
        self.compute_unit.execute()

    def get_result(self) -> np.ndarray:
        """The result for the batch that was sent, as :meth:`predict` returns it."""
        if self.predicts_by_steps:
            return self._finished(self._result_by_steps())
        return self._finished(self._chains[0].result())

    @property
    def _has_bias_per_row(self) -> bool:
        return any(layer.bias.ndim == 2 for layer in self.network.layers)

    def _finished(self, raw: np.ndarray) -> np.ndarray:
        return raw

    def _quantized(self, inp: Any, in_scale: Any) -> np.ndarray:
        rows = as_rows("inp", inp, self.network.features)
        for layer in self.network.layers:
            if layer.bias.ndim == 2 and len(layer.bias) != len(rows):
                raise InvalidValueError(
                    f"inp has {len(rows)} rows, but the bias of {layer.name} was given for "
                    f"{len(layer.bias)}"
                )
        if self.network.dtype == np.float32:
            return subtracted(rows, self.network.input_offset)
        own_scale = self.network.input_scale
        if own_scale is not None:
            if in_scale is not None:
                raise InvalidValueError(
                    f"in_scale is {in_scale}, but this runtime holds its own from calibration"
                )
            return self.network.quantize_input(rows)
        if in_scale is None:
            raise InvalidValueError(
                "in_scale is None, expected the input's factor to integers: only a float image, or "
                "a runtime made with calibration rows, does without"
            )
        require_finite("in_scale", in_scale)
        if np.ndim(in_scale) and np.shape(in_scale) != (self.network.input_units,):
            raise InvalidValueError(
                f"in_scale has shape {np.shape(in_scale)}, expected a number or one for each of "
                f"the {self.network.input_units} inputs"
            )
        # What float32 cannot hold is outside of what an int16 keeps anyway.
        with np.errstate(over="ignore"):
            return wrap(rows * in_scale, np.int16)


def _numbers(name: str, given: Any) -> list[np.ndarray]:
    """An array of real numbers for each layer, of what may be one array or a list of them."""
    entries = given if isinstance(given, list) else [given]
    if not entries:
        raise InvalidValueError(f"{name} is [], expected an array for each layer")
    names = [f"{name}[{index}]" for index in range(len(entries))]
    pairs = zip(names, entries, strict=True)
    return [as_real(label, seen(label, entry)) for label, entry in pairs]
