"""A network's integers from calibration rows: one pass over the rows, then layer by layer.

With S for a scale (integer = round(value * S)), each layer's choice is: the range of every output,
its scale (:mod:`.input_scales`, :mod:`.output_scales`), which way its sums go (:mod:`.ways`), the
instruction's postScale and postShift with integers that no input can make overflow
(:mod:`.integers`, :mod:`.bounds`), and last the bias correction:

    X[j] += mean over the sample of (sum of the float layer - sum of the integers)         (1)

in steps of the sums. Variants of all this are tried (:mod:`.search`).
"""

from dataclasses import replace

from xfblas.errors import UnsupportedModelError
from xfblas.graph import Network
from xfblas.quantization.builder import Builder, Variant
from xfblas.quantization.calibration import calibrate
from xfblas.quantization.calibration_check import findings
from xfblas.quantization.form import Form
from xfblas.quantization.input_scales import has_seldom
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.options import Options
from xfblas.quantization.preparation import prepare
from xfblas.quantization.search import best_attempt
from xfblas.quantization.ways import SPENT


def quantize_calibrated(
    network: Network, rows, options: Options, chains: int = 1, **told
) -> tuple[QuantizedNetwork, list[str]]:
    """See :func:`~xfblas.quantization.quantize`, of ``chains`` that a model has.

    Returns:
        The network, and what the rows do not tell of it, see
        :func:`~xfblas.quantization.calibration_check.findings`, which takes ``told``.
    """
    check_slopes(network)
    if options.legacy:
        network.require_no_tables("the public engine's arithmetic (legacy)")
    prepared = [prepare(network, leaky) for leaky in _forms(options)]
    if len(prepared) > 1 and not any(layer.split_slope is not None for layer in prepared[1][0]):
        del prepared[1]
    seen = calibrate([layers for layers, _ in prepared], rows, options.legacy)
    forms = [
        Form.of(*form, largest, seen, options)
        for form, largest in zip(prepared, seen.layers, strict=True)
    ]
    has_bytes = options.bits == 8 and not options.legacy
    start = Variant(options.margin_for(seen.rows), SPENT, saturates=has_bytes)
    build = Builder(forms, seen, options).build
    how = {"is_seldom": has_seldom(seen), "chains": chains}
    found = best_attempt(build, start, len(forms), options, **how)
    quantized = replace(found.network, output_activation=network.output_activation)
    layers, output_slope = prepared[0]
    return quantized, findings(layers, seen, found.decibels, options, output_slope, **told)


def _forms(options: Options) -> tuple[str, ...]:
    """How leaky layers may be prepared, those with fewer columns first."""
    if options.legacy:
        # The public engine wraps: halves that saturate are out.
        return ("prelu",)
    return ("last", "auto") if options.leaky == "auto" else (options.leaky,)


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
