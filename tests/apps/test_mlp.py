"""The sample app on the three real data sets, as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xfblas

APP = Path(__file__).resolve().parents[2] / "apps/mlp_keras"
DATASETS = ("digits", "wine", "cancer")


def run(*arguments):
    return subprocess.run(
        [sys.executable, APP / "mlp.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_labels_agree_with_the_float_model(integer_image, dataset):
    sys.path.insert(0, str(APP))
    from datasets import export
    from table import load_table

    table = load_table(export(dataset, APP / "data"))
    network = xfblas.read_network(APP / f"models/{dataset}/best_model.h5")
    expected = network.forward(table.features)
    with xfblas.open(integer_image) as device:
        runtime = xfblas.KerasRT(
            network, calibration=table.features[::4], compute_unit=device.compute_units[0]
        )
        found = runtime.predict(table.features)
    assert (found.argmax(1) == expected.argmax(1)).mean() >= 0.999
    assert (found.argmax(1) == table.labels).mean() >= 0.98


@pytest.mark.parametrize("dataset", DATASETS)
def test_app_prints_what_it_found(dataset):
    done = run("--dataset", dataset, "--run_async", "True")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert lines["target"].startswith("native")
    agreeing, rows = (int(word) for word in lines["labels"].split() if word.isdigit())
    assert agreeing / rows >= 0.999
    for word in ("rows/s", "largest difference", "accuracy  float", "accuracy  engine", "same"):
        assert word in done.stdout


def test_app_on_a_float_image():
    """Where a BLAS rounds half of the rows in another way than all of them, too."""
    image = xfblas.image_path("default_float")
    done = run("--run_async", "True", "--xclbin", image, "--cfg", image.with_suffix(".dat"))
    assert done.returncode == 0, done.stderr
    largest = float(done.stdout.split("results within ")[1].split()[0])
    assert 0 <= largest < 1e-5 and "1797 of 1797 agree" in done.stdout


def test_any_csv_with_the_options_of_the_public_program(tmp_path):
    generator = np.random.default_rng(5)
    features = generator.standard_normal((60, 13))
    data = tmp_path / "mine.csv"
    header = "key," + ",".join(f"f{i}" for i in range(13)) + ",kind,day"
    rows = [
        f"{index}," + ",".join(map(str, row)) + f",{'abc'[index % 3]},monday"
        for index, row in enumerate(features)
    ]
    data.write_text("\n".join([header, *rows]))
    image = xfblas.image_path("seed_short")
    options = ("--data", data, "--target", "kind", "--id", "key", "--drop", "day")
    model = APP / "models/wine/best_model.h5"
    files = ("--model", model, "--xclbin", image, "--cfg", image.with_suffix(".dat"))
    done = run(*options, *files)
    assert done.returncode == 0, done.stderr
    assert "60 rows, 13 features" in done.stdout and done.stderr == ""
    data.write_text("\n".join([*rows, rows[0]]))
    numbers = ("--data", data, "--target", "14", "--id", "0", "--drop", "15", *files)
    done = run(*numbers)
    assert done.returncode == 0 and "61 rows, 13 features" in done.stdout
    assert done.stderr.startswith("mlp.py: ") and done.stderr.count("is taken for a row") == 1
    assert run(*numbers, "--no-header").stderr == ""


@pytest.mark.sampled("missing.h5")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--data", "missing.csv"), "missing.csv"),
        (("--target", "kind"), "kind"),
        (("--model", "missing.h5"), "missing.h5"),
        (("--model", APP / "models/wine/best_model.h5"), "takes 13"),
        (("--xclbin", "missing.xclbin"), "missing.xclbin"),
        (("--lib", "missing.so"), "missing.so"),
    ],
)
def test_wrong_options_are_told_in_a_line(options, text):
    done = run(*options)
    assert done.returncode != 0
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_cfg():
    done = run("--cfg", "missing.dat")
    assert done.returncode != 0 and "missing.dat" in done.stderr
