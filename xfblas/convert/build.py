"""``ConvertedModel.build``: what the kernels' source, the cycle model and v++ say of a model."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_integer, require_truth
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.simulation import simulated
from xfblas.convert.output_comparison import compare_outputs
from xfblas.convert.synthesis_report import read_synthesis_report
from xfblas.convert.test_bench import TestBench
from xfblas.device.shared_devices import lease
from xfblas.errors import ExecutionError, InvalidValueError, NotSupportedError
from xfblas.image.boards import Board, read_board
from xfblas.image.element_types import NAMES
from xfblas.notices import notify
from xfblas.performance.estimate import estimate_product, estimate_softmax
from xfblas.performance.map_estimate import estimate_maps
from xfblas.performance.model_parts import rows_of_steps
from xfblas.quantization import QuantizedMaps
from xfblas.quantization.softmax_tables import SoftmaxTables

#: Rows of the test vectors that csim computes unless it is told: a row takes a thousand times as
#: long as on a card.
CSIM_ROWS = 64
#: Rows over which the interval is taken.
BATCH = 1024
KERNELS = Path(__file__).parents[2] / "hw"


def build(
    model: CompiledModel,
    bench: TestBench,
    board_name: str,
    csim: bool,
    synth: bool,
    bitfile: bool,
    csim_rows: int | None,
) -> dict[str, Any]:
    """See :meth:`~xfblas.convert.converted_model.ConvertedModel.build`."""
    csim = require_truth("csim", csim)
    needs_vitis = require_truth("synth", synth) | require_truth("bitfile", bitfile)
    if csim_rows is not None:
        require_integer("csim_rows", csim_rows, 1, 2**31)
    board, dtype = read_board(board_name), NAMES[model.device.dtype.name]
    if needs_vitis:
        _require_vitis()
    inputs = None if bench.inputs is None else bench.arrays(model.graph)
    if csim and inputs is None:
        raise InvalidValueError(
            "input_data_tb is None: csim runs test vectors; pass them to "
            "convert_from_keras_model, or build(csim=False)"
        )
    report: dict[str, Any] = {}
    if csim and inputs is not None:
        report.update(_simulate(model, inputs, csim_rows))
    if inputs is not None and bench.outputs is not None:
        found = _listed(model.predict(inputs, verbose=0))
        report["OutputComparison"] = compare_outputs(model.graph, found, bench.outputs)
    report["CSynthesisReport"] = _cycles(model, board, dtype)
    if needs_vitis:
        folder = _link(board, dtype, "hw" if bitfile else "hw_emu")
        report["Xclbin"] = str(folder / "fcn.xclbin")
        report["CSynthesisReport"].update(read_synthesis_report(folder))
    return report


def _simulate(
    model: CompiledModel, inputs: list[np.ndarray], csim_rows: int | None
) -> dict[str, Any]:
    """Test vectors on the kernels' source, beside native.

    Steps over maps are compared with the exact simulation of their arithmetic instead.
    """
    given = len(inputs[0])
    rows = [values[: given if csim_rows is None else csim_rows] for values in inputs]
    count = len(rows[0])
    expected = model.predict(rows, verbose=0)
    target = "simulation" if model.graph.map_steps else "csim"
    start = time.perf_counter()
    if model.graph.map_steps:
        tensors = simulated(model.graph, model.networks, rows, count)[1]
        found: Any = [tensors[spec.name].astype(np.float32) for spec in model.graph.outputs]
    else:
        with _on_csim(model) as other:
            found = other.predict(rows, verbose=0)
    seconds = time.perf_counter() - start
    pairs = list(zip(_listed(found), _listed(expected), strict=True))
    if any(one.tobytes() != other.tobytes() for one, other in pairs):
        raise ExecutionError(f"{target} gives other bytes than native for the test vectors")
    if count < given:
        notify(
            f"{target} ran the first {count} of {given} rows of input_data_tb, in {seconds:.2g} s: "
            "csim_rows (--csim-rows) takes more, csim_rows=None (--csim-rows all) all of them, in "
            f"at most {seconds * given / count:.2g} s"
        )
    results = [one.tolist() for one, _ in pairs]
    return {
        "CSimResults": results,
        "CSimRows": count,
        "CSimRowsGiven": given,
        "CSimTarget": target,
    }


def _on_csim(model: CompiledModel) -> CompiledModel:
    """The same integers, as a model of its own; to be closed."""
    held = lease(None, None, model.device.dtype, "csim")
    try:
        return CompiledModel(model.graph, model.networks, held, host_reasons=model.host_reasons)
    except BaseException:
        held.close()
        raise


def _cycles(model: CompiledModel, board: Board, dtype: str) -> dict[str, Any]:
    """One row through the engine's layers as they are, by the cycle model."""
    shares = rows_of_steps(model.graph)
    chains = {n: each for n, each in model.networks.items() if not isinstance(each, QuantizedMaps)}
    layers = [
        (shares.get(name, 1), layer) for name, network in chains.items() for layer in network.layers
    ]
    softmaxes = [each.softmax for each in chains.values() if each.softmax is not None]
    maps = [each for each in model.networks.values() if isinstance(each, QuantizedMaps)]
    of_frame = sum(
        step.cycles for each in maps for step in estimate_maps(board, each.network).steps
    )

    def cycles_of(rows: int) -> int:
        found = (
            estimate_product(
                board,
                "fcn",
                dtype,
                rows * share,
                *each.weights.shape,
                table=each.entries is not None,
            )
            for share, each in layers
        )
        sums = [
            estimate_softmax(
                board, dtype, rows, each.classes, kind=each.kind, windows=each.windows,
                exp_bits=each.exp_bits, inv_table_bits=each.inv_table_bits,
            )
            for each in softmaxes
        ]  # fmt: skip
        products = sum(product.cycles for product in found)
        return products + sum(sums) + rows * of_frame

    cycles, interval = cycles_of(1), cycles_of(BATCH) / BATCH
    period = 1000 / board.number("clock_mhz")
    return {
        "Source": "cycle model: no synthesis ran",
        "TargetClockPeriod": f"{period:.2f}",
        "EstimatedClockPeriod": f"{period:.2f}",
        "BestLatency": str(cycles),
        "WorstLatency": str(cycles),
        "IntervalMin": str(round(interval)),
        "IntervalMax": str(cycles),
        **_resources(softmaxes),
    }


