"""Configurations: plain dicts that say what becomes of each layer, to be edited before converting.

A configuration has up to three sections. ``LayerName`` wins over ``LayerType``, which wins over
``Model``; what is ``"auto"``, or not there, is taken from the next of them. So an edit takes effect
at whichever level it is made, unless a finer one says otherwise:

    Model:     Precision, Engine, Trace, Softmax, Calibration
    LayerType: by the Keras class, and ``Activation`` for those that are part of another layer
    LayerName: by the layer; ``dense_relu`` is the activation of ``dense``

``Precision`` is that of elements (``int16``, ``int8``, ``float32``), which all layers share; a
layer's ``Precision`` has ``weight`` alone, ``int2`` to ``int16``. ``Range`` of a layer with weights
is the size that its results shall hold, which sets its scale. ``Engine`` is ``fcn`` or
``host``; an activation that is part of a layer goes where the layer goes, but for tanh and sigmoid,
which may be on the host behind a layer on the engine: ``dense_tanh``.
"""

from typing import Any

from xfblas.checks import names_keywords, shown
from xfblas.convert.entries import Entry, entries_of
from xfblas.convert.settings import AUTO, ELEMENTS, bits_of
from xfblas.errors import InvalidValueError
from xfblas.graph.reader import require_onnx
from xfblas.notices import notify

GRANULARITIES = ("model", "type", "name")
#: Arguments of engines with hardware for each layer.
DATAFLOW = ("backend", "default_reuse_factor", "max_precision")


@names_keywords(*DATAFLOW)
def config_from_keras_model(
    model: Any,
    granularity: str = "model",
    *,
    default_precision: str = "int16",
    architecture: Any = None,
    **dataflow: Any,
) -> dict[str, Any]:
    """A configuration of a model, to be edited and given to :func:`convert_from_keras_model`.

    Args:
        model: a keras.Model or the path of its file.
        granularity: ``"model"`` for one section, ``"type"`` for one by classes too, ``"name"`` for
            one by layers too. What the finer sections leave at ``"auto"`` follows ``Model``.
        default_precision: of the elements: ``"int16"``, ``"int8"`` or ``"float32"``.
        architecture: for a file that holds weights alone, see :func:`xfblas.read_network`.
        **dataflow: what engines with hardware for each layer take, ``backend``,
            ``default_reuse_factor`` and ``max_precision``: ignored, with one warning.

    Returns:
        A plain dict that YAML and JSON can hold.

    Raises:
        InvalidValueError: no such granularity or precision, or no such model.
    """
    if not isinstance(granularity, str) or granularity.lower() not in GRANULARITIES:
        raise InvalidValueError(
            f"granularity is {shown(granularity)}, expected {', '.join(GRANULARITIES)}"
        )
    bits_of("default_precision", default_precision, ELEMENTS)
    if dataflow:
        notify(
            f"{', '.join(dataflow)} is ignored: there is one engine for all layers, whose elements "
            "are those of default_precision"
        )
    config: dict[str, Any] = {
        "Model": {
            "Precision": default_precision,
            "Engine": "fcn",
            "Trace": False,
            "Softmax": "float",
            "Calibration": {"Goal": None, "Margin": None},
        }
    }
    if granularity.lower() == "model":
        return config
    section = "LayerType" if granularity.lower() == "type" else "LayerName"
    config[section] = {}
    for entry in entries_of(model, architecture):
        key = entry.kind if section == "LayerType" else entry.name
        config[section].setdefault(key, _entry_config(entry))
    return config


@names_keywords(*DATAFLOW)
def config_from_onnx_model(
    model: Any, granularity: str = "model", *, default_precision: str = "int16", **dataflow: Any
) -> dict[str, Any]:
    """A configuration of an ONNX model, to be edited and given to :func:`convert_from_onnx_model`.

    Layers are called by their nodes, or where those have no names by their tensors; their types
    are operators, such as ``Gemm``.

    Args:
        model: the path of an ``.onnx`` file, or an onnx.ModelProto.
        granularity, default_precision, **dataflow: as for :func:`config_from_keras_model`.

    Raises:
        InvalidValueError: as for :func:`config_from_keras_model`.
        NotSupportedError: onnx is not installed: ``xfblas[onnx]``.
    """
    require_onnx(model)
    return config_from_keras_model(
        model, granularity, default_precision=default_precision, **dataflow
    )


def _entry_config(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {"Trace": AUTO}
    if entry.has_engine:
        found["Engine"] = AUTO
    if entry.has_weights:
        found["Precision"] = {"weight": AUTO}
        found["Range"] = AUTO
    if entry.is_softmax:
        found["Softmax"] = AUTO
    return found
