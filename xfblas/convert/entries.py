"""What a configuration has an entry for: layers, and their activations apart from them."""

import re
from dataclasses import dataclass
from typing import Any

from xfblas.graph.reader import read_layers
from xfblas.layers.activations import SYNONYMS
from xfblas.layers.curves import CURVES

_CONVOLUTIONS = re.compile(
    r"(Convolution|Conv|DepthwiseConv|SeparableConv)[12]D(V2|Transpose)?|Deconvolution2D"
)
#: What else has weights that the engine multiplies by.
_PRODUCTS = ("Dense", "TimeDistributed", "Gemm", "MatMul", "Conv", "ConvTranspose")
#: Layers that are an activation and nothing else.
OWN = ("Activation", "Softmax", "QActivation")
#: Before and after the names of layers that are like these, but for their quantizers.
_QUANTIZED = re.compile(r"^(hgq>Q|Q|Binary|Ternary)|Batchnorm$")


@dataclass(frozen=True)
class Entry:
    """One layer of the Keras model, a node of an ONNX graph, or the activation that is part of one.

    Attributes:
        name: the layer's, with the models around it; of an activation ``dense_relu``.
        kind: the Keras class or ONNX operator, of an activation ``Activation``.
        layer: the layer's own name.
        activation: name of the activation that is part of the layer, or that it is.
    """

    name: str
    kind: str
    layer: str
    activation: str = ""

    @property
    def has_weights(self) -> bool:
        """Whether the engine may multiply by its weights."""
        kind = _QUANTIZED.sub("", self.kind)
        return kind in _PRODUCTS or _CONVOLUTIONS.fullmatch(kind) is not None

    @property
    def has_engine(self) -> bool:
        """Whether a configuration says where it is computed."""
        is_table = SYNONYMS.get(self.activation, self.activation) in CURVES
        return (self.name == self.layer or is_table) and self.kind != "InputLayer"

    @property
    def place_name(self) -> str:
        """What ``on_host`` of :func:`xfblas.compile` calls it."""
        return self.layer if self.name == self.layer else f"{self.layer}:{self.activation}"

    @property
    def is_softmax(self) -> bool:
        """Whether it is one."""
        return self.activation == "softmax" and self.kind in ("Activation", "Softmax")


def entries_of(model: Any, architecture: Any = None) -> list[Entry]:
    """The entries of a model, in the order of its layers.

    Args:
        model, architecture: as for :func:`xfblas.read_graph`.
    """
    found = []
    for layer in read_layers(model, architecture):
        activation = _activation(layer.config)
        if layer.class_name == "Softmax":
            activation = "softmax"
        is_own = layer.class_name in OWN
        found.append(Entry(layer.path, layer.class_name, layer.path, activation if is_own else ""))
        if activation and not is_own:
            name = f"{layer.path}_{activation}"
            found.append(Entry(name, "Activation", layer.path, activation))
    return found


def _activation(config: dict[str, Any]) -> str:
    """The name of the activation in a layer's configuration; none where it is linear."""
    given = config.get("activation")
    if isinstance(given, dict):
        is_function = given.get("class_name") == "function"
        given = given.get("config" if is_function else "class_name")
    name = given if isinstance(given, str) else ""
    return "" if name == "linear" else name.lower()
