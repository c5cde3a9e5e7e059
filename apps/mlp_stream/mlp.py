"""A streaming MLP of 784-64-10 on handwritten digits: accuracy, differences, times.

python apps/mlp_stream/mlp.py [--target native|csim|xrt] [--mnist FOLDER]
"""

import argparse
import hashlib
import sys
import time
from pathlib import Path

import digits
import numpy as np
import training

import xfblas
from xfblas.device.default_images import TARGETS
from xfblas.errors import NotSupportedError, XfblasError
from xfblas.files import write_text
from xfblas.image.boards import board_names, read_board
from xfblas.image.stream_plan import budget_of, plan_network
from xfblas.performance.stream_estimate import estimate_stream
from xfblas.streaming.weight_sources import write_text_files

SIZES = [digits.SIDE * digits.SIDE, 64, 10]
BATCHES = (1, 10, 100, 1_000, 10_000)
DTYPES = ("float32", "int16")
SECONDS = 0.2  # that a time is measured for, at least


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=TARGETS, help="where it runs; default XFBLAS_TARGET")
    parser.add_argument("--mnist", metavar="FOLDER", help="MNIST's four idx files, gzipped or not")
    parser.add_argument("--xclbin", help="an image of make xclbin ENGINE=stream LAYERS=784,64,10")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "data", help="folder to write to"
    )
    args = parser.parse_args()
    if not 1 <= args.epochs <= 10_000:
        raise xfblas.InvalidValueError(f"epochs is {args.epochs}, expected 1 to 10000")
    source = digits.scikit_digits() if args.mnist is None else digits.mnist(args.mnist)
    rows, classes, test_rows, test_classes = source
    layers = training.train(rows, classes, SIZES, args.epochs)
    folder = args.out / "weights"
    write_text_files(folder, layers)
    print(f"{len(rows)} rows to train, {len(test_rows)} to test; weights in {folder}")

    exact = training.forward(test_rows.astype(np.float64), layers)
    print(f"accuracy of float64: {accuracy(exact['x2'], test_classes):.2%}")
    times = {"numpy": times_of(lambda x: training.forward(x, layers)["x2"], test_rows)}
    predict = keras_predict(layers)
    if predict is not None:
        times["Keras"] = times_of(predict, test_rows)
    for dtype in DTYPES if args.xclbin is None else (None,):
        options = {"xclbin": args.xclbin, "target": args.target}
        with xfblas.StreamingMLP(SIZES, "tanh", dtype, **options) as mlp:
            calibration = rows if mlp.dtype == np.int16 else None
            mlp.load_weights(folder, calibration=calibration)
            report(mlp, test_rows, test_classes, exact)
            times[f"{mlp.target} {mlp.dtype}"] = times_of(lambda x: mlp.run(x, ("x2",)), test_rows)
    print_times(times)
    print_boards()
    return plot(times, args.out / "time.svg")


def report(mlp, rows, classes, exact):
    """Accuracy, the largest difference of every output, and what the integers hash to."""
    found = mlp.run(rows)
    print(f"\n{mlp!r}\naccuracy: {accuracy(found['x2'], classes):.2%}")
    for name, values in found.items():
        worst = np.abs(values - exact[name]).max()
        print(f"  {name}: largest difference from float64 {worst:.2e}")
    if mlp.dtype == np.int16:
        integers = mlp.run(xfblas_integers(mlp, rows), integers=True)
        digest = hashlib.sha256(b"".join(integers[name].tobytes() for name in sorted(integers)))
        print(
            f"  all outputs, as bytes: sha256 {digest.hexdigest()[:16]} (the same on every target)"
        )


def xfblas_integers(mlp, rows):
    """Rows in the network's fixed point."""
    return np.clip(np.rint(np.ldexp(rows, mlp.input_bits)), -32768, 32767).astype(np.int16)


def accuracy(outputs, classes) -> float:
    return float((outputs.argmax(1) == classes).mean())


def keras_predict(layers):
    """What the same Keras model predicts with; None where Keras is not installed."""
    try:
        import keras
    except ImportError as error:
        print(f'Keras is left out: {error}: pip install ".[keras]", and KERAS_BACKEND=jax')
        return None
    model = keras.Sequential([keras.layers.Input((SIZES[0],))])
    for size in SIZES[1:]:
        model.add(keras.layers.Dense(size, activation="tanh"))
    model.set_weights([array for layer in layers for array in layer])
    return lambda x: model.predict(x, batch_size=max(32, len(x)), verbose=0)


def times_of(predict, rows) -> list[float]:
    """Seconds of a batch of each size: the best of those that fit the time."""
    found = []
    for batch in BATCHES:
        taken = np.resize(rows, (batch, rows.shape[1]))
        predict(taken)
        best, end = np.inf, time.perf_counter() + SECONDS
        while time.perf_counter() < end or best == np.inf:
            start = time.perf_counter()
            predict(taken)
            best = min(best, time.perf_counter() - start)
        found.append(best)
    return found


def print_times(times):
    print("\nmilliseconds of a batch on this CPU\n" + f"{'rows':>16}", end="")
    print("".join(f"{batch:12,}" for batch in BATCHES))
    for name, seconds in times.items():
        print(f"{name:>16}" + "".join(f"{1e3 * each:12.3f}" for each in seconds))


def print_boards():
    print(
        "\nmilliseconds of the kernels by the cycle model, all outputs (never measured on a card)"
    )
    for data_type in ("float", "short"):
        for name in board_names():
            board = read_board(name)
            budget = budget_of(board, data_type)
            network = plan_network(SIZES, "tanh", data_type, budget)
            cycles = [estimate_stream(board, network, batch).cycles for batch in BATCHES]
            clock = board.number("clock_mhz") * 1e3
            print(
                f"{name + ' ' + data_type:>16}"
                + "".join(f"{each / clock:12.4f}" for each in cycles)
            )


def plot(times, path) -> int:
    """Writes the plot of time over batch size."""
    try:
        from xfblas.reporting.figure import empty_figure, svg

        figure, axes = empty_figure(6.4, 4.0)
    except (ImportError, NotSupportedError) as error:
        print(f'the plot is left out: {error}: pip install ".[report]"')
        return 0
    for name, seconds in times.items():
        axes.plot(BATCHES, [1e3 * each for each in seconds], marker="o", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rows of a batch")
    axes.set_ylabel("milliseconds")
    axes.legend()
    write_text(path, svg(figure, axes, "Time of a batch"))
    print(f"\nplot: {path}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
