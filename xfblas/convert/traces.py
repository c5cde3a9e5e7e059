"""Names of traces as configurations have them: a layer before its activation, and after it."""

from collections.abc import Mapping

import numpy as np

from xfblas.convert.settings import Settings
from xfblas.layers.placement import PREACTIVATION


def by_entry(found: Mapping[str, np.ndarray], settings: Settings) -> dict[str, np.ndarray]:
    """Values by the names of a configuration's entries.

    Args:
        found: what :meth:`xfblas.CompiledModel.trace` gives with ``preactivations``: ``dense`` is
            after its activation there, ``dense:preactivation`` before it.
        settings: of the model.
    """
    split, values = settings.activations, {}
    for entry in (layer.entry for layer in settings.layers.values()):
        is_before = entry.name == entry.layer and entry.layer in split
        source = entry.layer + PREACTIVATION * is_before
        if source in found:
            values[entry.name] = found[source]
    return values
