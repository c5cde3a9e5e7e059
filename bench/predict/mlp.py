"""A network of dense layers, ReLU between them and softmax last, and rows for it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.candidate import Candidate, WrongResult

CALIBRATION_ROWS = 512
#: Share of a row that is 0, as most pixels and counts of words are.
ZEROS = 0.75
#: An int8 network has its own mind about rows that are near a border; no less than this agrees.
LEAST_AGREEMENT = 0.9


@dataclass(frozen=True)
class Mlp:
    """Weights as Keras' HeNormal draws them; not trained, since speed does not depend on it.

    Attributes:
        sizes: values in a row of the input, then units of each layer.
    """

    sizes: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``784-512-512-10``."""
        return "-".join(map(str, self.sizes))

    @property
    def macs(self) -> int:
        """Multiplications for one row."""
        return sum(k * n for k, n in zip(self.sizes, self.sizes[1:], strict=False))

    @cached_property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Kernel (k, n) and bias (n,) of each layer, float32."""
        generator = np.random.default_rng(0)
        return [
            (
                generator.normal(0, np.sqrt(2 / k), (k, n)).astype(np.float32),
                generator.normal(0, 0.05, n).astype(np.float32),
            )
            for k, n in zip(self.sizes, self.sizes[1:], strict=False)
        ]

    def rows(self, count: int, seed: int = 1) -> np.ndarray:
        """Inputs (count, features), float32: sizes of normal numbers, most of them 0."""
        generator = np.random.default_rng(seed)
        shape = (count, self.sizes[0])
        rows = np.abs(generator.standard_normal(shape, np.float32))
        return rows * (generator.random(shape, np.float32) >= ZEROS)

    @cached_property
    def calibration(self) -> np.ndarray:
        """Rows that scales are derived from, for everyone the same."""
        return self.rows(CALIBRATION_ROWS, seed=2)

    def forward(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities by numpy, float32: the baseline, and what others are compared with."""
        for kernel, bias in self.layers[:-1]:
            rows = rows @ kernel
            rows += bias
            np.maximum(rows, 0, out=rows)
        kernel, bias = self.layers[-1]
        logits = rows @ kernel
        logits += bias
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits

    def candidate(
        self, name: str, call, rows: np.ndarray, least: float = LEAST_AGREEMENT
    ) -> Candidate:
        """A candidate whose call returns probabilities, checked against :meth:`forward`.

        Args:
            name: of the candidate.
            call: predicts the rows.
            rows: float32.
            least: share of the labels that must be those of float32.
        """

        def check() -> dict:
            found, expected = np.asarray(call()), self.forward(rows)
            if found.size != expected.size:
                raise WrongResult(f"{name}: the shape is {found.shape}, not {expected.shape}")
            # Some drop the axis of a single row.
            found = found.reshape(expected.shape)
            agreement = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
            if len(rows) > 1 and agreement < least:
                raise WrongResult(
                    f"{name}: only {agreement:.0%} of the labels are those of float32"
                )
            return {"agreement": agreement, "error": float(np.abs(found - expected).max())}

        return Candidate(name, call, check)
