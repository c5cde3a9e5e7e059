"""Products with a kernel: the layer Dense, alone or for each step of time."""

from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.keras_files.origin import OWN_CODE, is_of_keras
from xfblas.layers.activation_rules import activation
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, RULES, CannotRun, Operation, Place, reads
from xfblas.layers.settings import number

#: Words in the data type of a layer after ``model.quantize``.
QUANTIZED_POLICIES = ("Quantized", "int8", "int4", "float8", "gptq/", "awq/")
#: Layers that do the same to every vector along the last axis.
_BY_LAST_AXIS = ("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "QDense", "QActivation")


@dataclass(frozen=True, eq=False)
class Dense(Operation):
    """``x @ kernel + bias`` of every vector along the last axis.

    Attributes:
        units: how many it gives, or None if the configuration does not say.
        kernel: (k, n) float32, once it is placed; before that where no weights tell it.
        bias: (n,) float32.
        steps: (n,) float64, of which each output's weights are whole multiples; None where they
            are of no grid.
    """

    is_for_engine = True

    units: int | None
    kernel: np.ndarray | None = field(default=None, kw_only=True)
    bias: np.ndarray | None = field(default=None, kw_only=True)
    steps: np.ndarray | None = field(default=None, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "Dense":
        """See :meth:`Operation.at`."""
        kernel = weights["kernel"] if self.kernel is None else self.kernel
        shape = place.shapes[0]
        if kernel.ndim != 2 or 0 in kernel.shape:
            raise self.wrong_shape(place.where, "kernel", kernel, "(inputs, units)")
        if not shape:
            raise CannotRun("its input has single values as rows, expected an axis")
        inputs, units = kernel.shape
        wanted = (shape[-1] or inputs, units if self.units is None else self.units)
        if kernel.shape != wanted:
            raise self.wrong_shape(place.where, "kernel", kernel, f"{wanted}")
        bias = weights.get("bias", self.bias)
        bias = np.zeros(units, np.float32) if bias is None else bias
        if bias.shape != (units,):
            raise self.wrong_shape(place.where, "bias", bias, f"({units},)")
        return replace(self, kernel=kernel, bias=bias, place=place, shape=(*shape[:-1], units))

    def on_host(self) -> HostOperation:
        """See :meth:`Operation.on_host`."""
        return HostOperation(
            self.layer,
            "dense",
            arrays={"kernel": self.kernel, "bias": self.bias},
            place=self.place,
            shape=self.shape,
        )


@reads("Dense")
def _dense(layer):
    config = layer.config
    policy = str(config.get("dtype"))
    if config.get("quantization_config") or any(word in policy for word in QUANTIZED_POLICIES):
        raise CannotRun("its weights were quantized by Keras; save the model before quantize()")
    units = number(config.get("units", config.get("output_dim")), None)
    has_bias = config.get("use_bias", config.get("bias", True))  # Keras 1 called it bias
    weights = ("kernel", "bias") if has_bias else ("kernel",)
    dense = Dense(layer, None if units is None else int(units), weights=weights)
    return [dense, *activation(layer)]


@reads("TimeDistributed")
def _time_distributed(layer):
    """The inner layer for each step of time; those below take the last axis alone anyway."""
    inner = layer.config.get("layer")
    inner = inner if isinstance(inner, dict) else {}
    if not is_of_keras(inner):
        raise CannotRun(f"its layer {OWN_CODE}")
    name, config = str(inner.get("class_name")), inner.get("config")
    if name not in _BY_LAST_AXIS or not isinstance(config, dict):
        raise CannotRun(f"its layer is {name[:60]}, expected one of {', '.join(_BY_LAST_AXIS)}")
    spec = replace(layer, class_name=name, config=config)
    return [replace(part, layer=layer, refusal=NO_SUCH_LAYER) for part in RULES[name](spec)]
