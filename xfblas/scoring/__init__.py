"""The loss and metrics that ``evaluate`` gives: what a model was compiled with, and Keras' sums."""

from xfblas.scoring.compiled import compiled_config, scoring_of
from xfblas.scoring.scoring import Scoring

__all__ = ["Scoring", "compiled_config", "scoring_of"]
