"""What the engine adds up over maps before an activation, for those who look inside."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from xfblas.quantization.maps.quantized_maps import QuantizedMaps, StoredTensor
from xfblas.quantization.maps.simulation import place_in, shifted_sums

Maps = dict[str, np.ndarray]


def sums_before(
    maps: QuantizedMaps,
    names: Mapping[str, str],
    replay: Callable[[Callable[[int, Maps], None]], object],
) -> dict[str, np.ndarray]:
    """The sums of stored tensors before their activations, float32 by name, of exact integers.

    Args:
        maps: the network.
        names: what the sums are called, by the tensor that is stored after the activation.
        replay: as for :meth:`~xfblas.quantization.maps.quantized_maps.QuantizedMaps.tensors_of`.
    """
    network, steps = maps.network, maps.network.steps
    tensors = [tensor for tensor in maps.tensors if tensor.name in names]
    arguments = {summary.name: summary.argument_scale for summary in maps.summaries}
    found: dict[str, np.ndarray] = {}

    def see(number: int, stored: Maps) -> None:
        # What is shown after one step is what the next one reads.
        step = steps[number + 1] if number + 1 < len(steps) else None
        if step is None or step.weights is None:
            return
        for tensor in tensors:
            first = step.target.first_channel - tensor.slice.first_channel
            width = step.weights.shape[1]
            is_own = step.target.map == tensor.slice.map
            if not is_own or not 0 <= first <= tensor.slice.channels - width:
                continue
            source = stored[step.source.map]
            begin = step.source.first_channel
            sums = shifted_sums(step, source[..., begin : begin + step.source.channels], network)
            one = network.map(tensor.slice.map)
            shape = (len(source), one.height, one.width, tensor.slice.channels)
            into = found.setdefault(tensor.name, np.zeros(shape))
            values = _values(sums, tensor, first, arguments.get(tensor.name))
            place_in(into, replace(step.target, first_channel=first), values)

    replay(see)
    by_name = {tensor.name: tensor for tensor in tensors}
    return {
        names[name]: maps.as_model(values.astype(np.float32), by_name[name].shape)
        for name, values in found.items()
    }


def _values(
    sums: np.ndarray, tensor: StoredTensor, first: int, argument_scale: float | None
) -> np.ndarray:
    """Real numbers of sums as an epilogue takes them, of a table or of none."""
    if argument_scale is not None:
        return sums / argument_scale
    scale = tensor.scale[first : first + sums.shape[-1]]
    return (sums - tensor.zero) / scale
