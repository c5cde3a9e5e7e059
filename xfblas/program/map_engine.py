"""One step over feature maps on the compute units of a device: the model's rows in and out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from xfblas.program.clipped_inputs import ClippedInputs
from xfblas.program.map_runner import MapRunner
from xfblas.program.timed_maps import timed_maps
from xfblas.quantization import QuantizedMaps
from xfblas.quantization.maps.simulation import empty_maps, encode, place_in
from xfblas.timeline import Timeline


class MapEngine:
    """Computes what a :class:`~xfblas.graph.MapStep` computes, on the engine.

    Args:
        compute_units: of one device; batches are split over them.
        maps: the quantized step.
        clipped: counts of inputs that are clipped.

    Attributes:
        plan: the memory of the maps, see :class:`~xfblas.program.map_plan.MapPlan`.

    Raises:
        DtypeError: the network was quantized for another element type than the image's.
        NotSupportedError: the image has no feature maps.
    """

    def __init__(self, compute_units, maps: QuantizedMaps, clipped: ClippedInputs | None):
        if compute_units[0].device.target == "native":
            # One unit uses all of this CPU; a second would hold the weights once more.
            compute_units = compute_units[:1]
        self.maps, self.clipped = maps, clipped
        self._runners = [MapRunner(unit, maps.network, clipped=clipped) for unit in compute_units]
        self.plan = self._runners[0].plan

    @property
    def rows_at_once(self) -> int:
        """Frames that keep every compute unit busy with one program."""
        return int(self.plan.frames) * len(self._runners)

    def predict(self, values: np.ndarray) -> np.ndarray:
        """The step's output (m, ...), float32, for the model's rows (m, ...)."""
        frames = self.maps.frames_of(values)
        runners = self._runners[: max(1, len(frames))]
        if len(runners) == 1:
            found = runners[0].predict(frames)
        else:
            parts = np.array_split(frames, len(runners))
            with ThreadPoolExecutor(len(runners)) as pool:
                predicted = pool.map(
                    lambda pair: pair[0].predict(pair[1]), zip(runners, parts, strict=True)
                )
                found = np.concatenate(list(predicted))
        return self.maps.as_model(found, self.maps.output_shape)

    def timed_predict(self, values: np.ndarray, name: str, timeline: Timeline) -> np.ndarray:
        """As :meth:`predict`, on the first unit, with spans of what it does.

        Args:
            values: as for :meth:`predict`.
            name: of the step.
            timeline: takes the spans.
        """
        found = timed_maps(self._runners[0], self.maps.frames_of(values), name, timeline)
        return self.maps.as_model(found, self.maps.output_shape)

    def trace(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """The model's tensors that are stored, float32 (m, ...) by name."""
        frames, maps = self.maps.frames_of(values), self.maps
        by_step = self._runners[0].trace(frames)
        elements = encode(maps.network, frames)
        return maps.tensors_of(lambda see: replay(maps.network, elements, by_step, see))

    def __repr__(self):
        return f"<MapEngine of {self.maps.network.name} on {len(self._runners)} compute units>"


def replay(network, elements: np.ndarray, by_step: dict[str, np.ndarray], see) -> None:
    """Shows all maps as they are after each step, from the input and what each step wrote."""
    maps = empty_maps(network, len(elements))
    maps[network.input][:] = elements
    see(-1, maps)
    for number, step in enumerate(network.steps):
        place_in(maps[step.target.map], step.target, by_step[step.name])
        see(number, maps)
