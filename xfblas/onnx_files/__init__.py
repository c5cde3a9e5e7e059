"""ONNX and QONNX files, as an Architecture and the operations of its layers.

Nothing else knows how ONNX writes a model. Needs the extra ``onnx``, which parses the file; nothing
of it is executed. A node becomes a layer, and the first axis of every tensor is the batch.
"""
