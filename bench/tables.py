"""Results as tables on the terminal."""

from rich.console import Console
from rich.table import Table

from bench.outcomes import Outcome, outcomes
from bench.results import Case, Results, Run
from bench.suppliers import is_ours

#: What speeds are shown as a multiple of.
BASELINES = {
    "gemm": "numpy float32",
    "convolve": "ONNX Runtime float32",
    "frames": "ONNX Runtime float32",
    "predict": "ONNX Runtime float32",
    "scripts": "numpy float32",
}
#: Columns where output goes to a file.
FILE_WIDTH = 170
TITLES = {
    "gemm": "Matrix products",
    "convolve": "Convolutions of 3 x 3",
    "frames": "Frames of a U-Net, float32 in and out",
    "predict": "Predictions, float32 in and out",
    "scripts": "numpy scripts",
}


def show(results: Results) -> None:
    """Prints everything."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    console.print(machine_text(results), highlight=False)
    for run in results.runs:
        for kind in BASELINES:
            if any(case.kind == kind for case in run.cases):
                console.print(_run_table(run, kind, results.machine.get("lesser", {})))
    console.print(_targets_table(outcomes(results)))
    for reason in dict.fromkeys(reason for run in results.runs for reason in run.missing.values()):
        console.print(f"left out: {reason}", highlight=False)
    for failure in failures(results):
        console.print(f"[red]failed:[/red] {failure}", highlight=False)


def failures(results: Results) -> list[str]:
    """Candidates that computed something wrong, or nothing."""
    return [f"{run.threads} threads: {failure}" for run in results.runs for failure in run.failures]


def machine_text(results: Results) -> str:
    """CPU, instruction set, threads and versions, in a few lines."""
    machine = results.machine
    cpu = machine["cpu"]
    versions = [f"{name} {version}" for name, version in machine["versions"].items() if version]
    cores = [
        f"{run.threads} threads get {run.cores:.2f} cores"
        for run in results.runs
        if run.isa is None and run.threads > 1
    ]
    return (
        f"{cpu['name']}, {cpu['processors']} processors, xfblas on {machine['isa']}"
        f"{''.join(f'; {text}' for text in cores)}; measured {machine['finished']}\n"
        f"Python {machine['python']}, numpy with {machine['numpy_blas']}, {', '.join(versions)}"
    )


def _run_table(run: Run, kind: str, lesser: dict[str, str]) -> Table:
    plural = "s" if run.threads > 1 else ""
    isa = f", xfblas on {run.isa}" if run.isa else ""
    table = Table(
        title=f"{TITLES[kind]}, {run.threads} thread{plural}{isa}",
        caption="~ disturbed samples had to be used",
    )
    table.add_column("case", no_wrap=True)
    table.add_column("candidate", no_wrap=True)
    headings = ("median ms", "best ms", "GMAC/s", f"/ {BASELINES[kind]}", "of bests", "dropped")
    for heading in headings:
        table.add_column(heading, justify="right")
    for case in run.cases:
        if case.kind == kind:
            _add_case(table, run, case, lesser)
            table.add_section()
    return table


def named(candidate: str, lesser: dict[str, str]) -> str:
    """A candidate with the lesser instruction set that it runs on, if it does."""
    notes = [note for start, note in lesser.items() if candidate.startswith(start)]
    return f"{candidate} ({notes[0]})" if notes else candidate


def _add_case(table: Table, run: Run, case: Case, lesser: dict[str, str]) -> None:
    for index, candidate in enumerate(case.series):
        summary = run.summary(case, candidate)
        ratio = run.ratio(case, candidate, BASELINES[case.kind])
        table.add_row(
            "" if index else case.name,
            named(candidate, lesser),
            f"{summary.median * 1e3:.4g}",
            f"{summary.best * 1e3:.4g}",
            f"{case.macs / summary.median / 1e9:.1f}",
            "" if ratio is None else f"{ratio.median:.2f}",
            "" if ratio is None else f"{ratio.best:.2f}",
            f"{'~ ' if summary.is_noisy else ''}{summary.dropped:.0%}",
            style="bold" if is_ours(candidate) else None,
        )


def _targets_table(found: list[Outcome]) -> Table:
    table = Table(title="Targets: medians of the ratios within a round, of the worst case")
    for heading in ("target", "threads", "limit", "worst", "of bests", "case", "verdict"):
        is_number = heading in ("limit", "worst", "of bests")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    for outcome in found:
        worst = outcome.worst
        sign = "at most" if outcome.is_most else "at least"
        style = "red" if outcome.missed_by else "green" if worst else "dim"
        table.add_row(
            outcome.text,
            str(outcome.threads or ""),
            f"{sign} {outcome.limit:g}",
            f"{outcome.measured[worst]:.2f}" if worst else "",
            f"{outcome.best[worst]:.2f}" if worst in outcome.best else "",
            worst or "",
            f"[{style}]{outcome.verdict}[/{style}]",
        )
    return table
