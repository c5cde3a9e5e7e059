"""Operations that slide a window over a map: their shapes, and the checks of their weights."""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Place
from xfblas.layers.windows import axes_of

#: Why the host computes what slides over maps, where the engine computes over none.
ON_HOST = "the engine computes over maps in int16 and int8, by calibrated scales"


@dataclass(frozen=True, eq=False)
class WindowOperation(HostOperation):
    """A convolution, a pooling or an upsampling of maps of one or two axes and channels.

    The engine computes it where it stands among others of its kind, see
    :mod:`xfblas.graph.map_regions`.

    Attributes:
        part: what of its layer it is, where the layer has several.
    """

    part: str = ""

    @property
    def part_name(self) -> str:  # type: ignore[override]
        """See :attr:`Operation.part_name`."""
        return self.part

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation:
        """See :meth:`Operation.at`; the kernel has one name, whatever its layer calls it."""
        named = {"kernel" if kind.endswith("kernel") else kind: w for kind, w in weights.items()}
        found = super().at(place, named)
        return replace(found, reason=ON_HOST) if not self.reason else found

    def _result_shape(self):
        """By the rules of windows; a row of zeros would take as long as a prediction."""
        (shape,), parameters = self.place.shapes, self.parameters
        kernel = self.arrays.get("kernel")
        sizes = parameters.get("size") or parameters.get("factors")
        if kernel is not None:
            sizes = list(kernel.shape[:-2])
            if kernel.ndim not in (3, 4) or 0 in kernel.shape:
                raise self.wrong_shape(self.place.where, "kernel", kernel, "a window of channels")
        if len(shape) != len(sizes) + 1:
            expected = f"maps of {len(sizes)} axes and channels"
            raise CannotRun(f"its input has rows of shape {shape}, expected {expected}")
        first = parameters.get("channels_first", False)
        channels = shape[0] if first else shape[-1]
        channels = self._channels(channels)
        spatial = shape[1:] if first else shape[:-1]
        found = [self._size(spatial, index, sizes) for index in range(len(sizes))]
        return (channels, *found) if first else (*found, channels)

    def _size(self, spatial, index, sizes):
        """How many outputs there are along an axis; None where that is open."""
        if spatial[index] is None:
            return None
        if self.function == "upsample":
            return spatial[index] * sizes[index]
        parameters = {
            key: values if isinstance(values, str) or not isinstance(values, list) else
            values[index : index + 1]
            for key, values in self.parameters.items()
        }  # fmt: skip
        is_transposed = self.function == "transposed_convolution"
        try:
            own = (spatial[index : index + 1], sizes[index : index + 1])
            (axis,) = axes_of(*own, parameters, is_transposed)
        except ValueError as error:
            raise CannotRun(str(error)) from None
        return axis.output

    def _channels(self, given):
        """Channels of the result, after a look at the weights."""
        kernel, bias, where = self.arrays.get("kernel"), self.arrays.get("bias"), self.place.where
        if kernel is None:
            return given
        inputs, outputs = kernel.shape[-2:]
        if self.function == "transposed_convolution":
            inputs, outputs = outputs, inputs
        groups = self.parameters.get("groups", 1)
        if given not in (None, inputs * groups) or outputs % groups:
            expected = f"{given} channels of its input in {groups} groups"
            raise self.wrong_shape(where, "kernel", kernel, expected)
        if self.function == "depthwise_convolution":
            outputs *= inputs
        if bias is not None and bias.shape != (outputs,):
            raise self.wrong_shape(where, "bias", bias, f"({outputs},)")
        return outputs
