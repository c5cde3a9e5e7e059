"""Scores of predictions.

What ``evaluate`` gives, the loss and metrics that a model was compiled with, is summed by Keras;
masks of classes are compared here.
"""

from xfblas.scoring.compiled import compiled_config, scoring_of
from xfblas.scoring.scoring import Scoring
from xfblas.scoring.segmentation import SegmentationScore, score_masks

__all__ = ["Scoring", "SegmentationScore", "compiled_config", "score_masks", "scoring_of"]
