"""Keras models on the engine: compile, accelerate, load, and the methods of keras.Model."""
