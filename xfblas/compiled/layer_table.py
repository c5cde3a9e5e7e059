"""Where each layer runs: the table that ``CompiledModel.summary`` prints, and reports show."""

from dataclasses import dataclass

from xfblas.compiled.softmax_steps import softmax_networks
from xfblas.graph import EngineStep, MapStep

HEADINGS = ("layer", "output", "runs on", "why")
FOLDED = "-"


@dataclass(frozen=True)
class Line:
    """A layer on the engine, a function of the host, or a Keras layer that is part of another.

    Attributes:
        name: of its values, see :mod:`xfblas.layers.placement`.
        shape: of the kernel, of dense layers.
        place: 'engine', 'host', or '-' for what is no step of its own.
        reason: why there; of a layer on the engine its activation and which way its sums go.
    """

    name: str
    shape: tuple[int, int] | None
    place: str
    reason: str


def lines_of(graph, host_reasons: dict[str, str], networks) -> list[Line]:
    """Every step in the order of computation, and every layer that is none in its place.

    Args:
        graph: a :class:`~xfblas.graph.ModelGraph`.
        host_reasons: why an engine step is computed in float by the host, by its name.
        networks: quantized layers of the others, by its name.
    """
    by_tables = softmax_networks(graph, networks)
    waiting = []
    for step in graph.steps:
        if step.output in by_tables:
            tables = by_tables[step.output].softmax
            why = f"softmax {tables.text()}; {tables.found_text()}; {tables.cost_text()}"
            waiting.append(Line(step.output, None, "engine", why))
        else:
            waiting += _lines(step, host_reasons, networks)
    found = []
    for placement in graph.placements:
        if not placement.is_computed:
            found.append(Line(placement.layer, None, FOLDED, placement.reason))
        elif placement.layer in [line.name for line in waiting]:
            while not found or found[-1].name != placement.layer:
                found.append(waiting.pop(0))
    return found + waiting


def steps_on_engine(lines: list[Line]) -> tuple[int, int]:
    """How many steps the engine runs, and how many there are."""
    places = [line.place for line in lines if line.place != FOLDED]
    return places.count("engine"), len(places)


def summary_text(model) -> str:
    """A line for each layer of a :class:`~xfblas.compiled.compiled_model.CompiledModel`."""
    lines = lines_of(model.graph, model.host_reasons, model.networks)
    rows = [HEADINGS, *(_row(line, model.device.dtype) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    text = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    text.insert(1, "-" * max(map(len, text)))
    for spec in model.graph.inputs:
        if spec.preprocessing is not None:
            text.append(f"{spec.name}: {spec.preprocessing.text()}")
    for name, plan in model.memory().items():
        text.append(
            f"maps of {name}: {plan.total_bytes / 2**20:.2f} MiB for {plan.frames} frames at once, "
            f"at most {plan.largest_live_bytes / 2**20:.2f} of them needed at a time; "
            f"weights {plan.weights_bytes / 2**20:.2f} MiB"
        )
    engine, steps = steps_on_engine(lines)
    text.append(
        f"{model.graph.name}: {engine} of {steps} steps on the engine "
        f"({model.device.dtype}, {model.device.target})"
    )
    return "\n".join(line.rstrip() for line in text)


def _row(line, dtype):
    outputs = "" if line.shape is None else str(line.shape[1])
    if line.place != "engine":
        return (line.name, outputs, line.place, line.reason)
    size = "" if line.shape is None else f"{line.shape[0]}x{line.shape[1]}, "
    return (line.name, outputs, f"engine {dtype}", f"{size}{line.reason}")


def _map_lines(step, host_reasons, maps):
    """A line for each function of a step over maps."""
    reason = host_reasons.get(step.name)
    summaries = {} if maps is None else {one.name: one for one in maps.summaries}
    stored = set() if maps is None else {tensor.name for tensor in maps.tensors}
    for part in step.steps:
        summary = summaries.get(part.output)
        if maps is None:
            yield Line(part.output, None, "host", reason or part.reason)
        elif summary is not None:
            shape = (max(r * c for r, c in summary.kernels) * summary.channels, summary.outputs)
            yield Line(part.output, shape, "engine", summary.text())
        elif part.output in stored:
            yield Line(part.output, None, "engine", f"{part.function} of elements")
        else:
            yield Line(part.output, None, FOLDED, "folded into what follows")


def _lines(step, host_reasons, networks):
    if isinstance(step, MapStep):
        yield from _map_lines(step, host_reasons, networks.get(step.name))
        return
    if not isinstance(step, EngineStep):
        yield Line(step.output, None, "host", step.reason)
        return
    reason = host_reasons.get(step.name)
    quantized = networks.get(step.name)
    summaries = () if quantized is None else quantized.summaries
    for index, layer in enumerate(step.network.layers):
        place, why = ("engine", layer.activation) if reason is None else ("host", reason)
        if reason is None and summaries:
            summary = summaries[index]
            if summary.table is not None:
                why = summary.table.text(summary.bits)
            why += f", sums of {summary.sums_text}"
        yield Line(layer.output, layer.kernel.shape, place, why)
