"""Keras files and objects of every version, as an Architecture and its stored weights.

Nothing else knows how Keras writes a model. Needs h5py; Keras is neither imported nor needed, and
nothing in a file is executed.
"""
