"""Networks on compute units: their matrices, the order of the instructions, predictions."""