def _resources(softmaxes: list[SoftmaxTables]) -> dict[str, str]:
    """What the tables of these would need if they were built for them alone."""
    if not softmaxes:
        return {}
    return {
        "SoftmaxBRAM18": str(sum(each.blocks for each in softmaxes)),
        "SoftmaxDSP": str(sum(each.multipliers for each in softmaxes)),
    }


def _require_vitis() -> None:
    if shutil.which("v++") is None:
        raise NotSupportedError(
            "v++ is not on the PATH, which synth and bitfile need: source settings64.sh of Vitis; "
            "build() without them has the cycle model's figures"
        )
    if not (KERNELS / "Makefile").is_file():
        raise NotSupportedError(f"{KERNELS} has no Makefile: build from a clone of the project")


def _link(board: Board, dtype: str, mode: str) -> Path:
    """The folder in which v++ links an image for a board."""
    arguments = [f"PLATFORM={board.name}", "ENGINE=fcn", f"DTYPE={dtype}", f"TARGET={mode}"]
    command = ["make", "-f", "hw/xclbin.mk", *arguments]
    if subprocess.run(command, cwd=KERNELS.parent, check=False).returncode:
        raise ExecutionError(f"{' '.join(command)} failed, its messages are above")
    return KERNELS / "build" / f"{board.name}-fcn-{dtype}-{mode}"


def _listed(found: Any) -> list[np.ndarray]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]
