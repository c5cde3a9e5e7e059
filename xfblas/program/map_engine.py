"""One step over feature maps on compute units that share it: the model's rows in and out."""

from collections.abc import Mapping

import numpy as np

from xfblas.arrays import has_finite_sum
from xfblas.device.shared_work import even_slices, share
from xfblas.program.clipped_inputs import ClippedInputs
from xfblas.program.map_runner import MapRunner, require_finite_frames
from xfblas.program.timed_maps import timed_maps
from xfblas.quantization import QuantizedMaps
from xfblas.quantization.maps.simulation import empty_maps, encode, place_in
from xfblas.quantization.maps.sums import sums_before
from xfblas.timeline import Timeline


class MapEngine:
    """Computes what a :class:`~xfblas.graph.MapStep` computes, on the engine.

    Args:
        compute_units: of one device or several, which share batches.
        maps: the quantized step.
        clipped: counts of inputs that are clipped.

    Attributes:
        plan: the memory of the maps, see :class:`~xfblas.program.map_plan.MapPlan`.

    Raises:
        DtypeError: the network was quantized for another element type than the image's.
        NotSupportedError: the image has no feature maps.
    """

    def __init__(self, compute_units, maps: QuantizedMaps, clipped: ClippedInputs | None):
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
        runners = self._runners
        if len(runners) == 1 or len(frames) == 0:
            found = runners[0].predict(frames)
        else:
            units = [runner.compute_unit for runner in runners]
            slices = even_slices(len(frames), len(runners), int(self.plan.frames))
            parts = [frames[part] for part in slices]
            # Before a runner counts what it clips of its part.
            if not has_finite_sum(frames):
                require_finite_frames(frames)
            predicted = share(units, parts, lambda number, part: runners[number].predict(part))
            found = np.concatenate(predicted)
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

    def trace(
        self, values: np.ndarray, before: Mapping[str, str] | None = None
    ) -> dict[str, np.ndarray]:
        """The model's tensors that are stored, float32 (m, ...) by name.

        Args:
            values: as for :meth:`predict`.
            before: what to call the sums of tensors before their activations, by the tensor; these
                are given too.
        """
        frames, maps = self.maps.frames_of(values), self.maps
        by_step = self._runners[0].trace(frames)
        elements = encode(maps.network, frames)

        def shown(see):
            replay(maps.network, elements, by_step, see)

        sums = sums_before(maps, before, shown) if before else {}
        return sums | maps.tensors_of(shown)

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
