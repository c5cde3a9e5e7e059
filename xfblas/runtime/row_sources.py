"""Inputs, targets and weights of the same rows."""

from xfblas.runtime.arrange import input_sources, output_sources, require_same_rows
from xfblas.runtime.batch import Batch


class RowSources:
    """What a caller passes for a model's inputs, targets and weights, in the model's own order.

    Args:
        x, y, sample_weight: see :mod:`xfblas.runtime.arrange`.
        model: gives ``graph.inputs`` and ``output_names``, None where the inputs alone are wanted.

    Attributes:
        inputs: one source per input.
        rows: how many all of them have.

    Raises:
        InvalidValueError: they do not fit the model, or have other numbers of rows.
    """

    def __init__(self, x, y, sample_weight, model):
        names = model.output_names
        if names is None:  # Targets are of no interest.
            y, sample_weight, names = None, None, ()
        elif model.graph.outputs[0].key is not None:
            names = [spec.key for spec in model.graph.outputs]
        self.inputs = input_sources(x, model.graph.inputs)
        self._targets = output_sources("y", y, names)
        self._weights = output_sources("sample_weight", sample_weight, names, repeat=True)
        self.rows = require_same_rows([*self.inputs, *self._targets, *self._weights])

    def batch(self, first: int, last: int, first_step: int, last_step: int, size: int) -> Batch:
        """Rows ``first`` to ``last``, exclusive, which stand for some steps of ``size`` rows."""
        inputs, targets, weights = (
            [source and source.chunk(first, last) for source in sources]
            for sources in (self.inputs, self._targets, self._weights)
        )
        return Batch(inputs, targets, weights, last - first, first_step, last_step, size)
