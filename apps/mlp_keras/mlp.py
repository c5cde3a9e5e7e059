"""A Keras MLP on the Fcn engine: predicts a CSV file and compares with the float model.

With no options it takes handwritten digits and the model that was trained on them.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import xfblas_L3 as xfblas
from datasets import NAMES, export
from mlp_common import init_fpga, predict_fpga
from table import load_table

from xfblas.commands.arguments import add_architecture, in_option_words
from xfblas.errors import InvalidValueError, XfblasError
from xfblas.graph import read_network
from xfblas.l3.session import session
from xfblas.notices import shown_notices

HERE = Path(__file__).parent
CALIBRATION_ROWS = 500


def parse_arguments():
    parser = xfblas.default_args()
    parser.description = __doc__
    parser.add_argument("--dataset", default="digits", choices=NAMES, help="default: digits")
    parser.add_argument("--data", help="CSV file; default: the data set, exported")
    parser.add_argument("--model", help="Keras file; default: the one trained on the data set")
    add_architecture(parser)
    parser.add_argument("--target", default="Class", help="column of the label; default: Class")
    parser.add_argument("--id", default="Run", help="column to leave out; default: Run")
    parser.add_argument("--drop", action="append", default=[], help="more columns to leave out")
    parser.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the file begins with names; by default the file tells",
    )
    parser.add_argument("--train", type=is_true, default=False, help="True trains the model first")
    parser.add_argument(
        "--run_async", type=is_true, default=False, help="True splits the rows over all CUs"
    )
    return parser.parse_args()


def is_true(text: str) -> bool:
    """The flags of the public program are words: True and False."""
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def data_and_model(args):
    """The table, and the path of the model, trained where that was asked for."""
    path = Path(args.data) if args.data else export(args.dataset, HERE / "data")
    table = load_table(path, args.target, args.id, args.drop, args.header)
    default_model = HERE / "models" / args.dataset / "best_model.h5"
    if args.data and not args.model:
        default_model = path.with_name("best_model.h5")
    model = Path(args.model) if args.model else default_model
    if args.train:
        from train import train_model

        train_model(table.features, table.labels, len(table.classes), model)
    return path, table, model


def predict_on_one(runtimes, rows):
    """All rows on the first compute unit: the probabilities and the seconds it took."""
    start = time.perf_counter()
    probabilities = predict_fpga(runtimes[0], rows)
    return probabilities, time.perf_counter() - start


def predict_on_all(runtimes, rows):
    """The rows split over all compute units, which run at the same time."""
    start = time.perf_counter()
    parts = [part for part in np.array_split(rows, len(runtimes)) if len(part)]
    for runtime, part in zip(runtimes, parts, strict=False):
        runtime.send_matrices(part)
    xfblas.executeAsync(len(parts))
    results = [runtime.get_result() for runtime in runtimes[: len(parts)]]
    return np.concatenate(results), time.perf_counter() - start


def compared(together, alone, is_float) -> str:
    """Says that two ways gave the same; float32 may round each number of rows in its own way."""
    if is_float:
        return f"results within {np.abs(together - alone).max():.1g} of each other"
    if not np.array_equal(together, alone):
        raise XfblasError("the results of the two ways differ")
    return "same results"


def main() -> int:
    args = parse_arguments()
    path, table, model = data_and_model(args)
    network = read_network(model, args.architecture)
    if table.features.shape[1] != network.input_units:
        raise InvalidValueError(
            f"{path} has {table.features.shape[1]} feature columns, but {model} takes "
            f"{network.input_units}: check --target, --id and --drop, or train with --train True"
        )
    options = xfblas.parse_cfg(args.cfg)
    compute_units = int(options["BLAS_numKernels"])
    xfblas.createFcn(args, options, compute_units)
    device = session(0).device
    chosen = np.random.default_rng(0).permutation(len(table.features))[:CALIBRATION_ROWS]
    runtimes = [
        init_fpga(network, options, idxKernel=unit, calibration=table.features[chosen])
        for unit in range(compute_units)
    ]

    expected = network.forward(table.features)
    predict_on_one(runtimes, table.features)  # warm up: device memory is taken once
    probabilities, seconds = predict_on_one(runtimes, table.features)
    rows = len(table.features)
    agreeing = int((probabilities.argmax(1) == expected.argmax(1)).sum())
    print(f"data      {path.name}: {rows} rows, {network.input_units} features")
    print(f"model     {model.name}: {network}")
    print(f"target    {device.target}, image {device.xclbin.name}, {compute_units} compute units")
    print(f"accuracy  float {accuracy(expected, table.labels):.4f}")
    print(f"accuracy  engine {accuracy(probabilities, table.labels):.4f}")
    print(f"labels    {agreeing} of {rows} agree ({agreeing / rows:.2%})")
    print(f"largest difference in probability {np.abs(probabilities - expected).max():.6f}")
    print(f"speed     {rows / seconds:,.0f} rows/s on one compute unit")
    if args.run_async:
        predict_on_all(runtimes, table.features)
        together, parallel = predict_on_all(runtimes, table.features)
        same = compared(together, probabilities, device.dtype.kind == "f")
        print(f"one compute unit {seconds * 1e3:.2f} ms, all {parallel * 1e3:.2f} ms, {same}")
    xfblas.destroy(compute_units)
    return 0


def accuracy(probabilities, labels) -> float:
    return float((probabilities.argmax(1) == labels).mean())


if __name__ == "__main__":
    try:
        with shown_notices(Path(__file__).name):
            sys.exit(main())
    except (XfblasError, ValueError, OSError) as error:
        words = {"architecture": "--architecture"}
        sys.exit(f"{Path(__file__).name}: {in_option_words(str(error), words)}")
