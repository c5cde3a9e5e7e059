"""What follows sums: a slope of the instruction, or a function by table."""

from typing import Any

import numpy as np

from xfblas.graph import HostStep
from xfblas.layers.slope import LARGEST_SLOPE

#: A relu6 as Keras has it.
RELU6 = {"negative_slope": 0.0, "max_value": 6.0, "threshold": 0.0}


def activation_of(step: HostStep) -> tuple[float, str, dict[str, Any]]:
    """Slope of negative sums, and a function with its parameters, '' for none."""
    function, parameters = step.function, step.parameters
    if function == "prelu":
        slope = float(np.reshape(step.arrays["alpha"], -1)[0])
        if abs(slope) <= LARGEST_SLOPE:
            return slope, "", {}
        # By a table, as in dense layers.
        return 1.0, "relu", {"negative_slope": slope}
    if function == "relu" and not parameters:
        return 0.0, "", {}
    if function == "relu" and parameters == RELU6:
        return 1.0, "relu6", {}
    return 1.0, function, parameters
