"""``ConvertedModel.build``: what the kernels' source, the cycle model and v++ say of a model."""

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xfblas.errors import ExecutionError, InvalidValueError, NotSupportedError
from xfblas.image.boards import Board, read_board
from xfblas.performance.estimate import estimate_product, estimate_softmax
from xfblas.quantization.softmax_tables import SoftmaxTables

if TYPE_CHECKING:
    from xfblas.convert.converter import ConvertedModel

DTYPES = {16: "short", 8: "int8", 32: "float"}
#: Rows of the test vectors that csim computes: it takes a thousand times as long as a card.
CSIM_ROWS = 64
#: Rows over which the interval is taken.
BATCH = 1024
KERNELS = Path(__file__).parents[2] / "hw"


def build(model: "ConvertedModel", csim: bool, synth: bool, bitfile: bool) -> dict[str, Any]:
    """See :meth:`~xfblas.convert.converter.ConvertedModel.build`."""
    board = read_board(model.board)
    if synth or bitfile:
        _require_vitis()
    report: dict[str, Any] = {}
    if csim:
        report.update(_simulate(model))
    report["CSynthesisReport"] = _cycles(model, board)
    if synth or bitfile:
        report["Xclbin"] = str(_link(board, model.settings.bits, "hw" if bitfile else "hw_emu"))
    return report


def _simulate(model: "ConvertedModel") -> dict[str, Any]:
    """Test vectors on the kernels' source, beside native."""
    given = model.test_bench.inputs
    if given is None:
        raise InvalidValueError(
            "input_data_tb is None: csim runs test vectors; pass them to "
            "convert_from_keras_model, or build(csim=False)"
        )
    rows = np.asarray(given)[:CSIM_ROWS]
    expected = model.predict(rows)
    with model.on_target("csim") as simulated:
        found = simulated.predict(rows, verbose=0)
    pairs = list(zip(_listed(found), _listed(expected), strict=True))
    if any(one.tobytes() != other.tobytes() for one, other in pairs):
        raise ExecutionError("csim gives other bytes than native for the test vectors")
    return {"CSimResults": [one.tolist() for one, _ in pairs], "CSimRows": len(rows)}


def _cycles(model: "ConvertedModel", board: Board) -> dict[str, Any]:
    """One row through the engine's layers as they are, by the cycle model."""
    networks, dtype = model.compiled.networks.values(), DTYPES[model.settings.bits]
    layers = [layer for network in networks for layer in network.layers]
    softmaxes = [network.softmax for network in networks if network.softmax is not None]

    def cycles_of(rows: int) -> int:
        found = (
            estimate_product(board, "fcn", dtype, rows, *each.weights.shape) for each in layers
        )
        sums = [
            estimate_softmax(
                board, dtype, rows, each.classes, kind=each.kind, windows=each.windows,
                exp_bits=each.exp_bits, inv_table_bits=each.inv_table_bits,
            )
            for each in softmaxes
        ]  # fmt: skip
        return sum(product.cycles for product in found) + sum(sums)

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


def _link(board: Board, bits: int, mode: str) -> Path:
    """The image that v++ links for a board."""
    dtype = DTYPES[bits]
    arguments = [f"PLATFORM={board.name}", "ENGINE=fcn", f"DTYPE={dtype}", f"TARGET={mode}"]
    command = ["make", "-f", "hw/xclbin.mk", *arguments]
    if subprocess.run(command, cwd=KERNELS.parent, check=False).returncode:
        raise ExecutionError(f"{' '.join(command)} failed, its messages are above")
    return KERNELS / "build" / f"{board.name}-fcn-{dtype}-{mode}" / "fcn.xclbin"


def _listed(found: Any) -> list[np.ndarray]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]
