"""What hurts, worst first, and what to try: rules from the report's numbers."""

import math
from dataclasses import dataclass

#: Decibels that a model's logits should reach, by bits of an element.
GOOD = {16: 55.0, 8: 25.0}
#: A layer that loses more than this stands out.
LOSS = 6.0
#: The largest weight per root mean square from which on it is an outlier.
OUTLIER = 12.0
#: Bits that sums leave unused where it is not their width that weights were made for.
ROOM = 3
#: Fewer calibration rows than this tell little of what others will hold.
FEW_ROWS = 200
#: A layer whose values stay below this share of their range wastes bits.
WASTED = 0.03
#: What a host step is called that computes dense layers, and curves that the engine lacks.
IN_FLOAT = "layers in float"
BENT = ("prelu", "elu", "selu", "gelu", "tanh", "sigmoid", "silu", "relu6", "softplus", "clip")


@dataclass(frozen=True)
class Advice:
    """One thing that hurts.

    Attributes:
        weight: how much it matters, in decibels or what is as bad; for the order.
        where: the layer, or the model.
        finding: what was seen.
        remedy: what to try.
    """

    weight: float
    where: str
    finding: str
    remedy: str


def advise(layers, outputs, alternatives, bits: int, calibration: dict, graph) -> list[Advice]:
    """Everything that stands out, worst first.

    Args:
        layers, outputs, alternatives: of the report.
        bits: of an element.
        calibration: what the model's scales were derived from.
        graph: the model, for its name.
    """
    found = []
    for line in layers:
        if line.place == "engine":
            found += _layer(line, bits)
    found += _host(layers, outputs)
    found += _choices(alternatives, bits)
    found += _model(layers, outputs, alternatives, bits, calibration, graph.name)
    return sorted(found, key=lambda advice: -advice.weight)


def _layer(line, bits):
    if line.proved_bits is None and not line.wraps:
        # Of a scheme without proofs the advice is to leave it.
        return
    if line.wraps:
        share = _share(line.wraps, line.values)
        yield Advice(
            1000 + 100 * line.wraps / line.values,
            line.name,
            f"{line.wraps} values ({share}) wrapped and became other numbers",
            "leave out legacy and method='gemx': the calibrated scales cannot wrap",
        )
        return
    if line.clipped_inputs:
        share = _share(line.clipped_inputs, line.inputs_seen)
        yield Advice(
            30 + _lost(line) + 100 * line.clipped_inputs / line.inputs_seen,
            line.name,
            f"{line.clipped_inputs} of its inputs ({share}) lie beyond the range that calibration "
            "gave them, and are clipped",
            "pass calibration rows that reach as far as the data, or raise margin",
        )
    if line.saturations:
        share = _share(line.saturations, line.values)
        yield Advice(
            20 + _lost(line) + 100 * line.saturations / line.values,
            line.name,
            f"{_loses(line)}its values saturate on {share} of {line.values}",
            "raise margin, or pass more calibration rows",
        )
    if not line.saturations and not line.clipped_inputs:
        yield from _rounding(line, bits)


def _rounding(line, bits):
    """What makes a layer coarse that clips nothing."""
    is_lossy = line.lost is not None and line.lost > LOSS
    outlier = line.weight_outlier or 0
    if outlier > OUTLIER and (is_lossy or bits == 8):
        yield Advice(
            _lost(line) + 2,
            line.name,
            f"{_loses(line)}its largest weight is {outlier:.0f} times the usual one, so that the "
            "others have few steps",
            "take a higher goal, which gives inputs with such weights several columns",
        )
    elif line.weight_bits is not None and line.weight_bits < bits - 2 and is_lossy:
        finding = f"{_loses(line)}its weights have {line.weight_bits} of {bits} bits"
        remedy = "leave weight_bits at those of an element, or a Precision for its weights out"
        if (line.proved_bits or 0) > line.accumulator - ROOM:
            finding += (
                f", because its sums of {line.depth} products must fit {line.accumulator} bits"
            )
            is_narrow = line.accumulator == 32 and bits == 16
            remedy = "take accumulator=48" if is_narrow else "take 16 bits"
        yield Advice(_lost(line) + 1, line.name, finding, remedy)
    elif line.used is not None and line.used < WASTED and line.largest > 0:
        bits_unused = math.floor(-math.log2(line.used)) if line.used > 0 else bits
        yield Advice(
            _lost(line),
            line.name,
            f"{_loses(line)}its values reach {line.used:.0%} of their range, so that {bits_unused} "
            "bits lie idle",
            "calibrate with rows like this data, or lower margin",
        )
    elif is_lossy:
        yield Advice(
            _lost(line),
            line.name,
            f"{_loses(line)}nothing is clipped: its output is a small difference of large sums",
            "take 16 bits"
            if bits == 8
            else "put a Normalization or BatchNormalization layer before it, which costs nothing",
        )


