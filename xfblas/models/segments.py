"""From nodes to steps: runs of dense layers become engine steps, all else goes to the host."""

import numpy as np

from xfblas.models.fold import Folder
from xfblas.models.graph_steps import EngineStep, HostStep
from xfblas.models.network import Network
from xfblas.models.node import Node, rectifier
from xfblas.models.placement import PREACTIVATION


def steps_from(nodes: list[Node], outputs: set[str], where: str) -> list[EngineStep | HostStep]:
    """Groups nodes into steps.

    Args:
        nodes: in the order of computation.
        outputs: tensors that must exist in the end.
        where: what messages call the model.
    """
    readers = {}
    for node in nodes:
        for tensor in node.inputs:
            readers[tensor] = readers.get(tensor, 0) + 1
    steps = []
    names = set()
    for run in _runs(nodes, readers, outputs):
        for segment in _segments(run) if run[0].kind != "host" else [run]:
            is_engine = any(node.kind == "dense" for node in segment)
            step = _engine_step(segment, where) if is_engine else _host_step(segment[0], names)
            names.add(step.name)
            steps.append(step)
    return steps


def _runs(nodes, readers, outputs):
    """Maximal lists of nodes that the engine could compute one after the other, and host nodes.

    A run ends where its tensor is needed elsewhere, since only its last one exists in memory. The
    order of the runs is that of their last nodes, by which all they take has been computed.
    """
    open_runs = {}
    runs = []
    for node in nodes:
        run = [node]
        if node.kind != "host" and node.inputs[0] in open_runs:
            tensor = node.inputs[0]
            if readers[tensor] == 1 and tensor not in outputs:
                run = open_runs.pop(tensor)
                run.append(node)
                runs.remove(run)
        runs.append(run)
        if node.kind != "host":
            open_runs[node.output] = run
    return runs


def _segments(run):
    """Parts of a run: those with a dense layer are for the engine.

    A scaling belongs to the linear layer before it, or to the dense layer after it; a slope to the
    layer before it. What has neither stays alone.
    """
    segment, waiting = [], []
    for node in run:
        has_layers = any(part.kind == "dense" for part in segment)
        if node.kind == "dense":
            segment += [*waiting, node]
            waiting = []
        elif node.kind == "scale":
            is_linear = has_layers and not waiting and _is_linear(segment)
            (segment if is_linear else waiting).append(node)
        elif has_layers and not waiting:
            segment.append(node)
        else:
            yield from _parts(segment, [*waiting, node])
            segment, waiting = [], []
    yield from _parts(segment, waiting)


def _parts(segment, waiting):
    if segment:
        yield segment
    for node in waiting:
        yield [node]


def _is_linear(segment):
    """Whether no slope follows the last dense layer."""
    for node in reversed(segment):
        if node.kind == "slope":
            return False
        if node.kind == "dense":
            return True
    return False


def _engine_step(segment, where):
    first = next(node for node in segment if node.kind == "dense")
    folder = Folder(where, (first.weights["kernel"].shape[0],))
    for node in segment:
        folder.add_node(node)
    layers = folder.finish()
    ends = (folder.input_shape, folder.output, folder.center)
    network = Network(first.output, layers, "linear", *ends)
    names = ", ".join(dict.fromkeys(node.layer.name for node in segment))
    name = first.output.removesuffix(PREACTIVATION)
    return EngineStep(name, segment[0].inputs[0], segment[-1].output, network, f"layers {names}")


def _host_step(node, names):
    function, parameters, arrays, reason = _host_function(node)
    # A layer's activation has the name of its output, which its dense part may have taken.
    name = f"{node.output}:{function}" if node.output in names else node.output
    if function != "scale":  # Which takes large numbers away from each other.
        arrays = {kind: np.asarray(values, np.float32) for kind, values in arrays.items()}
    return HostStep(name, node.inputs, node.output, function, parameters, arrays, reason)


def _host_function(node):
    """(function, parameters, arrays, reason) of a node that no dense layer takes in."""
    if node.kind == "scale":
        arrays, reason = node.affine.arrays(), "no dense layer before or after it could take it in"
        return "scale", {}, arrays, reason
    if node.kind == "slope":
        reason = "no dense layer before it could take it in"
        return *rectifier(node.slope), reason
    return node.function, node.parameters, node.arrays, node.reason
