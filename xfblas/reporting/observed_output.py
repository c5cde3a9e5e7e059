"""What is seen of an output of the model, chunk by chunk of the data."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.reporting.class_score import class_scores
from xfblas.reporting.nearness import Nearness
from xfblas.reporting.output_report import OutputReport

#: Rows of the scatter plot, and parts of the probabilities' range in the calibration curve.
KEPT = 2000
BINS = 10
#: Frames whose masks are shown.
SHOWN_MASKS = 4
#: More classes than this get no confusion matrix: it would hold more cells than a page.
MOST_CLASSES = 200


class ObservedOutput:
    """One output.

    Args:
        graph: the float model.
        index: of the output in it.
        classes: names of the classes, or None.
    """

    def __init__(self, graph, index: int, classes=None):
        self.spec = graph.outputs[index]
        self.classes = None if classes is None else [str(name) for name in classes]
        self.logits = self.spec.name
        self.activation = "linear"
        for step in graph.steps:
            function = getattr(step, "function", None)
            is_last = step.output == self.spec.name
            if is_last and function in HOST_FUNCTIONS and not step.parameters:
                self.logits, self.activation = step.inputs[0], function
        self.nearness, self.largest = Nearness(), Nearness()
        self.rows = 0
        self._counts = {}
        self._errors = np.zeros(3)
        self._bins = {kind: np.zeros((BINS, 3)) for kind in ("float", "quantized")}
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._masks: list[dict[str, np.ndarray]] = []
        self._has_targets = False
        self._is_classes = None

    def add(self, expected: dict, found: dict, targets) -> None:
        """Tensors by name of both models, and the targets of the rows or None."""
        f, q = expected[self.spec.name], found[self.spec.name]
        self.nearness.add(expected[self.logits], found[self.logits])
        self.largest.add(f, q)
        self._keep(expected[self.logits], found[self.logits])
        shape = f.shape[:-1]
        f, q = (values.reshape(-1, values.shape[-1]) for values in (f, q))
        self.rows += len(f)
        if self._is_classes is None:
            self._is_classes = self._holds_classes(targets)
        self._has_targets |= targets is not None
        if not self._is_classes:
            if targets is not None:
                y = self._numbers(targets, f)
                self._errors += [((f - y) ** 2).sum(), ((q - y) ** 2).sum(), y.size]
            return
        f_labels, q_labels = self._labels(f), self._labels(q)
        labels = None if targets is None else self._given_labels(targets, f)
        if self._has_masks and len(self._masks) < SHOWN_MASKS:
            of_frames = {"labels": labels, "float": f_labels, "quantized": q_labels}
            known = {name: m.reshape(shape) for name, m in of_frames.items() if m is not None}
            for frame in range(min(shape[0], SHOWN_MASKS - len(self._masks))):
                self._masks.append({name: mask[frame] for name, mask in known.items()})
        for name, rows, columns in (
            ("both", f_labels, q_labels),
            ("quantized", labels, q_labels),
            ("float", labels, f_labels),
        ):
            if rows is not None:
                pairs, counts = np.unique(np.stack([rows, columns]), axis=1, return_counts=True)
                known = self._counts.setdefault(name, {})
                for row, column, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
                    known[row, column] = known.get((row, column), 0) + count
        if labels is not None and self.activation in ("softmax", "sigmoid"):
            for kind, values, found_labels in (("float", f, f_labels), ("quantized", q, q_labels)):
                self._add_probabilities(kind, values, found_labels == labels)

    def labels_of(self, targets, found: dict) -> np.ndarray | None:
        """The class of each row, where the targets are classes."""
        values = found[self.spec.name]
        if targets is None or not self._is_classes or values.ndim != 2:
            return None
        return self._given_labels(targets, values)

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Some logits of the float model and of the quantized one, for a scatter plot."""
        return tuple(np.concatenate(parts) for parts in zip(*self._kept, strict=True))

    def report(self) -> OutputReport:
        """What is said of it."""
        common = {
            "name": self.spec.name,
            "rows": self.rows,
            "decibels": self.nearness.decibels,
            "cosine": self.nearness.cosine,
            "largest_difference": self.largest.largest,
        }
        if not self._is_classes:
            if self._has_targets and self._errors[2]:
                roots = np.sqrt(self._errors[:2] / self._errors[2])
                common |= {"error_float": float(roots[0]), "error": float(roots[1])}
            return OutputReport(**common, kind="numbers")
        same = _diagonal(self._counts["both"])
        common |= {"agreement": same / self.rows, "differing": self.rows - same}
        if self._has_targets:
            common["accuracy"] = _diagonal(self._counts["quantized"]) / self.rows
            common["accuracy_float"] = _diagonal(self._counts["float"]) / self.rows
        shown = "quantized" if self._has_targets else "both"
        classes = self._class_names()
        if len(classes) <= MOST_CLASSES:
            common |= {
                "classes": classes,
                "confusion": _matrix(self._counts[shown], len(classes)),
                "confusion_of": "labels" if self._has_targets else "float",
            }
            if self._has_targets:
                common["confusion_float"] = _matrix(self._counts["float"], len(classes))
            if self._has_masks:
                plain = common.get("confusion_float", ())
                common["masks"] = class_scores(classes, common["confusion"], plain)
        if any(bins[:, 2].any() for bins in self._bins.values()):
            common["calibration"] = {kind: _curve(bins) for kind, bins in self._bins.items()}
        return OutputReport(**common, kind="classes")

    @property
    def _has_masks(self) -> bool:
        """Whether there is a class for each pixel of a frame."""
        return len(self.spec.shape) == 3 and self.spec.shape[-1] != 1

    def masks(self) -> dict[str, np.ndarray]:
        """Masks of the first frames, (n, height, width), by what gave them; none of other outputs.

        Frames of another size than the first are left out.
        """
        frames = [m for m in self._masks if m["float"].shape == self._masks[0]["float"].shape]
        names = frames[0] if frames else ()
        return {name: np.stack([frame[name] for frame in frames]) for name in names}

    def _holds_classes(self, targets) -> bool:
        """Whether labels are meant: several outputs or a probability, unless targets say no."""
        if targets is not None and np.asarray(targets).dtype.kind == "f":
            y = np.asarray(targets)
            if not np.array_equal(y, np.rint(y)):
                return False
        if self._has_masks and np.ndim(targets) == len(self.spec.shape):
            return True  # one for each pixel: others than the output's are errors
        if self.spec.shape[-1] != 1:
            return self.activation == "softmax" or targets is None or self._fits_classes(targets)
        if self.activation == "sigmoid":
            return True
        return targets is not None and set(np.unique(targets)) <= {0, 1}

    def _fits_classes(self, targets) -> bool:
        y = np.asarray(targets)
        one_hot = y.ndim > 1 and y.shape[-1] == self.spec.shape[-1]
        return one_hot or bool(((y >= 0) & (y < self.spec.shape[-1])).all())

    def _labels(self, values: np.ndarray) -> np.ndarray:
        if values.shape[1] > 1:
            return values.argmax(axis=1)
        return (values[:, 0] > (0.5 if self.activation == "sigmoid" else 0)).astype(np.int64)

    def _given_labels(self, targets, values) -> np.ndarray:
        y = np.asarray(targets)
        count = max(values.shape[1], 2)
        if y.size == values.size and values.shape[1] > 1:
            return y.reshape(values.shape).argmax(axis=1)
        y = y.reshape(-1)
        if len(y) != len(values):
            raise InvalidValueError(
                f"y has {len(y)} labels for {len(values)} rows of output {self.spec.name}, "
                "expected one for each"
            )
        wrong = y[~((y >= 0) & (y < count) & (y == np.rint(y)))]
        if len(wrong):
            raise InvalidValueError(
                f"y holds {wrong[0]}, expected classes from 0 to {count - 1} as output "
                f"{self.spec.name} has them"
            )
        return y.astype(np.int64)

    def _numbers(self, targets, values) -> np.ndarray:
        y = np.asarray(targets, np.float64)
        if y.size != values.size:
            raise InvalidValueError(
                f"y has shape {y.shape}, expected {values.shape} as output {self.spec.name}"
            )
        return y.reshape(values.shape)

    def _add_probabilities(self, kind, values, is_right) -> None:
        confidence = values.max(axis=1)
        if values.shape[1] == 1:
            confidence = np.maximum(values[:, 0], 1 - values[:, 0])
        where = np.clip((confidence * BINS).astype(np.intp), 0, BINS - 1)
        for column, amounts in enumerate((confidence, is_right, np.ones(len(values)))):
            self._bins[kind][:, column] += np.bincount(where, amounts, BINS)

    def _keep(self, expected, found) -> None:
        room = KEPT - sum(part.size for part, _ in self._kept)
        if room > 0:
            stride = max(1, -(-expected.size // room))
            self._kept.append((expected.reshape(-1)[::stride], found.reshape(-1)[::stride]))

    def _class_names(self) -> list[str]:
        count = max(self.spec.shape[-1] or 1, 2)
        if self.classes is not None and len(self.classes) == count:
            return self.classes
        return [str(number) for number in range(count)]


def _diagonal(counts: dict) -> int:
    return sum(count for (row, column), count in counts.items() if row == column)


def _matrix(counts: dict, size: int) -> list[list[int]]:
    return [[counts.get((row, column), 0) for column in range(size)] for row in range(size)]


def _curve(bins: np.ndarray) -> list[tuple[float, float, int]]:
    return [(float(p / n), float(right / n), int(n)) for p, right, n in bins if n]
