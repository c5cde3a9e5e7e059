"""What each Keras layer means for the engine: dense products, scalings, slopes, shapes."""

import math
from dataclasses import dataclass

from xfblas.models.activations import ENGINE_SLOPES, HOST_FUNCTIONS, SYNONYMS
from xfblas.models.architecture import LayerSpec

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
QUANTIZED_POLICIES = ("Quantized", "int8", "int4", "float8")


class CannotRun(Exception):
    """Why a layer cannot be run; gathered over all layers before the caller sees any."""


@dataclass(frozen=True)
class Step:
    """One thing that happens to the rows.

    Attributes:
        kind: 'dense' (value: units, or None if not stated), 'scale' (value: epsilon and axis),
            'slope' (value: the slope), 'shared_slope' (the slope is a weight), 'output' (value:
            the host's activation), 'shape' (value: the row's new shape, () for flat).
        layer: where it comes from.
        weights: kinds of the layer's weights, in Keras' order.
    """

    kind: str
    layer: LayerSpec
    value: object = None
    weights: tuple[str, ...] = ()


def steps_of(layer: LayerSpec) -> list[Step]:
    """The steps of one layer; none where it passes its input on.

    Raises:
        CannotRun: with the reason.
    """
    if layer.problem is not None:
        raise CannotRun(layer.problem)
    if layer.class_name in IDENTITIES:
        return []
    if layer.class_name not in RULES:
        raise CannotRun("the engine has no such layer")
    return RULES[layer.class_name](layer)


def number(value: object, default: float | None) -> float | None:
    """A number of a configuration; some Keras versions wrap it as a numpy value in a dict."""
    while isinstance(value, dict):
        value = value.get("value", value.get("config"))
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CannotRun(f"its configuration has {value!r} where a number is expected")
    if not math.isfinite(value):
        raise CannotRun(f"its configuration has {value}, expected a finite number")
    return float(value)


def _dense(layer):
    config = layer.config
    policy = str(config.get("dtype"))
    if config.get("quantization_config") or any(word in policy for word in QUANTIZED_POLICIES):
        raise CannotRun("its weights were quantized by Keras; save the model before quantize()")
    units = number(config.get("units", config.get("output_dim")), None)
    has_bias = config.get("use_bias", config.get("bias", True))  # Keras 1 called it bias
    weights = ("kernel", "bias") if has_bias else ("kernel",)
    dense = Step("dense", layer, None if units is None else int(units), weights)
    return [dense, *_activation(layer)]


def _activation(layer):
    """The steps of a configuration's ``activation``: a name, or in some versions a layer."""
    given = layer.config.get("activation")
    if isinstance(given, dict):
        if given.get("class_name") == "function" and given.get("module") == "keras.activations":
            given = given.get("config")
        elif given.get("class_name") in ("LeakyReLU", "ReLU", "Softmax", "ELU"):
            inner = given.get("config")
            inner = inner if isinstance(inner, dict) else {}
            return RULES[given["class_name"]](
                LayerSpec(layer.name, layer.class_name, inner, layer.models, layer.slot)
            )
    name = SYNONYMS.get(given, given) if isinstance(given, (str, type(None))) else None
    if name in ENGINE_SLOPES:
        return [Step("slope", layer, ENGINE_SLOPES[name])]
    if name in HOST_FUNCTIONS:
        return [Step("output", layer, name)]
    raise CannotRun(f"activation {_short(given)} is not one that can be computed here")


def _short(value):
    """What to call an activation that may be a function's code."""
    if isinstance(value, dict):
        value = value.get("config") if isinstance(value.get("config"), str) else "of its own code"
    return repr(value)


def _normalization(layer):
    config = layer.config
    if config.get("mode", 0) != 0:
        raise CannotRun(f"mode {config['mode']} normalizes each batch anew, expected mode 0")
    if "mode" in config and "gamma_regularizer" not in config:
        # Those versions kept the deviation where later ones keep the variance, by the same name.
        raise CannotRun("it was saved by a Keras of before 1.1, whose statistics differ")
    if config.get("renorm") or config.get("virtual_batch_size"):
        raise CannotRun("renorm and virtual_batch_size are not supported")
    axis = config.get("axis", -1)
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, bool) or not isinstance(axis, int) or axis == 0:
        raise CannotRun(f"axis is {axis!r}, expected one axis of the row")
    weights = (
        *(("gamma",) if config.get("scale", True) else ()),
        *(("beta",) if config.get("center", True) else ()),
        "moving_mean",
        "moving_variance",
    )
    epsilon = number(config.get("epsilon"), 1e-3)
    return [Step("scale", layer, (epsilon, axis), weights)]


def _relu(layer):
    config = layer.config
    if number(config.get("max_value"), None) is not None:
        raise CannotRun(f"max_value is {number(config['max_value'], None)}, expected None")
    if number(config.get("threshold"), 0.0) != 0:
        raise CannotRun(f"threshold is {number(config['threshold'], 0.0)}, expected 0")
    return [Step("slope", layer, number(config.get("negative_slope"), 0.0))]


def _leaky_relu(layer):
    slope = layer.config.get("negative_slope", layer.config.get("alpha"))
    return [Step("slope", layer, number(slope, 0.3))]


def _prelu(layer):
    return [Step("shared_slope", layer, None, ("alpha",))]


def _elu(layer):
    alpha = number(layer.config.get("alpha"), 1.0)
    if alpha != 1:
        raise CannotRun(f"alpha is {alpha}, expected 1")
    return [Step("output", layer, "elu")]


def _softmax(layer):
    if layer.config.get("axis", -1) not in (-1, [-1], 1, [1]):
        raise CannotRun(f"axis is {layer.config['axis']!r}, expected -1")
    return [Step("output", layer, "softmax")]


def _flatten(layer):
    if layer.config.get("data_format") == "channels_first":
        raise CannotRun("data_format is channels_first, which reorders the values")
    return [Step("shape", layer, ())]


def _reshape(layer):
    target = layer.config.get("target_shape", layer.config.get("dims"))
    if not isinstance(target, (list, tuple)) or not all(
        isinstance(size, int) and (size > 0 or size == -1) for size in target
    ):
        raise CannotRun(f"target_shape is {target!r}, expected sizes")
    return [Step("shape", layer, () if len(target) == 1 else tuple(target))]


RULES = {
    "Dense": _dense,
    "Activation": _activation,
    "BatchNormalization": _normalization,
    "BatchNormalizationV1": _normalization,
    "BatchNormalizationV2": _normalization,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ELU": _elu,
    "Softmax": _softmax,
    "Flatten": _flatten,
    "Reshape": _reshape,
}
