"""How many multipliers each layer of a streaming network gets, and what a row then takes."""

from collections.abc import Sequence

from xfblas.errors import InvalidValueError

from .boards import Board
from .element_types import ELEMENT_TYPES
from .stream_network import ACTIVATIONS, MOST_LAYERS, WIDEST, StreamLayer, StreamNetwork, beats_of


def budget_of(board: Board, data_type: str) -> int:
    """Multipliers of a board: as many as the GEMM engines of all its compute units have."""
    return board.machine(data_type).multipliers * board.number("compute_units")


def plan_network(
    sizes: Sequence[int],
    activation: str | Sequence[str],
    data_type: str,
    multipliers: int,
    outputs: Sequence[str] | None = None,
) -> StreamNetwork:
    """The network whose slowest layer is as fast as so many multipliers allow.

    Args:
        sizes: of the input and of each layer's output.
        activation: of all layers, or a list with one for each.
        data_type: ``"short"`` or ``"float"``.
        multipliers: of all layers together; at least one for each.
        outputs: which of ``s1``, ``x1``, ``s2`` ... can go to the host; None for all.

    Raises:
        InvalidValueError: names what cannot be used.
    """
    count = len(sizes) - 1
    if not 1 <= count <= MOST_LAYERS:
        raise InvalidValueError(f"layers has {len(sizes)} sizes, expected 2 to {MOST_LAYERS + 1}")
    functions = [activation] * count if isinstance(activation, str) else list(activation)
    if len(functions) == 1:
        functions *= count
    if len(functions) != count:
        raise InvalidValueError(
            f"activation has {len(functions)} entries, expected one for all or {count}, "
            f"one for each layer: {', '.join(ACTIVATIONS)}"
        )
    routes = _routes(outputs, count)
    layers = [
        StreamLayer(inputs, results, function, routes=route)
        for inputs, results, function, route in zip(
            sizes, sizes[1:], functions, routes, strict=False
        )
    ]
    StreamNetwork(tuple(layers), data_type)  # refuses what no multipliers mend
    if multipliers < count:
        raise InvalidValueError(
            f"multipliers is {multipliers}, expected {count} or more: one for each layer"
        )
    choices = [_choices(layer, data_type) for layer in layers]
    # The least time that the budget allows; each layer takes its cheapest shape in that time.
    times = sorted({layer.row_cycles(data_type) for options in choices for layer in options})
    first, last = 0, len(times) - 1
    while first < last:
        middle = (first + last) // 2
        found = _within(choices, times[middle], data_type)
        if found is not None and sum(layer.multipliers for layer in found) <= multipliers:
            last = middle
        else:
            first = middle + 1
    found = _within(choices, times[first], data_type)
    assert found is not None
    return StreamNetwork(tuple(found), data_type)


def _choices(layer: StreamLayer, data_type: str) -> list[StreamLayer]:
    """Every shape that is worth building: no faster than the row's beats come in."""
    least = beats_of(layer.inputs, data_type)
    found = []
    for lanes in _powers(min(layer.outputs, WIDEST)):
        for fold in _powers(min(layer.inputs, WIDEST)):
            shape = StreamLayer(
                layer.inputs, layer.outputs, layer.activation, lanes, fold, layer.routes
            )
            if lanes * fold == 1 or shape.row_cycles(data_type) >= least:
                found.append(shape)
    return found


def _within(choices, cycles: int, data_type: str) -> list[StreamLayer] | None:
    found = []
    for options in choices:
        fast = [layer for layer in options if layer.row_cycles(data_type) <= cycles]
        if not fast:
            return None
        found.append(min(fast, key=lambda layer: (layer.multipliers, layer.row_cycles(data_type))))
    return found


def _powers(most: int) -> list[int]:
    """Powers of two up to the first that is not less."""
    return [1 << place for place in range((most - 1).bit_length() + 1)]


def _routes(outputs: Sequence[str] | None, count: int) -> list[str]:
    if outputs is None:
        return ["sx"] * count
    known = [f"{kind}{number}" for number in range(1, count + 1) for kind in "sx"]
    for name in outputs:
        if name not in known:
            raise InvalidValueError(f"outputs has {name!r}, expected some of {', '.join(known)}")
    return [
        "".join(kind for kind in "sx" if f"{kind}{number}" in outputs)
        for number in range(1, count + 1)
    ]


def record_beats(network: StreamNetwork, outputs: Sequence[str]) -> list[int]:
    """Beats of a row's record that each layer makes."""
    return [
        sum(name[1:] == str(number) for name in outputs)
        * beats_of(layer.outputs, network.data_type)
        for number, layer in enumerate(network.layers, 1)
    ]


def interval(layer: StreamLayer, data_type: str) -> int:
    """Cycles between two additions to one sum of a layer."""
    return max(layer.groups, ELEMENT_TYPES[data_type].adder_interval)
