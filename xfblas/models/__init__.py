"""From a Keras model, or the file of one, to the layers that the Fcn engine computes.

Needs numpy and h5py; Keras is neither imported nor needed, and nothing in a file is executed.
"""

from xfblas.models.activations import activate
from xfblas.models.network import Layer, Network
from xfblas.models.reader import read_network

__all__ = ["Layer", "Network", "activate", "read_network"]
