"""Models in files as QKeras or HGQ2 saves them, and what they predict, for test_files.py.

In the environments of make_vectors.py, each with scikit-learn beside it:

    v2/bin/python tests/qkeras/make_files.py qkeras_0.9
    v3/bin/python tests/qkeras/make_files.py qkeras_v3
    hgq/bin/python tests/qkeras/make_files.py hgq2

They are trained on the digits of scikit-learn, but for as long as a test needs. With ``maps`` after
the name they are models of convolutions, in files called ``maps_qkeras_0.9`` and so on.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NAME, OF_MAPS = sys.argv[1], sys.argv[2:] == ["maps"]
os.environ["KERAS_BACKEND"] = "jax" if NAME == "hgq2" else "tensorflow"

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

FOLDER = Path(__file__).parent / "files"
ROWS = 200


def main():
    """Writes the model as .h5 and .keras, and what it predicts as .npz."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x = x.reshape(-1, 8, 8, 1) if OF_MAPS else x
    makers = (_hgq_model, _hgq_maps) if NAME == "hgq2" else (_qkeras_model, _qkeras_maps)
    make, name = makers[OF_MAPS], f"maps_{NAME}" if OF_MAPS else NAME
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=8 if OF_MAPS else 30, batch_size=32, verbose=0)
    print(model.evaluate(x, y, verbose=0))
    FOLDER.mkdir(exist_ok=True)
    saved = make()  # Without an optimizer.
    saved.set_weights(model.get_weights())
    saved.save(FOLDER / f"{name}.keras")
    saved.save(FOLDER / f"{name}.h5")
    found = np.asarray(model.predict(x[:ROWS], verbose=0))
    np.savez_compressed(FOLDER / f"{name}.npz", y=found)


def _qkeras_model():
    import qkeras

    if hasattr(qkeras.quantizers, "tf"):
        from tensorflow import keras
    else:
        import keras
    bits, relu = qkeras.quantized_bits, qkeras.quantized_relu
    layers = [
        keras.Input((64,)),
        qkeras.QActivation("quantized_relu(5,1)", name="pixels"),
        qkeras.QDense(
            24,
            kernel_quantizer=bits(6, 0, alpha=1),
            bias_quantizer="quantized_bits(6,0,alpha=1)",
            name="fc1",
        ),
        qkeras.QActivation("quantized_relu(6,2)", name="relu1"),
        qkeras.QDense(
            16,
            kernel_quantizer="ternary(alpha='auto_po2')",
            bias_quantizer=bits(6, 1, alpha=1),
            activation=relu(6, 2, negative_slope=0.25),
            name="fc2",
        ),
        qkeras.QDense(
            10,
            kernel_quantizer=bits(6, 0, alpha="auto"),
            bias_quantizer=bits(6, 0, alpha=1),
            name="fc3",
        ),
        keras.layers.Activation("softmax", name="softmax"),
    ]
    return keras.Sequential(layers, name="digits")


def _qkeras_maps():
    import qkeras

    if hasattr(qkeras.quantizers, "tf"):
        from tensorflow import keras
    else:
        import keras
    bits, relu = qkeras.quantized_bits, qkeras.quantized_relu
    exact = {"bias_quantizer": bits(6, 1, alpha=1)}
    layers = [
        keras.Input((8, 8, 1)),
        qkeras.QActivation("quantized_relu(5,1)", name="pixels"),
        qkeras.QConv2D(8, 3, kernel_quantizer=bits(5, 0, alpha="auto_po2"), name="conv1", **exact),
        qkeras.QActivation("quantized_relu(6,2)", name="relu1"),
        keras.layers.MaxPooling2D(name="pool"),
        qkeras.QDepthwiseConv2D(
            3, padding="same", depthwise_quantizer=bits(5, 0, alpha=1), name="deep", **exact
        ),
        qkeras.QActivation(relu(6, 2), name="relu2"),
        qkeras.QConv2DBatchnorm(
            16,
            2,
            kernel_quantizer=bits(6, 1, alpha=1),
            bias_quantizer=bits(6, 2, alpha=1),
            activation=relu(6, 3),
            name="conv2",
        ),
        keras.layers.Flatten(name="flat"),
        qkeras.QDense(10, kernel_quantizer=bits(6, 0, alpha=1), name="fc", **exact),
        keras.layers.Activation("softmax", name="softmax"),
    ]
    return keras.Sequential(layers, name="images")


def _hgq_maps():
    import keras
    from hgq.config import QuantizerConfigScope
    from hgq.layers import QConv2D, QDense, QMaxPooling2D

    with QuantizerConfigScope(place="datalane", overflow_mode="SAT", f0=4, i0=2):
        layers = [
            keras.Input((8, 8, 1)),
            QConv2D(8, 3, activation="relu", name="conv1"),
            QMaxPooling2D(2, name="pool"),
            QConv2D(12, 2, activation="relu", name="conv2"),
            keras.layers.Flatten(name="flat"),
            QDense(10, name="fc"),
            keras.layers.Activation("softmax", name="softmax"),
        ]
    return keras.Sequential(layers, name="images")


def _hgq_model():
    import keras
    from hgq.config import QuantizerConfigScope
    from hgq.layers import QBatchNormDense, QDense

    with QuantizerConfigScope(place="datalane", overflow_mode="SAT", f0=4, i0=2):
        layers = [
            keras.Input((64,)),
            QDense(24, activation="relu", name="fc1"),
            QBatchNormDense(16, activation="relu", name="fc2"),
            QDense(10, name="fc3"),
            keras.layers.Activation("softmax", name="softmax"),
        ]
    return keras.Sequential(layers, name="digits")


if __name__ == "__main__":
    main()
