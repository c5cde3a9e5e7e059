"""From a Keras or ONNX model to chains of layers for the engine and steps for the host.

A configuration of any Keras version, or an ONNX graph, becomes layers and their calls
(architecture, calls, onnx_graph), those become typed operations between tensors (layer_rules,
operation_graph), and runs of dense operations become engine steps (segments, fold); of a plain
chain, one network (plain_chain). Needs numpy and h5py, and onnx for its files; Keras is neither
imported nor needed, and nothing in a file is executed.
"""

from xfblas.graph.graph_steps import EngineStep, HostStep, MapStep
from xfblas.graph.model_graph import ModelGraph
from xfblas.graph.network import FoldedLayer, Layer, Network
from xfblas.graph.reader import read_graph, read_network
from xfblas.graph.tensor_spec import TensorSpec
from xfblas.layers.activations import activate

__all__ = [
    "EngineStep",
    "FoldedLayer",
    "HostStep",
    "Layer",
    "MapStep",
    "ModelGraph",
    "Network",
    "TensorSpec",
    "activate",
    "read_graph",
    "read_network",
]
