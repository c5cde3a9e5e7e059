"""``read_graph`` and ``read_network``: find out what they were given, and read it."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from xfblas.checks import require_names, shown
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.file_kinds import ONNX, kind_of, refuse_others
from xfblas.graph.model_graph import ModelGraph
from xfblas.graph.network import Network
from xfblas.graph.operation_graph import DeclaredLayers, OperationGraph, unsupported
from xfblas.graph.plain_chain import (
    graph_of_chain,
    network_of_chain,
    reasons_against_chain,
    require_vectors,
)
from xfblas.graph.segments import cut_into_steps
from xfblas.keras_files.architecture import LayerSpec
from xfblas.keras_files.keras_file import KerasFile, read_file
from xfblas.keras_files.keras_object import is_keras_model, read_model
from xfblas.keras_files.stored_weights import StoredWeights
from xfblas.layers.slope import LARGEST_SLOPE
from xfblas.layers.table import is_table, table_names
from xfblas.onnx_files import onnx_graph
from xfblas.onnx_files.onnx_file import is_onnx_model


def read_graph(
    source: Any,
    architecture: Any = None,
    on_host: Collection[str] = (),
    tables: bool = False,
    *,
    maps: bool = False,
    trusted: bool = False,
) -> ModelGraph:
    """Reads a model of any shape as steps for the engine and the host.

    Args:
        source: path of a ``.h5``, ``.hdf5``, ``.weights.h5`` or ``.keras`` file of any Keras
            version or of an ``.onnx`` file (its content decides, not its name), or a keras.Model,
            an onnx.ModelProto, a Network, or a ModelGraph, which is returned as it is.
        architecture: for a file that holds weights alone: the model's configuration as a dict
            (``get_config``), as JSON (``to_json``) or the path of a file with it; or the list of
            the activations of its Dense layers, such as ``['relu', 'relu', 'softmax']``. Where the
            file has an architecture too, this one is used.
        on_host: names of layers that the host shall compute in float though the engine could;
            ``dense:tanh`` is the tanh of ``dense`` alone, ``dense#2:tanh`` that of its second
            call. A mapping has reasons for reports.
        tables: whether the engine computes tanh and sigmoid between dense layers, as the integer
            engines can.
        maps: whether the engine computes convolutions and what lies between them, as the integer
            engines can.
        trusted: whether a file is read at once. Others are read by a process of their own, since
            a damaged file may hang or end it: within 60 s without an answer
            (XFBLAS_READ_TIMEOUT_MS), and with arrays that fit the size of the file.

    Raises:
        UnsupportedModelError: lists every layer that neither engine nor host can run: name, class,
            why.
        InvalidValueError: there is no such file, it is damaged or not of Keras, the weights do not
            fit the layers or are not finite, the architecture is missing, or no layer has a name
            in ``on_host``; it refers to other files, or took too long to read.
        AllocationError: there is no memory for what the file holds.
        NotSupportedError: an ONNX model, but onnx is not installed: ``xfblas[onnx]``.
    """
    require_names("on_host", on_host, on_host)
    if isinstance(source, (ModelGraph, Network)):
        _require_none(architecture)
        if on_host:
            raise InvalidValueError(
                f"on_host is {shown(on_host)}, but source is a {type(source).__name__}, whose "
                "layers have their places; expected a Keras model or its file"
            )
        return source if isinstance(source, ModelGraph) else ModelGraph.from_network(source)
    declared, stored, separate = _parts(source, architecture, trusted)
    graph = OperationGraph(declared, stored, separate)
    names = [layer.path for layer in declared.architecture.layers]
    for operation in graph.operations:
        names += table_names(operation) if is_table(operation) else []
    require_names("on_host", on_host, names)
    if on_host:
        return cut_into_steps(graph, on_host, tables, maps)
    network = None
    if not reasons_against_chain(declared):
        # What the engine cannot compute is for the host.
        with suppress(UnsupportedModelError, InvalidValueError):
            network = network_of_chain(graph)
    if network is None or any(abs(part.negative_slope) > LARGEST_SLOPE for part in network.layers):
        return cut_into_steps(graph, (), tables, maps)
    return graph_of_chain(declared, network)


def read_layers(
    source: Any, architecture: Any = None, *, trusted: bool = False
) -> tuple[LayerSpec, ...]:
    """The layers of a model or its file as its configuration describes them, in order.

    Args:
        source, architecture, trusted: as for :func:`read_graph`, but no Network or ModelGraph.

    Raises:
        InvalidValueError: as for :func:`read_graph`.
    """
    return _parts(source, architecture, trusted)[0].architecture.layers


def read_network(
    source: Any, architecture: Any = None, tables: bool = False, *, trusted: bool = False
) -> Network:
    """Reads a model that is a plain chain, as layers for the Fcn engine.

    Args:
        source, architecture, tables, trusted: as for :func:`read_graph`.

    Raises:
        UnsupportedModelError: lists every layer that keeps the model from being one chain on the
            engine: name, class, why. :func:`read_graph` may read it still.
        InvalidValueError: as for :func:`read_graph`.
    """
    if isinstance(source, Network):
        _require_none(architecture)
        return source
    if isinstance(source, ModelGraph):
        _require_none(architecture)
        network = source.as_network()
        if network is None:
            raise UnsupportedModelError(f"{source!r} is no chain of dense layers")
        return network
    declared, stored, separate = _parts(source, architecture, trusted)
    reasons = reasons_against_chain(declared)
    if not reasons:
        return network_of_chain(OperationGraph(declared, stored, separate, require_vectors))
    network = None
    with suppress(UnsupportedModelError, InvalidValueError):  # The reasons say more.
        # Layers that are no chain may be steps that are.
        graph = OperationGraph(declared, stored, separate)
        network = cut_into_steps(graph, (), tables).as_network()
    if network is None:
        raise unsupported(reasons, stored.where)
    return network


def require_onnx(source: Any) -> None:
    """Raises an InvalidValueError for anything but an onnx.ModelProto or the path of its file."""
    is_path = isinstance(source, (str, os.PathLike))
    if not (is_path or is_onnx_model(source)):
        raise InvalidValueError(
            f"model is a {type(source).__name__}, expected an onnx.ModelProto or the path of an "
            ".onnx file"
        )
    if is_path:
        refuse_others(source, "an ONNX file", ONNX)


def read_source(source: Any, architecture: Any = None, trusted: bool = False) -> Any:
    """What the file of a path holds, for several calls that take it; other sources as they are.

    Args:
        source, architecture, trusted: as for :func:`read_graph`.

    Raises:
        InvalidValueError, AllocationError, NotSupportedError: as for :func:`read_graph`.
    """
    if not isinstance(source, (str, os.PathLike)):
        return source
    if kind_of(source) is not ONNX:
        return read_file(Path(source), architecture is None, trusted)
    _require_none(architecture)
    return onnx_graph.read_file(Path(source))


def _require_none(architecture: Any) -> None:
    if architecture is not None:
        raise InvalidValueError("architecture is given, but source is a model and has its own")


def _parts(source: Any, given: Any, trusted: bool) -> tuple[DeclaredLayers, StoredWeights, bool]:
    """The layers, the weights, and whether they come from different places."""
    source = read_source(source, given, trusted)
    if is_onnx_model(source):
        source = onnx_graph.read_model(source)
    if isinstance(source, onnx_graph.OnnxModel):
        _require_none(given)
        declared = DeclaredLayers(source.architecture, source.operations_of)
        return declared, StoredWeights(source.where, ()), False
    if isinstance(source, KerasFile):
        architecture, stored, separate = source.parts(given)
        return DeclaredLayers(architecture), stored, separate
    if not is_keras_model(source):
        raise InvalidValueError(
            f"source is a {type(source).__name__}, expected the path of a .h5, .keras or .onnx "
            "file, a keras.Model, a Network or a ModelGraph"
        )
    _require_none(given)
    architecture, stored = read_model(source)
    return DeclaredLayers(architecture), stored, False
