"""What was measured, as it is written to JSON: every sample, and on what machine."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.sampling import Sample
from bench.settings import Settings
from bench.statistics import Ratio, Series, Summary, compare, summarize
from xfblas.files import write_text

FORMAT = 1


@dataclass(frozen=True)
class Case:
    """A problem with the samples of all candidates.

    Attributes:
        kind: ``"gemm"``, ``"convolve"``, ``"frames"``, ``"predict"`` or ``"scripts"``.
        name: such as ``512``, or ``784-64-10, 32 rows``.
        macs: multiplications of one call.
        series: samples by candidate, one for each round.
        notes: what checks found, by candidate.
    """

    kind: str
    name: str
    macs: int
    series: dict[str, Series]
    notes: dict[str, dict] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one process measured.

    Attributes:
        threads: of every library.
        isa: instruction set that ours was kept to; None for the best.
        best_rate: of the register loop on so many threads, the slowest one's.
        single_rate: its best rate on one thread.
        cases: in order.
        missing: why candidates are missing, by what supplies them.
        failures: of our own candidates, or wrong results.
    """

    threads: int
    isa: str | None
    best_rate: float
    single_rate: float
    cases: list[Case]
    missing: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def cores(self) -> float:
        """How many whole cores the machine gave to the threads, by the register loop."""
        return self.threads * self.best_rate / self.single_rate

    def case(self, kind: str, name: str) -> Case | None:
        """The case of this name, if it was measured."""
        found = (case for case in self.cases if (case.kind, case.name) == (kind, name))
        return next(found, None)

    def summary(self, case: Case, candidate: str) -> Summary:
        """Median and best of a candidate."""
        return summarize(case.series[candidate], self.best_rate)

    def ratio(self, case: Case, ours: str, baseline: str) -> Ratio | None:
        """How many times faster ``ours`` is; None where one of them was not measured."""
        if ours not in case.series or baseline not in case.series:
            return None
        return compare(case.series[ours], case.series[baseline], self.best_rate)


@dataclass(frozen=True)
class Results:
    """A whole benchmark.

    Attributes:
        machine: facts about it, and the libraries' versions.
        settings: what was asked for.
        runs: one for each process.
        memory: peak of one product as a multiple of its operands, by element type.
        wrapper: microseconds that wrapped arrays and blocks add to a call, by which.
        cluster: seconds of one worker of Dask over those of two, by problem.
    """

    machine: dict
    settings: Settings
    runs: list[Run]
    memory: dict[str, float] = field(default_factory=dict)
    wrapper: dict[str, float] = field(default_factory=dict)
    cluster: dict[str, float] = field(default_factory=dict)

    def run(self, threads: int, isa: str | None = None) -> Run | None:
        """The run with so many threads."""
        found = (run for run in self.runs if (run.threads, run.isa) == (threads, isa))
        return next(found, None)

    def write(self, path: Path) -> None:
        """Writes them as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n")


def run_from_json(values: dict) -> Run:
    """What a worker, or a stored benchmark, holds of one process."""
    cases = [
        Case(**(case | {"series": {name: _series(s) for name, s in case["series"].items()}}))
        for case in values["cases"]
    ]
    return Run(**(values | {"cases": cases}))


def read(path: Path) -> Results:
    """Reads what :meth:`Results.write` wrote.

    Raises:
        ValueError: it is no such file, or one of another format.
    """
    values = json.loads(Path(path).read_text())
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"{path} is no result of this benchmark: expected format {FORMAT}")
    values["settings"] = Settings.from_json(values["settings"])
    values["runs"] = [run_from_json(run) for run in values["runs"]]
    return Results(**values)


def _series(samples) -> Series:
    return [None if sample is None else Sample(**sample) for sample in samples]
