"""A Keras model in every format that Keras 3 writes, read back and compared with its predict."""

import json

import numpy as np

from xfblas.graph import ModelGraph, read_graph

#: Weights that must be positive, and others that a fresh model has all equal.
POSITIVE = ("variance",)


def shake(model, generator):
    """Gives every weight a random value: a fresh model's zeros and ones would hide mistakes."""
    model.set_weights([_random(weight, generator) for weight in model.weights])
    for layer in model.layers:
        # Only then does a Normalization take its weights into use.
        getattr(layer, "finalize_state", lambda: None)()
    return model


def _random(weight, generator):
    shape = tuple(weight.shape)
    if "count" in weight.path:
        return np.zeros(shape, np.int32)
    if any(word in weight.path for word in POSITIVE):
        return generator.uniform(0.5, 2, shape)
    scale = np.sqrt(shape[0]) if "kernel" in weight.path else 1
    return generator.uniform(-0.9, 0.9, shape) if "alpha" in weight.path else (
        generator.standard_normal(shape) / scale
    )  # fmt: skip


def inputs_of(model, generator, rows=7):
    """Random values for each input; open sizes are 5, whole numbers are below 6."""
    arrays = []
    for tensor in model.inputs:
        shape = (rows, *(5 if size is None else size for size in tensor.shape[1:]))
        is_index = "int" in str(tensor.dtype)
        values = generator.integers(0, 6, shape) if is_index else generator.normal(0, 2, shape)
        arrays.append(values.astype(np.int32 if is_index else np.float32))
    return arrays


def check(model, folder, generator) -> ModelGraph:
    """Compares what is read from the object and from each file with Keras' predict.

    Returns:
        The graph of the object.
    """
    shake(model, generator)
    arrays = inputs_of(model, generator)
    expected = predicted(model, arrays)
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
    model.save_weights(folder / "m.weights.h5")
    graphs = [read_graph(source) for source in (model, folder / "m.keras", folder / "m.h5")]
    graphs.append(read_graph(folder / "m.weights.h5", model.to_json()))
    for graph in graphs:
        assert_agrees(graph, arrays, expected)
        assert [spec.shape for spec in graph.inputs] == [i.shape[1:] for i in model.inputs]
        assert [spec.shape for spec in graph.outputs] == [o.shape[1:] for o in model.outputs]
    for step in graphs[0].steps:
        if hasattr(step, "function"):
            assert json.loads(json.dumps(step.parameters)) == step.parameters
            # A scaling may take a large mean away.
            wanted = np.float64 if step.function == "scale" else np.float32
            assert all(array.dtype == wanted for array in step.arrays.values())
    network = graphs[0].as_network()
    if network is not None:
        assert_close(network.forward(arrays[0]), expected[0])
    return graphs[0]


def predicted(model, arrays):
    """Keras' predictions as a list."""
    found = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]


def assert_agrees(graph, arrays, expected):
    found = graph.forward(arrays)
    assert len(found) == len(expected)
    for ours, theirs, spec in zip(found, expected, graph.outputs, strict=True):
        print("output", spec.name)  # Shown where the comparison fails.
        assert_close(ours, theirs)
        sizes = zip(spec.shape, ours.shape[1:], strict=True)
        assert all(size in (None, given) for size, given in sizes)


def assert_close(found, expected):
    """Equal up to float32 arithmetic of small models."""
    assert found.dtype == np.float32 and found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)


def kinds(graph):
    """Which functions stand in a graph: 'engine' or the host's, in their order."""
    return [getattr(step, "function", "engine") for step in graph.steps]
