"""How near a quantized model is to its float one, layer by layer, and what to do about it.

The room is not called ``report``, because that is the function: :func:`xfblas.report`.
"""
