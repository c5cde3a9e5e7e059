"""What is seen of a softmax by tables, chunk by chunk: errors, flipped labels, ROC curves."""

import numpy as np

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.quantization import QuantizedNetwork
from xfblas.quantization.softmax_choice import choose_softmax
from xfblas.quantization.softmax_settings import IMPLEMENTATIONS, SoftmaxSettings
from xfblas.quantization.softmax_tables import SoftmaxTables
from xfblas.reporting.softmax_report import SoftmaxChoice, SoftmaxReport

#: Points of the residuals' plot, and parts of the probabilities' range of the ROC curves.
KEPT = 4000
BINS = 4096


class ObservedSoftmax:
    """One softmax that the engine computes.

    Args:
        name: of it.
        network: the chain before it, with the tables.
    """

    def __init__(self, name: str, network: QuantizedNetwork):
        assert network.softmax is not None
        self.name, self.network, self.own = name, network, network.softmax
        self.rows = 0
        self._tables: dict[str, SoftmaxTables] = {}
        self._errors: dict[str, list[float]] = {}
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        # Rows of a class and of the others, by class and by part of the range.
        shape = (2, self.own.classes, BINS)
        self._scores = {kind: np.zeros(shape, np.int64) for kind in ("float", "tables")}
        self._has_labels = False

    def add(self, elements: np.ndarray, labels: np.ndarray | None) -> None:
        """Elements (m, k) of the last layer, and the classes of the rows or None."""
        if len(elements) == 0:
            return
        if not self._tables:
            self._choose(elements)
        logits = self.network.logits(elements)
        expected = HOST_FUNCTIONS["softmax"](logits.astype(np.float64))
        self.rows += len(elements)
        for name, tables in self._tables.items():
            found = tables.values(tables.apply(elements)).astype(np.float64)
            sizes = np.abs(found - expected)
            flipped = (found.argmax(axis=1) != logits.argmax(axis=1)).sum()
            largest, total, count = self._errors.get(name, (0.0, 0.0, 0))
            self._errors[name] = [
                max(largest, float(sizes.max())), total + float(sizes.sum()), count + int(flipped),
            ]  # fmt: skip
            if name == self.own.implementation:
                self._keep(expected, found)
                if labels is not None:
                    self._has_labels = True
                    self._count("float", expected, labels)
                    self._count("tables", found, labels)

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """Some probabilities in float, and what the tables add to them."""
        expected, found = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        return expected, found - expected

    def curves(self) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        """ROC curves of each class, false and true positive rates; empty without labels."""
        if not self._has_labels:
            return {}
        return {
            kind: [_curve(*pair) for pair in s.swapaxes(0, 1)] for kind, s in self._scores.items()
        }

    def report(self) -> SoftmaxReport:
        """What is said of it."""
        choices = []
        for name, tables in self._tables.items():
            largest, total, flipped = self._errors[name]
            mean = total / (self.rows * self.own.classes)
            costs = (tables.table_bits, tables.blocks, tables.multipliers, tables.row_cycles)
            is_own = name == self.own.implementation
            choices.append(
                SoftmaxChoice(name, is_own, largest, mean, int(flipped), tables.formats, *costs)
            )
        areas = {
            kind: [float(np.trapezoid(right, wrong)) for wrong, right in curves]
            for kind, curves in self.curves().items()
        }
        return SoftmaxReport(self.name, self.rows, tuple(choices), areas)

    def _choose(self, elements):
        for name in IMPLEMENTATIONS:
            if name == self.own.implementation:
                self._tables[name] = self.own
                continue
            try:
                settings = SoftmaxSettings.of(name)
                assert settings is not None
                self._tables[name] = choose_softmax(settings, self.network, elements)
            except (UnsupportedModelError, InvalidValueError):
                continue

    def _keep(self, expected, found):
        room = KEPT - sum(part.size for part, _ in self._kept)
        if room > 0:
            stride = max(1, -(-expected.size // room))
            self._kept.append((expected.reshape(-1)[::stride], found.reshape(-1)[::stride]))

    def _count(self, kind, values, labels):
        where = np.clip((values * BINS).astype(np.intp), 0, BINS - 1)
        is_class = labels[:, None] == np.arange(self.own.classes)
        for row, chosen in ((0, is_class), (1, ~is_class)):
            for column in range(self.own.classes):
                parts = where[chosen[:, column], column]
                self._scores[kind][row, column] += np.bincount(parts, minlength=BINS)


def _curve(right: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates of those above each threshold, from the highest on; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        rates = [
            np.concatenate([[0], np.cumsum(part[::-1])]) / part.sum() for part in (wrong, right)
        ]
    return rates[0], rates[1]
