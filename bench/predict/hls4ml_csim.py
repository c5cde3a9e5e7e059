"""hls4ml: its C simulation of the network that it would put on an FPGA."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "hls4ml csim"
#: Larger layers take hls4ml's compilation too long.
SIZES = (128, 100, 25, 3)
#: It needs seconds for more.
MOST_ROWS = 1024
#: hls4ml's default precision, also for what softmax gets.
SUMS = "fixed<16,6>"
#: Its tables give some rows another label; here only time counts.
LEAST_AGREEMENT = 0.5


def predictor(mlp: Mlp, threads: int, folder: Path, stack):
    """``hls_model.predict`` in hls4ml's default precision, one thread in any case."""
    if mlp.sizes != SIZES:
        return lambda rows: []
    try:
        import hls4ml
    except ImportError:
        raise Missing(f"{NAME}: pip install hls4ml") from None
    from bench.predict.keras_jax import keras_model

    model = keras_model(mlp)
    configuration = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    # Softmax looks up the leading bits of its argument: of the wide type that hls4ml would choose
    # for the sums they are always the same.
    configuration["LayerName"][model.layers[-1].name]["Precision"]["result"] = SUMS
    converted = hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=configuration,
        backend="Vitis",
        output_dir=str(folder / f"hls4ml-{threads}"),
    )
    converted.compile()

    def candidates(rows):
        if len(rows) > MOST_ROWS:
            return []
        return [mlp.candidate(NAME, partial(converted.predict, rows), rows, LEAST_AGREEMENT)]

    return candidates