def _host(layers, outputs):
    """What the host computes that another choice would leave on the engine."""
    ends = {output.name for output in outputs}
    bent = []
    for line in layers:
        if line.place == "host" and line.activation == IN_FLOAT:
            yield Advice(
                3.0,
                line.name,
                f"the host computes these layers in float: {line.reason}",
                "change what the reason names; results are right, but slower",
            )
        elif line.place == "host" and line.activation in BENT and line.output not in ends:
            bent.append(f"{line.activation} of {line.name}")
    if bent:
        yield Advice(
            0.5,
            "model",
            f"the host computes {', '.join(bent)} between layers of the engine",
            "for speed, train with relu, one leaky slope, tanh or sigmoid, which can stay there",
        )


def _choices(alternatives, bits):
    """What the comparison shows."""
    current = next((one for one in alternatives if one.is_current), None)
    if current is None or current.decibels is None:
        return
    for other in alternatives:
        if other.is_current or other.decibels is None:
            continue
        gain = other.decibels - current.decibels
        if other.bits > bits and gain > 0:
            needed = current.decibels < GOOD[bits]
            yield Advice(
                gain if needed else 1.0,
                "model",
                f"int{bits} loses {gain:.1f} dB against {other.name}",
                f"take {other.bits} bits"
                if needed
                else f"{other.bits} bits, if labels are not enough",
            )
        elif other.bits == bits and other.accumulator > current.accumulator and gain > 1:
            yield Advice(
                gain,
                "model",
                f"an accumulator of {current.accumulator} bits costs {gain:.1f} dB",
                f"take accumulator={other.accumulator}, unless speed matters more",
            )
        elif other.bits == bits and other.accumulator < current.accumulator and gain > -1:
            yield Advice(
                0.4,
                "model",
                f"an accumulator of {other.accumulator} bits would cost {max(-gain, 0):.1f} dB",
                f"take accumulator={other.accumulator} for speed on the native engine",
            )


def _model(layers, outputs, alternatives, bits, calibration, name):
    rows = int(calibration.get("rows", 0) or 0)
    if 0 < rows < FEW_ROWS:
        yield Advice(
            4.0 if rows >= 50 else 10.0,
            "model",
            f"the scales come from {rows} rows: others may reach beyond them",
            f"calibrate with {FEW_ROWS} rows or more",
        )
    if any(line.place == "engine" and line.proved_bits is None for line in layers):
        yield Advice(
            100.0,
            "model",
            "the public library's scheme: one scale for a layer, sums that are floored and wrap",
            "leave out method='gemx'",
        )
    for output in outputs:
        is_coarse = output.decibels is not None and output.decibels < GOOD[bits]
        if output.agreement is not None and output.agreement < 0.99:
            yield Advice(
                15.0,
                output.name,
                f"{output.differing} of {output.rows} rows have another label than the float model",
                "see the layers above; with 16 bits nearly none would"
                if bits == 8
                else "see the layers above",
            )
        elif is_coarse and bits == 8 and not alternatives:
            yield Advice(
                GOOD[bits] - output.decibels,
                output.name,
                f"the logits reach {output.decibels:.1f} dB, less than {GOOD[bits]:.0f} dB",
                "compare with 16 bits: --compare, or compare=True",
            )
    if not any(line.place in ("engine", "maps") for line in layers):
        yield Advice(
            50.0,
            "model",
            f"no layer of {name} runs on the engine",
            "see the reasons in the table of layers",
        )


def _lost(line) -> float:
    return max(line.lost, 0.0) if line.lost is not None and math.isfinite(line.lost) else 0.0


def _loses(line) -> str:
    is_lossy = line.lost is not None and math.isfinite(line.lost) and line.lost >= 1
    return f"loses {line.lost:.1f} dB: " if is_lossy else ""


def _share(count: int, total: int) -> str:
    percent = 100 * count / total
    return f"{percent:.2g} %" if percent >= 0.001 else "under 0.001 %"
