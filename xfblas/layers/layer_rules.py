"""What each Keras layer consists of: operations, by the rule of its class."""

from xfblas.keras_files.architecture import LayerSpec
from xfblas.keras_files.origin import OWN_CODE, is_of_keras
from xfblas.layers import (  # noqa: F401 - they register rules
    convolution_rules,
    dense,
    hgq_layers,
    host_rules,
    quantized_convolutions,
    quantized_layers,
    reshaping,
    scaling,
)
from xfblas.layers.keras_ops import operations_of_function
from xfblas.layers.operation import NO_SUCH_LAYER, RULES, CannotRun, Operation, reads


@reads(
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
def identity(layer: LayerSpec) -> list[Operation]:
    """Layers that pass their input on when a model predicts."""
    return []


def operations_of(layer: LayerSpec) -> list[Operation]:
    """The operations of one layer; none where it passes its input on.

    Raises:
        CannotRun: with the reason.
    """
    if layer.problem is not None:
        raise CannotRun(layer.problem)
    policy = layer.config.get("dtype")
    if isinstance(policy, dict) and not is_of_keras(policy):
        raise CannotRun(f"its dtype policy {OWN_CODE}")
    if layer.is_operation:
        return operations_of_function(layer)
    if layer.class_name not in RULES:
        raise CannotRun(NO_SUCH_LAYER)
    return RULES[layer.class_name](layer)


def makes_mask(layer: LayerSpec) -> bool:
    """Whether later layers may skip what this one has masked."""
    return layer.class_name == "Masking" or bool(layer.config.get("mask_zero"))
