"""A quantizer as configurations name it: a call as text, a dict, or QKeras' object itself."""

import ast
from dataclasses import dataclass

import numpy as np

from xfblas.keras_files.origin import OWN_ACTIVATION, is_object_of_keras, is_of_keras
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, CannotRun
from xfblas.layers.quantizers import quantized
from xfblas.layers.settings import number, numbers

#: Arguments of QKeras' quantizers in their order, for those that are given without a name.
_ARGUMENTS = {
    "quantized_bits": "bits integer symmetric keep_negative alpha use_stochastic_rounding "
    "scale_axis qnoise_factor var_name use_ste use_variables elements_per_scale "
    "min_po2_exponent max_po2_exponent post_training_scale",
    "quantized_linear": "bits integer symmetric keep_negative alpha use_stochastic_rounding "
    "scale_axis qnoise_factor var_name use_variables",
    "quantized_relu": "bits integer use_sigmoid negative_slope use_stochastic_rounding "
    "relu_upper_bound is_quantized_clip qnoise_factor var_name use_ste use_variables",
    "quantized_tanh": "bits use_stochastic_rounding symmetric use_real_tanh",
    "quantized_sigmoid": "bits symmetric use_real_sigmoid use_stochastic_rounding",
    "quantized_ulaw": "bits integer symmetric u",
    "quantized_hswish": "bits integer symmetric alpha use_stochastic_rounding scale_axis "
    "qnoise_factor var_name use_ste use_variables relu_shift relu_upper_bound keep_negative "
    "post_training_scale",
    "binary": "use_01 alpha use_stochastic_rounding scale_axis elements_per_scale "
    "min_po2_exponent max_po2_exponent",
    "stochastic_binary": "alpha temperature use_real_sigmoid",
    "ternary": "alpha threshold use_stochastic_rounding number_of_unrolls",
    "stochastic_ternary": "alpha threshold temperature use_real_sigmoid number_of_unrolls",
    "quantized_po2": "bits max_value use_stochastic_rounding quadratic_approximation "
    "log2_rounding qnoise_factor var_name use_ste use_variables",
    "quantized_relu_po2": "bits max_value negative_slope use_stochastic_rounding "
    "quadratic_approximation log2_rounding qnoise_factor var_name use_ste use_variables",
    "binary_tanh": "",
    "ternary_tanh": "",
    "relu1": "",
    "binary_sigmoid": "",
    "hard_tanh": "",
    "smooth_sigmoid": "",
    "smooth_tanh": "",
    "hard_sigmoid": "",
}
#: Functions of QKeras' layers, which Keras' layers do not have or have in another form.
_OF_QKERAS = ("hard_sigmoid", "hard_tanh", "smooth_sigmoid", "smooth_tanh", "binary_sigmoid")
#: Arguments that do not change what is predicted.
_OF_TRAINING = ("use_stochastic_rounding", "var_name", "use_variables", "temperature", "training")
#: Arguments that must be what they are by default.
_UNUSUAL = ("scale_axis", "elements_per_scale", "min_po2_exponent", "max_po2_exponent")
_TEXTS = {"alpha": ("auto", "auto_po2"), "log2_rounding": ("rnd", "floor")}
_MOST_BITS = 32
#: Those of weights to which QKeras gives the scale 'auto_po2' where none is stated.
_SCALED = ("quantized_bits", "binary", "stochastic_binary", "ternary", "stochastic_ternary")


