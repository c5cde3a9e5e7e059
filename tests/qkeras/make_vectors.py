"""Random models of QKeras or HGQ2 with what these packages predict, for test_vectors.py.

These packages need Keras versions that exclude each other, so each has an environment of its own:

    python3.11 -m venv v2 && v2/bin/pip install qkeras==0.9.0 tensorflow==2.15.1 "pyparsing<3.1"
    v2/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_qkeras_0.9.npz
    python3.11 -m venv v3 && v3/bin/pip install qkeras-v3==1.2.1 tensorflow
    v3/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_qkeras_v3.npz
    python3.11 -m venv hgq && hgq/bin/pip install HGQ2==0.2.0 jax
    hgq/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_hgq2.npz

With ``--models`` and ``--seed`` it makes others, which ``XFBLAS_VECTORS=file pytest tests/qkeras``
compares. Weights and inputs are numbers of float16, so that the files are small.
"""

import argparse
import importlib.util
import json
import lzma
import os
import random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
ROWS = 24


def main():
    """Writes the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--models", type=int, default=110)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    import numpy as np

    make = _maker()
    packed, configurations = Packed(), []
    for number in range(arguments.models):
        choose = random.Random(f"{arguments.seed}/{number}")
        draw = np.random.RandomState(choose.randrange(2**31))
        model, version = make(choose, f"model_{number}")
        rows = draw.normal(size=(ROWS, *model.input_shape[1:])) * choose.choice([0.5, 1, 3])
        rows = rows.astype(np.float16)
        for layer in model.layers:
            weights = [_drawn(draw, weight, values) for weight, values in _named(layer)]
            if weights and not type(layer).__module__.startswith("hgq"):
                layer.set_weights(weights)
        outputs = np.asarray(model.predict(rows.astype(np.float32), verbose=0), np.float32)
        stored = []
        for layer in model.layers:
            for name, values in _stored(layer):
                stored.append([layer.name, name, packed.add(values)])
        entry = {"model": json.loads(model.to_json()), "keras": version, "weights": stored}
        configurations.append({**entry, "x": packed.add(rows), "y": packed.add(outputs)})
        print(f"\r{number + 1} models", end="", flush=True)
    text = lzma.compress(json.dumps(configurations).encode(), preset=9)
    np.savez_compressed(arguments.file, text=np.frombuffer(text, np.uint8), **packed.arrays())
    print()


class Packed:
    """Arrays one after the other, as float16 where that holds them."""

    def __init__(self):
        self._parts = {"float16": [], "float32": []}
        self._ends = {"float16": 0, "float32": 0}

    def add(self, values):
        """Where the values went: type, type of the original, place and shape."""
        import numpy as np

        values = np.asarray(values)
        halved = values.astype(np.float16)
        kind = "float16" if (halved == values).all() else "float32"
        self._parts[kind].append(values.astype(kind).ravel())
        start = self._ends[kind]
        self._ends[kind] += values.size
        return [kind, values.dtype.name, start, list(values.shape)]

    def arrays(self):
        """All of each type."""
        import numpy as np

        return {
            kind: np.concatenate([*part, []]).astype(kind) for kind, part in self._parts.items()
        }


def _maker():
    if importlib.util.find_spec("hgq") is None:
        return _qkeras_maker()
    os.environ["KERAS_BACKEND"] = "jax"
    import hgq_models

    return hgq_models.make


def _named(layer):
    return [(weight.name.split("/")[-1].split(":")[0], weight.numpy()) for weight in layer.weights]


def _stored(layer):
    names = [getattr(weight, "path", weight.name) for weight in layer.weights]
    return zip(names, layer.get_weights(), strict=True)


def _drawn(draw, name, values):
    """Values of a trained layer's size, in float16."""
    import numpy as np

    found = draw.normal(size=values.shape) * 0.6
    if name in ("gamma", "moving_variance"):
        found = np.abs(found) + 0.3
    return found.astype(np.float16).astype(np.float32)


