"""What a model predicts, as the columns of a table."""

import math

import numpy as np


def columns(found, labels: bool) -> np.ndarray:
    """A table (m, columns) of all outputs side by side.

    Args:
        found: what ``predict`` returns: an array (m, ...), or a list or dict of them.
        labels: whether to have each output's likeliest class instead of its values.
    """
    parts = [part.reshape(len(part), math.prod(part.shape[1:])) for part in _outputs(found)]
    if labels:
        parts = [_labels(part)[:, np.newaxis] for part in parts]
    return np.concatenate(parts, axis=1)


def column_names(model, labels: bool) -> list[str]:
    """Names of the columns that :func:`columns` gives for a :class:`~xfblas.CompiledModel`."""
    shapes = [spec.shape for spec in model.graph.outputs]
    several = len(shapes) > 1
    names = []
    for output, shape in zip(model.output_names, shapes, strict=True):
        if labels:
            names.append(f"{output}_label" if several else "label")
            continue
        count = int(np.prod([size or 1 for size in shape]))
        prefix = f"{output}_" if several else "output_"
        names += [f"{prefix}{index}" for index in range(count)]
    return names


def _outputs(found) -> list[np.ndarray]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]


def _labels(part) -> np.ndarray:
    """The likeliest class; for one probability, whether it is above a half."""
    return (part[:, 0] > 0.5).astype(np.int64) if part.shape[1] == 1 else part.argmax(axis=1)
