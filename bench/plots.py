"""Results as pictures: speed of products over their size, and speed-up of predictions."""

from pathlib import Path

import numpy as np

from bench.results import Results, Run
from xfblas.files import written

#: Candidates of each picture, with colours; what was not measured is left out.
GEMM_LINES = {
    "xfblas int16, low bits": "#b2182b",
    "xfblas int16, network data": "#d6604d",
    "xfblas int16, full range": "#f4a582",
    "xfblas int8 matmul, B kept": "#762a83",
    "numpy float32": "#2166ac",
    "numpy float64": "#92c5de",
    "MKL s16s16s32": "#4d4d4d",
    "ONNX Runtime int8": "#1b7837",
    "torch int8": "#7fbf7b",
}
PREDICT_BARS = {
    "xfblas int16": "#b2182b",
    "xfblas int16, goal=83": "#f4a582",
    "xfblas int8": "#762a83",
    "ONNX Runtime int8 static": "#1b7837",
    "OpenVINO int8": "#7fbf7b",
    "numpy float32": "#2166ac",
    "Keras predict": "#92c5de",
}
BASELINE = "ONNX Runtime float32"


def draw(results: Results, folder: Path) -> list[Path]:
    """Writes gemm and predict, each as .png and .svg.

    Raises:
        ImportError: matplotlib is not installed.
    """
    runs = [run for run in results.runs if run.isa is None]
    found = []
    for kind, plot in (("gemm", _gemm), ("predict", _predict)):
        with_cases = [run for run in runs if any(case.kind == kind for case in run.cases)]
        if with_cases:
            found += _figure(with_cases, kind, plot, folder)
    return found


def _figure(runs: list[Run], kind: str, plot, folder: Path) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        len(runs), 1, figsize=(11, 5 * len(runs)), squeeze=False, layout="constrained"
    )
    for axis, run in zip(axes[:, 0], runs, strict=True):
        plot(axis, run)
        axis.set_title(f"{run.threads} thread{'s' if run.threads > 1 else ''}")
        axis.grid(axis="y", alpha=0.3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    paths = [folder / f"{kind}.{suffix}" for suffix in ("png", "svg")]
    for path in paths:
        with written(path) as file:
            figure.savefig(file, dpi=120, format=path.suffix[1:])
    pyplot.close(figure)
    return paths


def _gemm(axis, run: Run) -> None:
    cases = [case for case in run.cases if case.kind == "gemm"]
    names = [case.name for case in cases]
    cubes = sum(name.isdigit() for name in names)
    for candidate, colour in GEMM_LINES.items():
        speeds = [
            case.macs / run.summary(case, candidate).median / 1e9
            if candidate in case.series
            else np.nan
            for case in cases
        ]
        if not np.isnan(speeds).all():
            # A line for the cubes, which come first; the other shapes are no sequence.
            axis.plot(names, speeds, "o", color=colour)
            axis.plot(names[:cubes], speeds[:cubes], "-o", label=candidate, color=colour)
    axis.set_ylabel("GMAC/s, median")
    axis.set_ylim(bottom=0)


def _predict(axis, run: Run) -> None:
    cases = [case for case in run.cases if case.kind == "predict" and BASELINE in case.series]
    places = np.arange(len(cases))
    width = 0.8 / len(PREDICT_BARS)
    for index, (candidate, colour) in enumerate(PREDICT_BARS.items()):
        ratios = [run.ratio(case, candidate, BASELINE) for case in cases]
        heights = [np.nan if ratio is None else ratio.median for ratio in ratios]
        if not np.isnan(heights).all():
            axis.bar(places + index * width, heights, width, label=candidate, color=colour)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.set_xticks(places + 0.4, [case.name for case in cases], rotation=60, ha="right")
    axis.set_ylabel(f"times as fast as {BASELINE}")
