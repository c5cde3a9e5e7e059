"""The graph of a streaming network, as text and as a picture."""

from xml.sax.saxutils import escape

from .stream_network import StreamNetwork

BOX, GAP, MARGIN, HEIGHT = 168, 64, 24, 84
LEFT_PORTS = 96


def network_text(network: StreamNetwork) -> str:
    """A line for each kernel: sizes, multipliers, and what it can put out."""
    lines = [f"{network.data_type} streaming MLP, {network.multipliers} multipliers"]
    lines.append(f"  host -> {network.layers[0].inputs} inputs, weights first")
    for number, layer in enumerate(network.layers, 1):
        routes = " ".join(f"{kind}{number}" for kind in layer.routes) or "nothing"
        lines.append(
            f"  layer{number}  {layer.inputs:>6} -> {layer.outputs:<6} {layer.activation:8} "
            f"P = {layer.multipliers:<5} ({layer.lanes} outputs x {layer.fold} inputs), "
            f"{layer.row_cycles(network.data_type)} cycles a row  -> host: {routes}"
        )
    return "\n".join(lines) + "\n"


def network_svg(network: StreamNetwork) -> str:
    """The same as an SVG picture: kernels from left to right, outputs to the host below."""
    count = len(network.layers)
    width = 2 * MARGIN + LEFT_PORTS + count * (BOX + GAP)
    height = 2 * MARGIN + HEIGHT + 72
    top, middle = MARGIN, MARGIN + HEIGHT // 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        "<defs><marker id='end' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='7' "
        "markerHeight='7' orient='auto'><path d='M0 0 L8 4 L0 8 z'/></marker></defs>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(MARGIN, middle - 8, "host", "start"),
        _text(MARGIN, middle + 18, "weights, rows", "start"),
        _arrow(MARGIN, middle, MARGIN + LEFT_PORTS, middle),
    ]
    for number, layer in enumerate(network.layers, 1):
        left = MARGIN + LEFT_PORTS + (number - 1) * (BOX + GAP)
        center = left + BOX // 2
        parts.append(
            f'<rect x="{left}" y="{top}" width="{BOX}" height="{HEIGHT}" rx="6" fill="#e8f0fa" '
            'stroke="#33557f"/>'
        )
        parts += [
            _text(center, top + 20, f"layer{number}: {layer.activation}"),
            _text(center, top + 40, f"{layer.inputs} \u2192 {layer.outputs}"),
            _text(center, top + 58, f"P = {layer.lanes} \u00d7 {layer.fold} = {layer.multipliers}"),
            _text(center, top + 76, f"{layer.row_cycles(network.data_type)} cycles a row"),
        ]
        routed = [f"{kind}{number}" for kind in layer.routes]
        if routed:
            parts.append(_arrow(center, top + HEIGHT, center, top + HEIGHT + 44))
            parts.append(_text(center, top + HEIGHT + 62, ", ".join(routed) + " to the host"))
        if number < count:
            parts.append(_arrow(left + BOX, middle, left + BOX + GAP, middle))
            parts.append(_text(left + BOX + GAP // 2, middle - 8, f"x{number}"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: int, y: int, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="black" marker-end="url(#end)"/>'
