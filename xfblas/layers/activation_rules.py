"""What a layer's activation, by name or as a layer, means for engine and host."""

from dataclasses import replace

from xfblas.keras_files.origin import OWN_ACTIVATION, is_of_keras
from xfblas.layers.activations import ENGINE_SLOPES, HOST_FUNCTIONS, SYNONYMS, VARIANTS
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import RULES, CannotRun, reads
from xfblas.layers.quantizer_settings import quantizer_of
from xfblas.layers.settings import number, row_axes
from xfblas.layers.slope import LearnedSlopes, Slope

#: Layers that may stand as another layer's activation.
_AS_ARGUMENT = ("LeakyReLU", "ReLU", "Softmax", "ELU")


@reads("Activation")
def activation(layer):
    """The operations of a configuration's ``activation``: a name, or in some versions a layer."""
    given = layer.config.get("activation")
    quantizer = quantizer_of(given, layer)
    if quantizer is not None:
        return quantizer.on_rows(layer)
    if isinstance(given, dict):
        if not is_of_keras(given):
            raise CannotRun(OWN_ACTIVATION % _short(given))
        if given.get("class_name") == "function":
            given = given.get("config")
        elif given.get("class_name") in _AS_ARGUMENT:
            inner = given.get("config")
            inner = inner if isinstance(inner, dict) else {}
            return RULES[given["class_name"]](replace(layer, config=inner))
    name = SYNONYMS.get(given, given) if isinstance(given, (str, type(None))) else None
    if name in ENGINE_SLOPES:
        return [Slope(layer, ENGINE_SLOPES[name])]
    if name == "glu":
        reason = "glu halves the row, which the engine cannot"
        return [HostOperation(layer, name, refusal=reason)]
    if name in HOST_FUNCTIONS and name not in VARIANTS:
        is_old = name == "hard_sigmoid" and layer.keras < 3
        return [HostOperation(layer, "hard_sigmoid_2" if is_old else name)]
    raise CannotRun(f"activation {_short(given)} is not one that can be computed here")


def _short(value):
    """What to call an activation that may be a function's code."""
    if isinstance(value, dict):
        name, config = value.get("class_name"), value.get("config")
        if isinstance(config, dict) and isinstance(name, str) and not name.startswith("_"):
            return f"the layer {name[:60]}"
        value = config if isinstance(config, str) else "of its own code"
    return repr(value)


@reads("ReLU")
def _relu(layer):
    config = layer.config
    slope = number(config.get("negative_slope"), 0.0)
    largest = number(config.get("max_value"), None)
    threshold = number(config.get("threshold"), 0.0)
    if largest is None and threshold == 0:
        return [Slope(layer, slope)]
    wrong = f"threshold is {threshold}, expected 0"
    if largest is not None:
        wrong = f"max_value is {largest}, expected None"
        if slope == threshold == 0 and largest == 6:
            return [HostOperation(layer, "relu6", refusal=wrong)]
    parameters = {"negative_slope": slope, "max_value": largest, "threshold": threshold}
    return [HostOperation(layer, "relu", parameters, refusal=wrong)]


@reads("ThresholdedReLU")
def _thresholded_relu(layer):
    theta = number(layer.config.get("theta"), 1.0)
    refusal = f"theta is {theta}, expected ReLU"
    return [HostOperation(layer, "relu", {"threshold": theta}, refusal=refusal)]


@reads("LeakyReLU")
def _leaky_relu(layer):
    slope = layer.config.get("negative_slope", layer.config.get("alpha"))
    return [Slope(layer, number(slope, 0.3))]


@reads("PReLU")
def _prelu(layer):
    return [LearnedSlopes(layer, weights=("alpha",))]


@reads("ELU")
def _elu(layer):
    alpha = number(layer.config.get("alpha"), 1.0)
    if alpha == 1:
        return [HostOperation(layer, "elu")]
    refusal = f"alpha is {alpha}, expected 1"
    return [HostOperation(layer, "elu", {"alpha": alpha}, refusal=refusal)]


@reads("Softmax")
def _softmax(layer):
    if layer.config.get("axis", -1) in (0, [0]):
        raise CannotRun("axis is 0, expected -1: over the batch, a row depends on the others")
    axes = row_axes(layer.config)
    if axes == [-1]:
        return [HostOperation(layer, "softmax", uses_mask=True)]
    refusal = None if axes == [1] else f"axis is {layer.config['axis']!r}, expected -1"
    return [HostOperation(layer, "softmax", {"axis": axes}, refusal=refusal, uses_mask=True)]
