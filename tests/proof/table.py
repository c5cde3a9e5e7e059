"""The outcomes as a table of Markdown."""

HEADS = (
    *("architecture", "data", "rows", "accuracy", "int16 wrong", "int16 dB", "products"),
    *("int8 wrong", "int8 dB", "products", "plain int16 dB"),
)


def table_text(found: dict) -> str:
    """Lines of Markdown.

    Args:
        found: of each (architecture, dataset) a dict of "rows", "accuracy" and outcomes by name:
            "int16", "int8" and "plain".
    """
    rows = [_cells(*case, entry) for case, entry in found.items()]
    lines = [HEADS, *rows, _ends(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    shown = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    shown.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(shown)


def _cells(architecture, dataset, entry):
    cells = [architecture, dataset, str(entry["rows"]), f"{100 * entry['accuracy']:.1f} %"]
    for name in ("int16", "int8"):
        outcome = entry.get(name)
        if outcome is None:
            cells += ["", "", ""]
        else:
            cells += [str(outcome.wrong), f"{outcome.decibels:.1f}", f"x{outcome.growth:.2f}"]
    plain = entry.get("plain")
    return [*cells, "" if plain is None else f"{plain.decibels:.1f}"]


def _ends(found):
    """All wrong rows, the least decibels and the largest growth."""
    cells = ["all", "", str(sum(entry["rows"] for entry in found.values())), ""]
    for name in ("int16", "int8", "plain"):
        outcomes = [entry[name] for entry in found.values() if name in entry]
        least = f"{min((one.decibels for one in outcomes), default=0):.1f}" if outcomes else ""
        if name == "plain":
            cells.append(least)
            continue
        cells.append(str(sum(one.wrong for one in outcomes)))
        growth = max((one.growth for one in outcomes), default=0)
        cells += [least, f"x{growth:.2f}"]
    return cells
