"""Where the maps of a network lie in a compute unit's memory, and how much that takes.

All maps share one arena. A map is there from the first step that writes into it to the last that
reads it, so that concatenated maps live as long as any of their parts; what is not there at the
same time may lie in the same place.
"""

from dataclasses import dataclass

from xfblas.quantization.map_steps import MapNetwork, StoredMap

#: Maps begin at multiples of so many bytes: a line of a cache, a word of a card's memory.
ALIGNMENT = 64


@dataclass(frozen=True)
class MapPlan:
    """Places of maps in one arena.

    Attributes:
        frames: of every map, one after the other.
        firsts: where each map begins, in elements, by name.
        elements: of the arena.
        total_bytes: the same in bytes.
        largest_live_bytes: of the maps that are needed at the same time, at most.
        weights_bytes: of all weights, without the form that a target keeps them in.
    """

    frames: int
    firsts: dict[str, int]
    elements: int
    total_bytes: int
    largest_live_bytes: int
    weights_bytes: int


def plan_maps(network: MapNetwork, frames: int = 1, *, reuse: bool = True) -> MapPlan:
    """Places all maps of a network, the largest first, each as low as it fits.

    Args:
        network: the steps that read and write the maps.
        frames: how many of each map lie one after the other.
        reuse: whether maps may take the place of others that are not needed any more.
    """
    item = network.dtype.itemsize
    sizes = {stored.name: _size(stored, frames, ALIGNMENT // item) for stored in network.maps}
    lives = _lives(network) if reuse else {name: (0, 0) for name in sizes}
    firsts: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        taken = sorted(
            (firsts[other], firsts[other] + sizes[other])
            for other in firsts
            if _meet(lives[name], lives[other])
        )
        first = 0
        for begin, end in taken:
            if first + sizes[name] <= begin:
                break
            first = max(first, end)
        firsts[name] = first
    elements = max((firsts[name] + sizes[name] for name in sizes), default=0)
    moments = {moment for life in lives.values() for moment in life}
    largest = max(
        sum(sizes[name] for name in sizes if _meet(lives[name], (moment, moment)))
        for moment in moments
    )
    weights = sum(step.weights.nbytes for step in network.steps if step.weights is not None)
    return MapPlan(frames, firsts, elements, elements * item, largest * item, weights)


def _size(stored: StoredMap, frames: int, multiple: int) -> int:
    elements = frames * stored.height * stored.width * stored.channels
    return -(-elements // multiple) * multiple


def _lives(network: MapNetwork) -> dict[str, tuple[int, int]]:
    """The first and the last step that needs each map; -1 is before all steps."""
    moments: dict[str, list[int]] = {stored.name: [] for stored in network.maps}
    moments[network.input].append(-1)
    for index, step in enumerate(network.steps):
        moments[step.source.map].append(index)
        moments[step.target.map].append(index)
    moments[network.output.map].append(len(network.steps))
    return {
        name: (min(found, default=-1), max(found, default=-1)) for name, found in moments.items()
    }


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