@dataclass(frozen=True, eq=False)
class Quantizer:
    """One quantizer.

    Attributes:
        name: a key of :data:`~xfblas.layers.quantizers.QUANTIZERS`.
        settings: its arguments, which JSON can hold.
    """

    name: str
    settings: dict

    def on_rows(self, layer) -> list:
        """The host's operation of an activation."""
        if isinstance(self.settings.get("alpha"), str):
            raise CannotRun(
                f"{self.name} has alpha {self.settings['alpha']!r} as an activation, which takes "
                "its scale from each batch anew; expected a number or None"
            )
        parameters = {"quantizer": self.name, "settings": self.settings}
        reason = "it rounds half to even, which the engine does not"
        more = {"reason": reason, "refusal": NO_SUCH_LAYER}
        return [HostOperation(layer, "quantizer", parameters, **more)]

    def of_weights(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The quantized values, and the scale of their integers."""
        return quantized(values, self.name, self.settings)

    def with_scale(self) -> "Quantizer":
        """The same with the scale that QKeras gives the kernel of a layer."""
        if self.name in _SCALED and self.settings.get("alpha") is None:
            return Quantizer(self.name, {**self.settings, "alpha": "auto_po2"})
        return self


def quantizer_of(given: object, layer) -> Quantizer | None:
    """The quantizer that a configuration names, or None where it names none.

    Args:
        given: text such as ``quantized_bits(4, 0, alpha=1)``, a dict with class_name and config, an
            object, or anything else.
        layer: the layer's spec.

    Raises:
        CannotRun: it is QKeras', but not one that can be computed here, or its arguments are wrong.
    """
    name, config = _name_and_config(given)
    if name == "bernoulli":
        raise CannotRun("bernoulli draws new random numbers for each prediction")
    # QKeras' layers take names of functions for its own, Keras' layers for Keras'.
    is_other = name in _OF_QKERAS and not layer.class_name.startswith("Q")
    if name is None or name not in _ARGUMENTS or is_other:
        if _is_from_qkeras(given):
            raise CannotRun(f"quantizer {name} is not one that can be computed here")
        return None
    if not isinstance(given, str) and not _is_known(given):
        raise CannotRun(OWN_ACTIVATION % repr(name))
    settings = {}
    for key, value in config.items():
        if key not in _ARGUMENTS[name].split():
            raise CannotRun(f"{name} has the argument {str(key)[:60]!r}, which is not known")
        if key in _UNUSUAL and value is not None:
            raise CannotRun(f"{name} has {key}={str(value)[:60]}, expected None")
        if key not in (*_OF_TRAINING, *_UNUSUAL):
            settings[key] = _checked(name, key, value)
    settings = {key: value for key, value in settings.items() if value is not None}
    if name.startswith("stochastic"):
        settings.pop("use_real_sigmoid", None)
    if "qnoise_factor" in settings:
        noise = settings.pop("qnoise_factor")
        settings |= {"noise": noise} if noise != 1 else {}
    if not settings.pop("use_ste", True):
        settings["passes"] = False
    if name in ("quantized_bits", "quantized_hswish") and layer.keras >= 3:
        settings["rescales"] = True
    return Quantizer(name, settings)


def _name_and_config(given):
    """A quantizer's name and arguments; None and none for what is no quantizer."""
    if isinstance(given, str):
        return _parsed(given)
    if isinstance(given, dict):
        name, config = given.get("class_name"), given.get("config")
        if name == "function":
            return config if isinstance(config, str) else None, {}
        name = str(name).split(">")[-1]
        return name, config if isinstance(config, dict) else {}
    if hasattr(given, "get_config") and not isinstance(given, type):
        return type(given).__name__, given.get_config()
    return (getattr(given, "__name__", None) if _is_from_qkeras(given) else None), {}


def _is_from_qkeras(given):
    module = given.get("module") if isinstance(given, dict) else None
    if not isinstance(given, (dict, str, type(None))):
        module = getattr(given, "__module__", None) or type(given).__module__
    return str(module).split(".")[0] == "qkeras"


def _is_known(given):
    return is_of_keras(given) if isinstance(given, dict) else is_object_of_keras(given)


def _parsed(text):
    """The name and the arguments of a call as text."""
    try:
        tree = ast.parse(text.strip()[:1000], mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None, {}
    if isinstance(tree, ast.Name):
        return tree.id, {}
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return None, {}
    name, order = tree.func.id, _ARGUMENTS.get(tree.func.id, "").split()
    if name not in _ARGUMENTS:
        if name == "bernoulli":
            return name, {}
        raise CannotRun(f"quantizer {text[:60]} is not one that can be computed here")
    if len(tree.args) > len(order) or any(keyword.arg is None for keyword in tree.keywords):
        raise CannotRun(f"{text[:60]} has {len(tree.args)} arguments, expected {len(order)}")
    pairs = [*zip(order, tree.args, strict=False)]
    pairs += [(keyword.arg, keyword.value) for keyword in tree.keywords]
    try:
        return name, {key: ast.literal_eval(node) for key, node in pairs}
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise CannotRun(f"{text[:60]} has arguments that are no numbers or texts") from None


def _checked(name, key, value):
    """An argument's value as JSON can hold it."""
    if value is None or (isinstance(value, str) and value in _TEXTS.get(key, ())):
        return value
    if isinstance(value, str):
        expected = " or ".join(map(repr, _TEXTS.get(key, ("a number",))))
        raise CannotRun(f"{name} has {key}={value[:60]!r}, expected {expected}")
    if key in ("alpha", "post_training_scale") and np.ndim(_bare(value)):
        return numbers(value, 1.0).tolist()
    found = float(value) if isinstance(value, bool) else number(value, None)
    if key in ("bits", "integer", "number_of_unrolls"):
        lowest = -_MOST_BITS if key == "integer" else 1
        if found != int(found) or not lowest <= found <= _MOST_BITS:
            raise CannotRun(f"{name} has {key}={found:g}, expected {lowest} to {_MOST_BITS}")
        return int(found)
    return found


def _bare(value):
    return value.get("value", value.get("config")) if isinstance(value, dict) else value
