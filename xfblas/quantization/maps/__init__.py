"""From float functions over feature maps to a :class:`~xfblas.quantization.map_steps.MapNetwork`.

lowering      functions become nodes: sums of products and windows, with all that folds folded
sampling      one float pass over the calibration images: ranges, and rows of every sum
scales        which tensors share scales and zeros, and what these are
sum_ways      which way the sums of a node go, by what that costs
integers      weights and biases of a node, with the proof that its sums fit
placing       which channels of which stored map each tensor is
quantize_maps the above in order
"""
