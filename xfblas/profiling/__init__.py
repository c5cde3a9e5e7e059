"""Looking inside a model: Keras' values beside the engine's, as tables and as pictures.

Everything but the figures works without matplotlib.
"""

from xfblas.profiling.accuracy import Diagnosis, debug_accuracy
from xfblas.profiling.comparison import Comparison, compare
from xfblas.profiling.drawing import plot_model
from xfblas.profiling.keras_values import get_ymodel_keras
from xfblas.profiling.ranges import numerical, ranges_of

__all__ = [
    "Comparison",
    "Diagnosis",
    "compare",
    "debug_accuracy",
    "get_ymodel_keras",
    "numerical",
    "plot_model",
    "ranges_of",
]
