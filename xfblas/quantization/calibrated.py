"""A network's integers from calibration rows: one pass over the rows, then layer by layer.

With S for a scale (integer = round(value * S)), each layer's choice is: the range of every output
(:mod:`.ranges`), its scale (:mod:`.inputs`, :mod:`.folding`), the instruction's postScale and
postShift with integers that no input can make overflow (:mod:`.integers`, :mod:`.bounds`), which
way weights are rounded (:mod:`.rounding`), and last the bias correction:

    X[j] += mean over the sample of (sum of the float layer - sum of the integers)         (1)

in steps of the sums. Variants of all this are tried (:mod:`.search`).
"""

from dataclasses import replace

from xfblas.errors import UnsupportedModelError
from xfblas.models import Network
from xfblas.quantization.builder import Builder
from xfblas.quantization.calibration import calibrate
from xfblas.quantization.calibration_check import findings
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.options import Options
from xfblas.quantization.preparation import prepare
from xfblas.quantization.search import best_attempt

#: Rows of the sample that variants are compared on.
TRIAL_ROWS = 256


def quantize_calibrated(
    network: Network, rows, options: Options, **told
) -> tuple[QuantizedNetwork, list[str]]:
    """See :func:`~xfblas.quantization.quantize`.

    Returns:
        The network, and what the rows do not tell of it, see
        :func:`~xfblas.quantization.calibration_check.findings`, which takes ``told``.
    """
    check_slopes(network)
    layers, output_slope = prepare(network, "prelu" if options.legacy else options.leaky)
    seen = calibrate(layers, rows, options.legacy)
    options = replace(options, margin=options.margin_for(seen.inputs.rows))
    whole = Builder(layers, seen, seen.sample)
    part = Builder(layers, seen, seen.sample[:TRIAL_ROWS])
    attempt = best_attempt(part.build, whole.build, layers, options)
    quantized = replace(
        attempt.network,
        output_slope=output_slope,
        output_activation=network.output_activation,
    )
    return quantized, findings(layers, seen, attempt.decibels, options, output_slope, **told)


def check_slopes(network: Network) -> None:
    """Raises an UnsupportedModelError that names every slope beyond -1 to 1."""
    steep = [layer for layer in network.layers if abs(layer.negative_slope) > 1]
    if steep:
        raise UnsupportedModelError(
            "\n".join(
                f"{layer.name}: a negative slope of {layer.negative_slope} could leave the range "
                "of the engine's integers, expected -1 to 1"
                for layer in steep
            )
        )
