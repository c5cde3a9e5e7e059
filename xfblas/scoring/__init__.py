"""Losses and metrics by Keras' names, in numpy: what ``evaluate`` computes from predictions."""

from xfblas.scoring.score import Score

__all__ = ["Score"]
