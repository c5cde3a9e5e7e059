"""Random models of QKeras or HGQ2 with what these packages predict, for test_vectors.py.

These packages need Keras versions that exclude each other, so each has an environment of its own:

    python3.11 -m venv v2 && v2/bin/pip install qkeras==0.9.0 tensorflow==2.15.1 "pyparsing<3.1"
    v2/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_qkeras_0.9.npz
    python3.11 -m venv v3 && v3/bin/pip install qkeras-v3==1.2.1 tensorflow
    v3/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_qkeras_v3.npz
    python3.11 -m venv hgq && hgq/bin/pip install HGQ2==0.2.0 jax
    hgq/bin/python tests/qkeras/make_vectors.py tests/qkeras/vectors_hgq2.npz

With ``--maps`` it makes models of convolutions, for ``vectors_maps_*.npz``. With
``--models`` and ``--seed`` it makes others, which ``XFBLAS_VECTORS=file pytest tests/qkeras``
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
    parser.add_argument("--maps", action="store_true")
    arguments = parser.parse_args()
    import numpy as np

    make = _maker(arguments.maps)
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


def _maker(of_maps):
    if importlib.util.find_spec("hgq") is None:
        return _qkeras_maker(of_maps)
    os.environ["KERAS_BACKEND"] = "jax"
    import hgq_models

    return hgq_models.make_maps if of_maps else hgq_models.make


def _named(layer):
    return [(weight.name.split("/")[-1].split(":")[0], weight.numpy()) for weight in layer.weights]


def _stored(layer):
    names = [getattr(weight, "path", weight.name) for weight in layer.weights]
    return zip(names, layer.get_weights(), strict=True)


def _drawn(draw, name, values):
    """Values of a trained layer's size, in float16."""
    import numpy as np

    if values.dtype.kind != "f":
        return values
    found = draw.normal(size=values.shape) * 0.6
    if name in ("gamma", "moving_variance"):
        found = np.abs(found) + 0.3
    return found.astype(np.float16).astype(np.float32)


def _qkeras_maker(of_maps):
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

    def make_maps(choose, name):
        L, rank = keras.layers, choose.choice([1, 2, 2, 2])
        sizes = [choose.randint(5, 8) for _ in range(rank)]
        layers = [keras.Input((*sizes, choose.randint(1, 4)))]
        text = f"quantized_bits({choose.randint(2, 9)},{choose.randint(0, 3)},alpha=1)"
        layers.append(qkeras.QActivation(quantizer(choose, text, False)))
        for index in range(choose.randint(1, 2)):
            layers += _convolutions(choose, L, rank, index == 0)
        if choose.random() < 0.5:
            layers.append(getattr(L, f"GlobalAveragePooling{rank}D")())
            if rank == 2 and choose.random() < 0.7:
                average = {"average_quantizer": "quantized_bits(8,0,alpha=1)"}
                layers[-1] = qkeras.QGlobalAveragePooling2D(**average)
        else:
            layers.append(L.Flatten())
        layers.append(qkeras.QActivation("quantized_relu(6,2)"))
        ending = {"kernel_quantizer": quantizer(choose, _kernel(choose))}
        ending["bias_quantizer"] = quantizer(choose, _bias(choose))
        layers.append(qkeras.QDense(choose.randint(1, 4), **ending))
        return keras.Sequential(layers, name=name), version

    def _convolutions(choose, L, rank, is_large):
        """One convolution, and what may follow it."""
        kinds = ["QConv1D"] * 3 + ["QSeparableConv1D"] * (version == 2)
        if rank == 2:
            kinds = ["QConv2D"] * 4 + ["QDepthwiseConv2D"] * 3
            kinds += ["QConv2DTranspose"] * (
                version == 3
            )  # QKeras 0.9's needs an older TensorFlow.
            kinds += ["QSeparableConv2D"] * 2 + ["QConv2DBatchnorm"] * 2
            kinds += ["QDepthwiseConv2DBatchnorm"]
        kind = choose.choice(kinds)
        more = {"kernel_size": [choose.randint(1, 3) for _ in range(rank)]}
        more["padding"] = choose.choice(["valid", "same"]) if is_large else "same"
        if choose.random() < 0.3:
            more["strides"] = 2
        elif choose.random() < 0.3 and "Transpose" not in kind:
            more["dilation_rate"] = 2
        keys = ["kernel_quantizer"]
        if "Depthwise" in kind or "Separable" in kind:
            more["depth_multiplier"] = choose.randint(1, 2)
            keys = ["depthwise_quantizer"] + ["pointwise_quantizer"] * ("Separable" in kind)
        if "Depthwise" not in kind:
            more["filters"] = choose.randint(1, 5)
        for key in keys:
            more[key] = quantizer(choose, _kernel(choose))
        if choose.random() < 0.8:
            more["bias_quantizer"] = quantizer(choose, _bias(choose))
        else:
            more["use_bias"] = choose.random() < 0.3
        activation = quantizer(choose, _activation(choose)) if choose.random() < 0.4 else None
        found = [getattr(qkeras, kind)(activation=activation, **more)]
        if activation is None:
            if choose.random() < 0.3:
                found.append(L.BatchNormalization())
            pooling = choose.choice(["MaxPooling", "MaxPooling", "", "", "", "QAveragePooling"])
            if pooling == "QAveragePooling" and rank == 2:
                average = {"average_quantizer": "quantized_bits(6,0,alpha=1)"}
                found.append(qkeras.QAveragePooling2D(padding="same", **average))
            elif pooling == "MaxPooling":
                found.append(getattr(L, f"MaxPooling{rank}D")(padding="same"))
            found.append(qkeras.QActivation(quantizer(choose, _activation(choose), False)))
        return found

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

    return make_maps if of_maps else make


if __name__ == "__main__":
    main()
