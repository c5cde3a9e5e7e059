"""What a model takes and gives: names, shapes and types of tensors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xfblas.arrays import readable, seen
from xfblas.checks import shown
from xfblas.errors import InvalidValueError
from xfblas.rows.preprocessing import Preprocessing
from xfblas.rows.row_source import as_real


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a model.

    Attributes:
        name: of the tensor, as :meth:`ModelGraph.run` knows it; of an input, the layer's name.
        shape: of one row, without the batch; None for a size that may differ between calls.
        dtype: what values are converted to: 'float32', or 'int64' for indices.
        key: its key where the model takes or gives a dict, else None.
        columns: names of an input's columns, where the model was calibrated with rows that have
            names, else None.
        preprocessing: what uint8 images become first, or None.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    key: str | None = None
    columns: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None

    def convert(self, value) -> np.ndarray:
        """One input as the steps take it: (m, *shape), of this dtype.

        Raises:
            InvalidValueError: not real numbers, of another shape, or not finite; names the input.
        """
        name = f"input {self.name}"
        given = passed = as_real(name, seen(name, value))
        sizes = ("rows", *("any" if size is None else str(size) for size in self.shape))
        if given.ndim != len(sizes):
            # Keras adds the axis of size 1 that a flat column lacks, and takes away one too many.
            if given.ndim == len(sizes) - 1 and self.shape[-1:] == (1,):
                given = given[..., np.newaxis]
            elif given.ndim == len(sizes) + 1 and given.shape[-1] == 1:
                given = given[..., 0]
        fits = given.ndim == len(sizes) and all(
            size is None or size == found
            for size, found in zip(self.shape, given.shape[1:], strict=False)
        )
        if not fits:
            # What has names was told by them.
            is_wide = given.ndim == len(sizes) == 2 and given.shape[1] > self.shape[0]
            hint = ": leave out what is no input, such as a label (in commands: --drop)"
            raise InvalidValueError(
                f"{name} has shape {passed.shape}, expected ({', '.join(sizes)})"
                + (hint if is_wide else "")
            )
        if self.preprocessing is not None:
            given = self.preprocessing.applied(name, given)
        with np.errstate(over="ignore", invalid="ignore"):
            values = readable(given, self.dtype)
        finite = np.isfinite(values)
        if values.dtype != given.dtype:
            finite &= np.isfinite(given)
        if not finite.all():
            place = tuple(int(index) for index in np.argwhere(~finite)[0])
            column = f" (column {self.columns[place[1]]})" if self.columns else ""
            raise InvalidValueError(
                f"{name} has {given[place]} at {place}{column}; every value must be finite"
            )
        return values


def shapes_of(specs: Iterable[TensorSpec]) -> Any:
    """Shapes with the rows' axis None first: one, or a list of them for several tensors."""
    shapes = [(None, *spec.shape) for spec in specs]
    return shapes[0] if len(shapes) == 1 else shapes


def with_preprocessing(specs: tuple[TensorSpec, ...], given: Any) -> tuple[TensorSpec, ...]:
    """Inputs that take uint8 images too, which become what the model takes.

    Args:
        specs: the model's inputs.
        given: a dict of scale, offset and channels, or :class:`Preprocessing`; of several inputs a
            dict of these by name; None for none.

    Raises:
        InvalidValueError: it is something else, or does not fit an input.
    """
    if given is None:
        return specs
    names = [spec.name for spec in specs]
    by_name = {names[0]: given} if len(names) == 1 else given
    if not isinstance(by_name, Mapping) or not by_name or not set(by_name) <= set(names):
        raise InvalidValueError(
            f"preprocess is {shown(given)}, expected a dict by inputs, of {', '.join(names)}"
        )
    return tuple(
        replace(spec, preprocessing=Preprocessing.of(by_name[spec.name], spec.shape))
        if spec.name in by_name
        else spec
        for spec in specs
    )
