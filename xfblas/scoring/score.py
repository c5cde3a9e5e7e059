"""The loss and metrics of a model, added up over batches in the way of Keras' ``evaluate``."""

from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.scoring.names import Named, metric_for, name_of, row_function
from xfblas.scoring.per_output import per_output

REDUCTIONS = ("sum_over_batch_size", "auto", "mean", "sum", "mean_with_sample_weight")


class LossTotal:
    """One output's loss: Keras' mean over batches of what each batch reduces to."""

    def __init__(self, named: Named, function):
        if named.reduction not in REDUCTIONS:
            raise NotSupportedError(
                f"loss {named.name} has reduction {named.reduction!r}, expected one of "
                f"{', '.join(REDUCTIONS)}"
            )
        self._function, self._reduction = function, named.reduction
        self._total = self._rows = 0.0

    def update(self, true, predicted, weights, batch_size) -> None:
        """Adds rows that Keras would take in batches of ``batch_size``."""
        values = self._function(true, predicted)
        if weights is not None:
            weights = np.asarray(weights, np.float32)
            weights = weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))
            if weights.ndim > values.ndim:
                weights = weights.reshape(values.shape)
            weights = np.broadcast_to(weights, values.shape)
            values = values * weights
        by_weight = self._reduction == "mean_with_sample_weight" and weights is not None
        per_row = values.size // max(len(values), 1)
        for first, last in pairwise([*range(0, len(values), batch_size), len(values)]):
            total = float(values[first:last].sum(dtype=np.float64))
            if self._reduction != "sum":
                divisor = weights[first:last].sum() if by_weight else (last - first) * per_row
                total = total / float(divisor) if divisor else 0.0
            self._total += total * (last - first)
        self._rows += len(values)

    def result(self) -> float:
        return self._total / self._rows if self._rows else 0.0


class Score:
    """Adds up a model's loss and metrics over batches.

    Args:
        config: ``loss``, ``loss_weights``, ``metrics`` and ``weighted_metrics``, each as
            keras.Model.compile takes it or as files hold it; missing ones are None.
        output_names: the model's outputs, in order.
        penalty: what the model's regularizers add to the loss.
        is_sorted: whether results are in the order of their names; else losses come first.

    Raises:
        InvalidValueError: the configuration does not fit the outputs.
        NotSupportedError: a loss or metric is not known; told at the first batch.
    """

    def __init__(self, config: dict, output_names, penalty: float = 0.0, is_sorted: bool = True):
        self._names = tuple(output_names)
        self._penalty, self._is_sorted = penalty, is_sorted
        count = len(self._names)
        self._losses = per_output("loss", config.get("loss"), self._names, repeat=True)
        weights = per_output("loss_weights", config.get("loss_weights"), self._names, repeat=True)
        self._loss_weights = [1.0 if weight is None else float(weight) for weight in weights]
        self._metrics = {
            kind: per_output(kind, config.get(kind), self._names, nested=True)
            for kind in ("metrics", "weighted_metrics")
        }
        self._loss_totals: list[LossTotal | None] | None = None
        self._running: list[tuple[int, str, str, object]] = []
        self._several = count > 1

    def update(self, targets, outputs, weights, batch_size: int) -> None:
        """Adds rows: a list of arrays for each of targets and outputs, weights or None each."""
        targets = [None if true is None else np.asarray(true, np.float32) for true in targets]
        if self._loss_totals is None:
            self._start(targets, outputs)
        for index, total in enumerate(self._loss_totals):
            if total is not None:
                with _told("loss", targets[index], outputs[index]):
                    total.update(targets[index], outputs[index], weights[index], batch_size)
        for index, kind, name, metric in self._running:
            rows = weights[index] if kind == "weighted_metrics" else None
            with _told(name, targets[index], outputs[index]):
                metric.update(targets[index], outputs[index], rows)

    def _start(self, targets, outputs) -> None:
        shapes = [
            (None if true is None else true.shape, found.shape)
            for true, found in zip(targets, outputs, strict=True)
        ]
        totals = []
        for index, loss in enumerate(self._losses):
            if loss is None:
                totals.append(None)
                continue
            self._require_target(index, targets)
            named = name_of(loss, "loss")
            totals.append(LossTotal(named, row_function(named, "loss", *shapes[index])))
        running = []
        for kind, per in self._metrics.items():
            for index, chosen in enumerate(per):
                for identifier in chosen or ():
                    self._require_target(index, targets)
                    named = name_of(identifier, "metric")
                    metric = metric_for(named, *shapes[index])
                    running.append((index, kind, named.name, metric))
        self._loss_totals, self._running = totals, running

    def _require_target(self, index, targets) -> None:
        if targets[index] is None:
            raise InvalidValueError(f"y is None for output {self._names[index]}, expected targets")

    def results(self) -> dict[str, float]:
        """Every number by Keras' name for it; the loss is None where there is none."""
        totals = self._loss_totals or []
        found: dict[str, float | None] = {}
        weighted = [
            total.result() * weight
            for total, weight in zip(totals, self._loss_weights, strict=False)
            if total is not None
        ]
        # Without any loss there is no number to give, which is not the same as none lost.
        found["loss"] = sum(weighted) + self._penalty if weighted or self._penalty else None
        if len(weighted) > 1:
            for name, total in zip(self._names, totals, strict=True):
                if total is not None:
                    found[f"{name}_loss"] = total.result()
        seen: dict[str, int] = {}
        for index, kind, name, metric in self._running:
            prefix = f"{self._names[index]}_" if self._several else ""
            full = prefix + name
            if (
                full in seen
                and kind == "weighted_metrics"
                and f"{prefix}weighted_{name}" not in seen
            ):
                full = f"{prefix}weighted_{name}"
            seen[full] = seen.get(full, 0) + 1
            found[full if seen[full] == 1 else f"{full}_{seen[full] - 1}"] = metric.result()
        return dict(sorted(found.items())) if self._is_sorted else found

    def in_order(self, results: dict) -> float | list[float]:
        """What ``evaluate`` returns without ``return_dict``: a number, or a list of them."""
        if not self._is_sorted:
            found = list(results.values())
            return found[0] if len(found) == 1 else found
        losses = [f"{name}_loss" for name in self._names] if self._several else []
        order = ["loss", *(name for _, _, name, _ in self._running), *losses]
        found = [results[name] for name in order if name in results]
        found += [results[name] for name in sorted(results) if name not in order]
        return found[0] if len(found) == 1 else found


@contextmanager
def _told(name, true, predicted):
    """Says of which shapes numpy could not compute a loss or metric."""
    try:
        yield
    except InvalidValueError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise InvalidValueError(
            f"y has shape {np.shape(true)}, which does not fit the output {predicted.shape} for "
            f"{name}: {error}"
        ) from error
