"""From operations to steps of the engine, of dense layers and of maps, and of the host."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from xfblas.graph.fold import Folder
from xfblas.graph.graph_steps import EngineStep, HostStep, MapStep
from xfblas.graph.map_reasons import is_for_maps, reasons_on_host
from xfblas.graph.map_regions import CONVOLUTIONS, MapRegion, is_channels_first, regions_of
from xfblas.graph.model_graph import ModelGraph
from xfblas.graph.network import Network
from xfblas.graph.operation_graph import OperationGraph
from xfblas.layers.dense import Dense
from xfblas.layers.placement import PLACED, PREACTIVATION, placements_of
from xfblas.layers.scaling import Scale
from xfblas.layers.slope import Slope
from xfblas.layers.table import Table, as_table, is_table, table_names


def cut_into_steps(
    graph: OperationGraph,
    on_host: Collection[str] = (),
    tables: bool = False,
    maps: bool = False,
) -> ModelGraph:
    """Gives runs of layers to the engine, and all else to the host.

    Args:
        graph: the operations.
        on_host: names of layers, or of their functions, that the host shall compute though the
            engine could; a mapping gives the reasons.
        tables: whether the engine computes functions between dense layers by its tables.
        maps: whether it computes over feature maps.
    """
    operations = [_placed(operation, on_host, tables) for operation in graph.operations]
    outputs = {spec.name for spec in graph.outputs}
    if maps:
        operations = _with_regions(operations, outputs, on_host)
    steps = _steps(operations, outputs)
    architecture = graph.declared.architecture
    placements = placements_of(architecture.calls, steps, graph.alias)
    return ModelGraph(architecture.name, graph.inputs, graph.outputs, tuple(steps), placements)


def _placed(operation, on_host, tables):
    names = [operation.layer.path]
    if is_table(operation):
        names += table_names(operation)
    elif not (operation.is_for_engine or is_for_maps(operation)):
        return operation
    for name in names:
        if name in on_host:
            reason = on_host[name] if isinstance(on_host, Mapping) else PLACED
            return replace(operation.on_host(), reason=reason)
    return as_table(operation) if tables and is_table(operation) else operation


def _with_regions(operations, outputs, on_host):
    """The operations, with each region in the place of its last one."""
    kept = {id(one) for one in operations if one.layer.path in on_host or _reason_of(one) == PLACED}
    regions = regions_of(operations, outputs, kept)
    inside = {id(one): region for region in regions for one in region.operations}
    ends = {id(region.operations[-1]): region for region in regions}
    reasons = reasons_on_host(operations, inside, kept, is_channels_first(operations))
    return [
        ends[id(one)]
        if id(one) in ends
        else replace(one.on_host(), reason=reasons[id(one)])
        if id(one) in reasons
        else one
        for one in operations
        if id(one) in ends or id(one) not in inside
    ]


def _reason_of(operation):
    return getattr(operation, "reason", "")


def _steps(operations, outputs):
    readers = {}
    for operation in operations:
        for tensor in operation.inputs:
            readers[tensor] = readers.get(tensor, 0) + 1
    steps = []
    names = set()
    runs = _runs(operations, readers, outputs)
    for part in (part for run in runs for part in _split_at_tables(run)):
        for segment in _segments(part) if part[0].is_for_engine else [part]:
            if isinstance(segment[0], MapRegion):
                step = _map_step(segment[0])
            else:
                is_engine = any(isinstance(operation, Dense) for operation in segment)
                step = _engine_step(segment) if is_engine else _host_step(segment[0], names)
            names.add(step.name)
            steps.append(step)
    return steps


def _runs(operations, readers, outputs):
    """Maximal lists of what the engine could compute in a row, and the host's one by one.

    A run ends where its tensor is needed elsewhere, since only its last one exists in memory. The
    order of the runs is that of their last operations, by which all they take has been computed.
    """
    open_runs = {}
    runs = []
    for operation in operations:
        run = [operation]
        if operation.is_for_engine and operation.inputs[0] in open_runs:
            tensor = operation.inputs[0]
            if readers[tensor] == 1 and tensor not in outputs:
                run = open_runs.pop(tensor)
                run.append(operation)
                runs.remove(run)
        runs.append(run)
        if operation.is_for_engine:
            open_runs[operation.output] = run
    return runs


def _split_at_tables(run):
    """Parts of a run, in which every table stands between dense layers; others the host takes."""
    parts = [[]]
    for index, operation in enumerate(run):
        if isinstance(operation, Table) and not _is_between(run, index):
            parts += [[operation.on_host()], []]
        else:
            parts[-1].append(operation)
    return [part for part in parts if part]


def _is_between(run, index):
    """Whether nothing but scalings is between an operation and dense layers on both sides."""
    for side in (run[:index][::-1], run[index + 1 :]):
        first = next((one for one in side if not isinstance(one, Scale)), None)
        if not isinstance(first, Dense):
            return False
    return True


def _segments(run):
    """Parts of a run: those with a dense layer are for the engine.

    A scaling belongs to the linear layer before it, or to the dense layer after it; a slope or a
    table to the layer before it. What has neither stays alone.
    """
    segment, waiting = [], []
    for operation in run:
        has_layers = any(isinstance(part, Dense) for part in segment)
        if isinstance(operation, Dense):
            segment += [*waiting, operation]
            waiting = []
        elif isinstance(operation, Scale):
            is_linear = has_layers and not waiting and _is_linear(segment)
            (segment if is_linear else waiting).append(operation)
        elif has_layers and not waiting:
            segment.append(operation)
        else:
            yield from _parts(segment, [*waiting, operation])
            segment, waiting = [], []
    yield from _parts(segment, waiting)


def _parts(segment, waiting):
    if segment:
        yield segment
    for operation in waiting:
        yield [operation]


def _is_linear(segment):
    """Whether no slope or table follows the last dense layer."""
    for operation in reversed(segment):
        if isinstance(operation, Slope | Table):
            return False
        if isinstance(operation, Dense):
            return True
    return False


def _engine_step(segment):
    first = next(operation for operation in segment if isinstance(operation, Dense))
    folder = Folder()
    for operation in segment:
        folder.add(operation)
    layers = folder.end()
    ends = (first.kernel.shape[:1], layers[-1].output, folder.center)
    network = Network(first.output, layers, "linear", *ends)
    names = ", ".join(dict.fromkeys(operation.layer.name for operation in segment))
    name = first.output.removesuffix(PREACTIVATION)
    return EngineStep(name, segment[0].inputs[0], segment[-1].output, network, f"layers {names}")


def _map_step(region):
    names: set[str] = set()
    steps = []
    for operation in region.operations:
        steps.append(_host_step(operation, names))
        names.add(steps[-1].name)
    first = next(step for step in steps if step.function in CONVOLUTIONS)
    layers = ", ".join(dict.fromkeys(one.layer.name for one in region.operations))
    return MapStep(
        first.output.removesuffix(PREACTIVATION),
        region.inputs[0],
        region.output,
        tuple(steps),
        region.operations[0].place.shapes[0],
        tuple(operation.shape for operation in region.operations),
        is_channels_first(region.operations),
        f"layers {layers}",
    )


def _host_step(operation, names):
    host = operation.on_host()
    # A layer's activation has the name of its output, which its dense part may have taken.
    name = f"{operation.output}:{host.function}" if operation.output in names else operation.output
    arrays = host.arrays
    if host.function != "scale":  # Which takes large numbers away from each other.
        arrays = {kind: np.asarray(values, np.float32) for kind, values in arrays.items()}
    ends = (name, operation.inputs, operation.output)
    return HostStep(*ends, host.function, host.parameters, arrays, host.reason)
