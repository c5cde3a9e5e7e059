"""Results as tables in Markdown, for the README."""

from pathlib import Path

from bench.outcomes import outcomes
from bench.results import Results, Run
from bench.tables import machine_text, named
from xfblas.files import write_text

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def document(results: Results) -> str:
    """Machine, speeds of products, times of predictions and targets."""
    parts = [machine_text(results).replace("\n", "  \n")]
    lesser = results.machine.get("lesser", {})
    for run in results.runs:
        name = f"{run.threads} thread{'s' if run.threads > 1 else ''}"
        name += f", xfblas on {run.isa}" if run.isa else ""
        parts += _section(run, "gemm", f"Products, {name}: GMAC/s, medians", _speed, lesser)
        parts += _section(run, "convolve", f"Convolutions, {name}: GMAC/s, medians", _speed, lesser)
        parts += _section(run, "frames", f"Frames of a U-Net, {name}: ms, medians", _time, lesser)
        parts += _section(run, "predict", f"Predictions, {name}: ms, medians", _time, lesser)
    parts += ["### Targets", _targets(results)]
    return "\n\n".join(parts) + "\n"


def insert(text: str, path: Path) -> None:
    """Puts a text between the marks of a file.

    Raises:
        ValueError: the file has no such marks.
    """
    whole = path.read_text()
    if BEGIN not in whole or END not in whole:
        raise ValueError(f"{path} has no lines {BEGIN} and {END}")
    before, rest = whole.split(BEGIN, 1)
    write_text(path, f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END, 1)[1]}")


def _section(run: Run, kind: str, title: str, cell, lesser) -> list[str]:
    cases = [case for case in run.cases if case.kind == kind]
    if not cases:
        return []
    candidates = list(dict.fromkeys(name for case in cases for name in case.series))
    rows = [["", *(case.name for case in cases)]]
    for name in candidates:
        cells = [cell(run, case, name) if name in case.series else "" for case in cases]
        rows.append([named(name, lesser), *cells])
    if kind == "predict":
        # More cases than candidates.
        rows = [list(row) for row in zip(*rows, strict=True)]
    return [f"### {title}", _table(rows)]


def _speed(run, case, name) -> str:
    summary = run.summary(case, name)
    return f"{case.macs / summary.median / 1e9:.3g}{'~' if summary.is_noisy else ''}"


def _time(run, case, name) -> str:
    summary = run.summary(case, name)
    return f"{summary.median * 1e3:.3g}{'~' if summary.is_noisy else ''}"


def _targets(results: Results) -> str:
    rows = [["target", "threads", "limit", "measured", ""]]
    for outcome in outcomes(results):
        measured = ", ".join(f"{case}: {ratio:.2f}" for case, ratio in outcome.measured.items())
        sign = "at most" if outcome.is_most else "at least"
        limit = f"{sign} {outcome.limit:g}"
        threads = str(outcome.threads or "")
        rows.append([outcome.text, threads, limit, measured.replace("|", "/"), outcome.verdict])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    heading, *body = (f"| {' | '.join(row)} |" for row in rows)
    rule = f"| --- {'| ---: ' * (len(rows[0]) - 1)}|"
    return "\n".join([heading, rule, *body])