def _qkeras_maker():
    import qkeras

    if hasattr(qkeras.quantizers, "tf"):
        from tensorflow import keras

        version = 2
    else:
        import keras

        version = 3

    def quantizer(choose, text, of_layer=True):
        """As text, as an object, or as a dict where QKeras itself takes one."""
        if "None" in text:  # Which QKeras' own reader of texts does not know.
            text = text.replace(",alpha=None", "").replace("alpha=None", "")
        name, _, rest = text.partition("(")
        if choose.random() < 0.3:
            return text
        found = eval(f"qkeras.{name}({rest}", {"qkeras": qkeras})
        is_dict = of_layer and choose.random() < 0.3
        return {"class_name": name, "config": found.get_config()} if is_dict else found

    def make(choose, name):
        L, layers, width = keras.layers, [], choose.randint(2, 12)
        layers.append(keras.Input((width,)))
        if choose.random() < 0.85:
            bits = choose.randint(2, 9)
            text = f"quantized_bits({bits},{choose.randint(0, 3)},{choose.randint(0, 1)},alpha=1)"
            layers.append(qkeras.QActivation(quantizer(choose, text, False)))
        depth = choose.randint(1, 3)
        for index in range(depth):
            is_inside, activation = choose.random() < 0.4, None
            if is_inside and index < depth - 1:
                activation = quantizer(choose, _activation(choose))
            biases = {}
            if choose.random() < 0.8:
                biases["bias_quantizer"] = quantizer(choose, _bias(choose))
            else:
                biases["use_bias"] = choose.random() < 0.3
            dense = qkeras.QDense(
                choose.randint(1, 10),
                kernel_quantizer=quantizer(choose, _kernel(choose)),
                activation=activation,
                **biases,
            )
            layers.append(dense)
            if activation is not None:
                continue
            if choose.random() < 0.25:
                batch = L.BatchNormalization
                if version == 2 and choose.random() < 0.5:
                    batch = qkeras.QBatchNormalization
                layers.append(batch())
            if index < depth - 1 or choose.random() < 0.5:
                layers.append(qkeras.QActivation(quantizer(choose, _activation(choose), False)))
        if choose.random() < 0.3:
            layers.append(L.Activation("softmax"))
        return keras.Sequential(layers, name=name), version

    def _kernel(choose):
        bits, integer = choose.randint(1, 8), choose.randint(0, 2)
        alpha = choose.choice(["1", "1", "1", "'auto'", "'auto_po2'", "None", "0.5"])
        kinds = [
            f"quantized_bits({max(bits, 2)},{integer},{choose.randint(0, 1)},alpha={alpha})"
        ] * 6
        kinds += [f"quantized_bits({bits},0,alpha=1)", f"quantized_po2({choose.randint(2, 4)})"]
        kinds += [f"quantized_po2({choose.randint(3, 4)},max_value={choose.choice([1, 2])})"]
        kinds += [f"binary(alpha={alpha})", f"ternary(alpha={alpha})"]
        kinds += ["stochastic_ternary()", "stochastic_binary(alpha='auto')", "ternary()"]
        if version == 3:
            kinds += [f"quantized_linear({max(bits, 2)},{integer},alpha={alpha})"] * 3
        return choose.choice(kinds)

    def _bias(choose):
        bits, integer = choose.randint(2, 8), choose.randint(0, 2)
        kinds = [f"quantized_bits({bits},{integer},alpha=1)"] * 4
        kinds += [f"quantized_bits({bits},{integer})", "quantized_po2(4)", "binary()", "ternary()"]
        return choose.choice(kinds)

    def _activation(choose):
        bits, integer = choose.randint(1, 8), choose.randint(0, 3)
        flag = choose.choice(["True", "False"])
        slope = choose.choice([0.5, 0.25, 0.125])
        kinds = [f"quantized_relu({bits},{integer})"] * 5
        kinds += [f"quantized_relu({bits + 1},{integer},negative_slope={slope})"] * 2
        kinds += [f"quantized_relu({bits},{integer},use_sigmoid=1)"]
        kinds += [f"quantized_relu({bits},{integer},relu_upper_bound=6,qnoise_factor=1.0)"]
        kinds += [f"quantized_bits({bits + 1},{integer},alpha=1)"] * 3
        kinds += [f"quantized_bits({bits},{integer},keep_negative=False,alpha=1)"]
        kinds += [f"quantized_bits({bits + 1},{integer},{choose.randint(0, 1)},alpha=0.5)"]
        kinds += [f"quantized_tanh({bits + 1},symmetric={flag},use_real_tanh={flag})"]
        kinds += [f"quantized_tanh({bits + 1})", f"quantized_sigmoid({bits})"]
        kinds += [f"quantized_sigmoid({bits},symmetric={flag},use_real_sigmoid={flag})"]
        kinds += [f"quantized_po2({choose.randint(2, 5)})"]
        kinds += [f"quantized_relu_po2({choose.randint(2, 5)},max_value=2)"]
        kinds += [f"quantized_relu_po2({choose.randint(2, 4)},negative_slope={slope})"]
        kinds += ["binary()", "binary(alpha=1)", "ternary()", "ternary(alpha=2,threshold=0.4)"]
        kinds += ["binary(use_01=True)", "stochastic_binary()", "stochastic_ternary()"]
        kinds += [f"quantized_ulaw({bits + 1},{integer})"]
        kinds += [f"quantized_hswish({bits + 1},{integer},alpha=1)"]
        return choose.choice(kinds)

    return make


if __name__ == "__main__":
    main()
