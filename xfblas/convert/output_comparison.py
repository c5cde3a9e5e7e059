"""A model's outputs beside those that its test vectors say."""

from typing import Any

import numpy as np

from xfblas.graph import ModelGraph


def compare_outputs(
    graph: ModelGraph, found: list[np.ndarray], expected: list[np.ndarray]
) -> list[dict[str, Any]]:
    """For each output how far it is from what was expected, and where.

    Args:
        graph: the model.
        found, expected: (m, ...) of each output.

    Returns:
        Dicts of ``Output``, its name; ``Rows``; ``LargestDifference`` and the ``Row`` that has it;
        and ``DifferingLabels``, how many rows, or pixels, have their largest value elsewhere (of an
        only value: are on the other side of a half), where the output has labels.
    """
    compared = []
    for spec, one, other in zip(graph.outputs, found, expected, strict=True):
        one = np.asarray(one, np.float64).reshape(other.shape)
        sizes = np.abs(one - other).reshape(len(other), -1).max(axis=1, initial=0.0)
        line = {
            "Output": spec.name,
            "Rows": len(other),
            "LargestDifference": float(sizes.max()),
            "Row": int(sizes.argmax()),
        }
        labels = [_labels(values, graph, spec.name) for values in (one, other)]
        if labels[0] is not None:
            line["DifferingLabels"] = int(np.count_nonzero(labels[0] != labels[1]))
        compared.append(line)
    return compared


def comparison_text(line: dict[str, Any]) -> str:
    """One of them as a line."""
    text = (
        f"{line['Output']}: {line['Rows']} rows, largest difference from output_data_tb "
        f"{line['LargestDifference']:.4g} in row {line['Row']}"
    )
    if "DifferingLabels" in line:
        text += f", {line['DifferingLabels']} labels differ"
    return text


def _labels(values: np.ndarray, graph: ModelGraph, output: str) -> Any:
    if values.ndim < 2:
        return None
    if values.shape[-1] > 1:
        return values.argmax(axis=-1)
    is_probability = any(
        step.output == output and getattr(step, "function", None) == "sigmoid"
        for step in graph.steps
    )
    return values > 0.5 if is_probability else None
