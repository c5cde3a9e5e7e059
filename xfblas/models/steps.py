"""What each Keras layer means: dense products, scalings, slopes, shapes, and host functions."""

from dataclasses import replace

from xfblas.models.activation_rules import ACTIVATION_RULES, activation
from xfblas.models.architecture import LayerSpec
from xfblas.models.host_rules import HOST_RULES, NO_SUCH_LAYER
from xfblas.models.operation_rules import operation_steps
from xfblas.models.origin import OWN_CODE, is_of_keras
from xfblas.models.scaling import SCALING_RULES
from xfblas.models.settings import number, require_channels_last
from xfblas.models.step import CannotRun, Step

#: Layers that pass their input on when a model predicts.
IDENTITIES = (
    "InputLayer",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ActivityRegularization",
    "Identity",
)

#: Words in the data type of a layer after ``model.quantize``.
QUANTIZED_POLICIES = ("Quantized", "int8", "int4", "float8", "gptq/", "awq/")


def steps_of(layer: LayerSpec) -> list[Step]:
    """The steps of one layer; none where it passes its input on.

    Raises:
        CannotRun: with the reason.
    """
    if layer.problem is not None:
        raise CannotRun(layer.problem)
    policy = layer.config.get("dtype")
    if isinstance(policy, dict) and not is_of_keras(policy):
        raise CannotRun(f"its dtype policy {OWN_CODE}")
    if layer.is_operation:
        return operation_steps(layer)
    if layer.class_name in IDENTITIES:
        return []
    if layer.class_name not in RULES:
        raise CannotRun(NO_SUCH_LAYER)
    return RULES[layer.class_name](layer)


def makes_mask(layer: LayerSpec) -> bool:
    """Whether later layers may skip what this one has masked."""
    return layer.class_name == "Masking" or bool(layer.config.get("mask_zero"))


def _dense(layer):
    config = layer.config
    policy = str(config.get("dtype"))
    if config.get("quantization_config") or any(word in policy for word in QUANTIZED_POLICIES):
        raise CannotRun("its weights were quantized by Keras; save the model before quantize()")
    units = number(config.get("units", config.get("output_dim")), None)
    has_bias = config.get("use_bias", config.get("bias", True))  # Keras 1 called it bias
    weights = ("kernel", "bias") if has_bias else ("kernel",)
    dense = Step("dense", layer, None if units is None else int(units), weights)
    return [dense, *activation(layer)]


def _flatten(layer):
    require_channels_last(layer.config)
    return [Step("shape", layer, ())]


def _reshape(layer):
    target = layer.config.get("target_shape", layer.config.get("dims"))
    if not isinstance(target, (list, tuple)) or not all(
        isinstance(size, int) and (size > 0 or size == -1) for size in target
    ):
        raise CannotRun(f"target_shape is {target!r}, expected sizes")
    return [Step("shape", layer, () if len(target) == 1 else tuple(target))]


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
    return [replace(step, layer=layer, refusal=NO_SUCH_LAYER) for step in RULES[name](spec)]


#: Layers that do the same to every vector along the last axis.
_BY_LAST_AXIS = ("Dense", "Activation", "ReLU", "LeakyReLU", "ELU")

RULES = {
    "TimeDistributed": _time_distributed,
    "Dense": _dense,
    **ACTIVATION_RULES,
    **SCALING_RULES,
    **HOST_RULES,
    "Flatten": _flatten,
    "Reshape": _reshape,
}
