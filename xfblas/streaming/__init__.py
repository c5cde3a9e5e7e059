"""Streaming MLPs: one kernel for each layer, weights on chip, every sum and activation put out."""
