"""The outcomes as a table of Markdown."""

#: What the logits shall reach, by bits of an element; less is marked with an exclamation mark.
DECIBELS = {16: 57.0, 8: 23.0}
HEADS = (
    *("architecture", "data", "rows", "accuracy", "int16 wrong", "int16 dB", "products"),
    *("int8 wrong", "int8 dB", "products", "goal=83 dB", "products"),
)


def table_text(found: dict) -> str:
    """Lines of Markdown.

    Args:
        found: of each (architecture, dataset) a dict of "rows", "accuracy" and outcomes by name:
            "int16", "int8" and "fine".
    """
    rows = [_cells(*case, entry) for case, entry in found.items()]
    lines = [HEADS, *rows, _ends(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    shown = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    shown.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(shown)


def _cells(architecture, dataset, entry):
    cells = [architecture, dataset, str(entry["rows"]), f"{100 * entry['accuracy']:.1f} %"]
    for bits in (16, 8):
        outcome = entry.get(f"int{bits}")
        if outcome is None:
            cells += ["", "", ""]
        else:
            cells += [str(outcome.wrong), _decibels(outcome, bits), f"x{outcome.growth:.2f}"]
    fine = entry.get("fine")
    shown = ("", "") if fine is None else (_decibels(fine, 16), f"x{fine.growth:.2f}")
    return [*cells, *shown]


def _decibels(outcome, bits: int) -> str:
    return f"{outcome.decibels:.1f}" + ("" if outcome.decibels >= DECIBELS[bits] else " !")


def _ends(found):
    """All wrong rows, the least decibels and the largest growth."""
    cells = ["all", "", str(sum(entry["rows"] for entry in found.values())), ""]
    for name in ("int16", "int8", "fine"):
        outcomes = [entry[name] for entry in found.values() if name in entry]
        least = f"{min((one.decibels for one in outcomes), default=0):.1f}" if outcomes else ""
        if name != "fine":
            cells.append(str(sum(one.wrong for one in outcomes)))
        growth = max((one.growth for one in outcomes), default=0)
        cells += [least, f"x{growth:.2f}"]
    return cells
