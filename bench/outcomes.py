"""Whether results meet the targets."""

from dataclasses import dataclass

from bench.results import Results, Run
from bench.targets import (
    AMX,
    CLUSTER,
    MEMORY,
    SCALING,
    TARGETS,
    WHOLE_CORES,
    WRAPPER,
    Target,
)

WRAPPER_TEXT = "scripts: microseconds that a wrapper adds to a call"
CLUSTER_TEXT = "dask.predict: 2 workers / 1"
MEMORY_TEXT = "memory of a product of 2048 / operands"


@dataclass(frozen=True)
class Outcome:
    """A target and what was measured.

    Attributes:
        text: what is compared.
        threads: of the run; None where they do not matter.
        limit: the ratio to reach, or with ``is_most`` not to exceed.
        measured: by case; empty where nothing was.
        best: the ratios of the best samples, where those were compared too.
        is_noisy: disturbed samples had to be used.
        why_not: why nothing was measured, where that is known.
    """

    text: str
    threads: int | None
    limit: float
    measured: dict[str, float]
    best: dict[str, float]
    is_noisy: bool = False
    is_most: bool = False
    why_not: str | None = None

    @property
    def worst(self) -> str | None:
        """The case that comes nearest to missing it, or misses it most."""
        if not self.measured:
            return None
        choose = max if self.is_most else min
        return choose(self.measured, key=self.measured.__getitem__)

    @property
    def missed_by(self) -> float:
        """Share of the limit that is missing in the worst case; 0 where it is met."""
        if self.worst is None:
            return 0.0
        share = self.measured[self.worst] / self.limit
        return max(0.0, share - 1 if self.is_most else 1 - share)

    @property
    def verdict(self) -> str:
        """``met``, ``missed by 7 %`` or ``not measured``, with the reason."""
        if not self.measured:
            return "not measured" + (f": {self.why_not}" if self.why_not else "")
        told = f"missed by {self.missed_by:.1%}" if self.missed_by > 0 else "met"
        return f"{told} (noisy)" if self.is_noisy else told


def outcomes(results: Results) -> list[Outcome]:
    """All targets, for each number of threads that was measured."""
    found = []
    for target in TARGETS:
        runs = [run for run in results.runs if _is_of(run, target.isa, results)]
        found += [_outcome(target, run) for run in runs] or [
            Outcome(target.text, None, target.least, {}, {}, why_not=_why_not(target.isa, results))
        ]
    found += _scaling(results)
    for text, is_kept in ((MEMORY_TEXT, False), (f"{MEMORY_TEXT}, B kept there too", True)):
        shares = {kind: share for kind, share in results.memory.items() if is_kept == _kept(kind)}
        found.append(Outcome(text, None, MEMORY, shares, {}, is_most=True))
    found.append(Outcome(WRAPPER_TEXT, None, WRAPPER, results.wrapper, {}, is_most=True))
    found.append(Outcome(CLUSTER_TEXT, None, CLUSTER, results.cluster, {}))
    return found


def _is_of(run: Run, isa: str | None, results: Results) -> bool:
    """Whether a run tells of an instruction set; None is the best of the machine."""
    return run.isa == isa or (run.isa is None and isa == AMX == results.machine.get("isa"))


def _why_not(isa: str | None, results: Results) -> str | None:
    return "no AMX" if isa == AMX != results.machine.get("isa") else None


def _kept(kind: str) -> bool:
    return kind.endswith("kept")


def _outcome(target: Target, run: Run) -> Outcome:
    ratios = {}
    for name in target.cases:
        case = run.case(target.kind, name)
        ratio = None if case is None else run.ratio(case, target.ours, target.baseline)
        if ratio is not None:
            ratios[name] = ratio
    return Outcome(
        target.text,
        run.threads,
        target.least,
        {name: ratio.median for name, ratio in ratios.items()},
        {name: ratio.best for name, ratio in ratios.items()},
        any(ratio.is_noisy for ratio in ratios.values()),
    )


def _scaling(results: Results) -> list[Outcome]:
    one, two = results.run(1), results.run(2)
    found = []
    each = (
        (kind, candidate, names, least, isa)
        for kind, candidates, names, least, isa in SCALING
        for candidate in candidates
    )
    for kind, candidate, names, least, isa in each:
        why_not = _why_not(isa, results)
        medians, bests, is_noisy = {}, {}, False
        for name in names if why_not is None else ():
            cases = [run.case(kind, name) if run else None for run in (one, two)]
            if any(case is None or candidate not in case.series for case in cases):
                continue
            single, double = one.summary(cases[0], candidate), two.summary(cases[1], candidate)
            medians[name] = single.median / double.median
            bests[name] = single.best / double.best
            is_noisy |= single.is_noisy or double.is_noisy
        text = f"{kind}: {candidate}{f' on {isa}' if isa else ''}, 2 threads / 1"
        if two and two.cores < 2 * WHOLE_CORES:
            text += f" (the machine gave {two.cores:.2f} cores)"
        found.append(Outcome(text, None, least, medians, bests, is_noisy, why_not=why_not))
    return found
