"""The table that ``CompiledModel.summary`` prints."""

from xfblas.models.model_graph import EngineStep

HEADINGS = ("layer", "output", "runs on", "why")


def summary_text(model) -> str:
    """A line for each layer of a :class:`~xfblas.runtime.compiled_model.CompiledModel`."""
    rows = [HEADINGS, *(row for step in model.graph.steps for row in _rows(model, step))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    on_host = len(model.host_reasons)
    engine = sum(isinstance(step, EngineStep) for step in model.graph.steps) - on_host
    lines.append(
        f"{model.graph.name}: {engine} of {len(model.graph.steps)} steps on the engine "
        f"({model.device.dtype}, {model.device.target})"
    )
    return "\n".join(line.rstrip() for line in lines)


def _rows(model, step):
    if not isinstance(step, EngineStep):
        yield (step.name, "", "host", step.reason)
        return
    reason = model.host_reasons.get(step.name)
    quantized = model.networks.get(step.name)
    summaries = quantized.summaries if quantized is not None else ()
    for index, layer in enumerate(step.network.layers):
        where = f"engine {model.device.dtype}" if reason is None else "host"
        why = f"{layer.kernel.shape[0]}x{layer.kernel.shape[1]}, {layer.activation}"
        if summaries:
            why += f", sums of {summaries[index].sums_text}"
        yield (layer.name, str(layer.kernel.shape[1]), where, why if reason is None else reason)
