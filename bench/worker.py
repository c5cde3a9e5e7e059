"""Measures with one number of threads, in a process of its own."""

import json
import os
import sys
import time
import traceback
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench import convolve, frames, gemm, predict, scripts
from bench.candidate import Candidate, Missing, WrongResult
from bench.machine.gate import Gate
from bench.machine.register_loop import RegisterLoop
from bench.machine.waiting import waited_seconds
from bench.results import Case, Run
from bench.sampling import Sampler
from bench.scripts import examples, wrapped_products
from bench.settings import Settings
from bench.statistics import is_clear
from bench.suppliers import Predictors, first_line, is_ours

LOOP_SECONDS = 0.5
ISA_SIZES = (512, 1024)


class Worker:
    """Runs all cases of one process.

    Args:
        settings: what to measure.
        threads: that every candidate may use.
        isa: what ours is kept to, if anything.
        folder: for models that the next worker can use too.
        say: shows a line of progress.
    """

    def __init__(self, settings: Settings, threads: int, isa, folder: Path, say):
        self._settings = settings
        self._threads, self._isa = threads, isa
        self._folder, self._say = folder, say
        loop = RegisterLoop(threads)
        self._single_rate = loop.best_rate(LOOP_SECONDS, 1)
        self._gate = Gate(loop.rate, settles=threads > 1)
        self._gate.best = loop.best_rate(LOOP_SECONDS)
        self._sampler = Sampler(self._gate, lambda: waited_seconds(threads), threads)
        self._cases: list[Case] = []
        self._missing: dict[str, str] = {}
        self._failures: list[str] = []

    def run(self) -> Run:
        """Measures everything."""
        if self._isa is not None:
            for product in [gemm.Product(size, size, size) for size in ISA_SIZES]:
                self._product(product, gemm.ISA_SUPPLIERS)
        else:
            if "gemm" in self._settings.cases:
                for product in gemm.products(self._settings.quick):
                    self._product(product, gemm.SUPPLIERS)
            if "convolve" in self._settings.cases:
                for convolution in convolve.convolutions(self._settings.quick):
                    self._convolution(convolution)
            if "frames" in self._settings.cases:
                self._frames()
            if "predict" in self._settings.cases:
                for mlp in predict.models(self._settings.quick):
                    self._network(mlp)
            if "scripts" in self._settings.cases:
                self._scripts()
        return Run(
            self._threads,
            self._isa,
            self._gate.best,
            # The loop on all threads may have found the machine quieter.
            max(self._single_rate, self._gate.best),
            self._cases,
            self._missing,
            self._failures,
        )

    def _product(self, product, suppliers) -> None:
        with ExitStack() as stack:
            found, missing = gemm.candidates(product, self._threads, stack, suppliers)
            self._note_missing(missing)
            self._case("gemm", product.name, product.macs, found)

    def _scripts(self) -> None:
        for product in scripts.products(self._settings.quick):
            with ExitStack() as stack:
                found = wrapped_products.candidates(product, stack)
                self._case("scripts", product.name, product.macs, found)
        for name, macs, found in examples.cases():
            self._case("scripts", name, macs, found)

    def _convolution(self, convolution) -> None:
        with ExitStack() as stack:
            found, missing = convolve.candidates(convolution, self._threads, stack)
            self._note_missing(missing)
            self._case("convolve", convolution.name, convolution.macs, found)

    def _frames(self) -> None:
        try:
            unet = frames.StreetUnet()
        except Missing as error:
            return self._note_missing({"street_unet": str(error)})
        counts = frames.QUICK_FRAMES if self._settings.quick else frames.FRAMES
        self._predictions("frames", unet, unet.frames, "frame", counts)

    def _network(self, mlp) -> None:
        counts = predict.QUICK_ROWS if self._settings.quick else predict.ROWS
        self._predictions("predict", mlp, mlp.rows, "row", counts)

    def _predictions(self, kind, network, inputs_of, unit, counts) -> None:
        """Cases of a kind, named as its package: each count of inputs through a network."""
        self._say(f"{network.name}: preparing models")
        with ExitStack() as stack:
            predictors = Predictors(f"bench.{kind}", network, self._threads, self._folder, stack)
            self._note_missing(predictors.missing)
            for count in counts:
                found = predictors.candidates(inputs_of(count))
                name = f"{network.name}, {count} {unit}{'' if count == 1 else 's'}"
                self._case(kind, name, count * network.macs, found)

    def _note_missing(self, missing: dict[str, str]) -> None:
        for supplier, reason in missing.items():
            if reason in self._missing.values() or reason in self._failures:
                continue
            self._say(f"left out: {reason}")
            if is_ours(supplier):
                self._failures.append(reason)
            else:
                self._missing[supplier] = reason

    def _case(self, kind: str, name: str, macs: int, candidates: list[Candidate]) -> None:
        start = time.perf_counter()
        notes, right = {}, []
        for candidate in candidates:
            try:
                candidate.call()
                notes[candidate.name] = candidate.check()
                right.append(candidate)
            except WrongResult as error:
                self._failures.append(f"{name}: {error}")
            except Exception as error:
                traceback.print_exc()
                self._failures.append(f"{name}: {candidate.name}: {first_line(error)}")
        series = self._sampler.run(right, self._settings.rounds)
        self._cases.append(Case(kind, name, macs, series, notes))
        samples = [sample for taken in series.values() for sample in taken if sample is not None]
        clear = sum(is_clear(sample, self._gate.best) for sample in samples)
        self._say(
            f"{kind} {name}: {len(right)} candidates, {clear} of {len(samples)} samples "
            f"undisturbed, {time.perf_counter() - start:.1f} s"
        )


def main(arguments: list[str]) -> None:
    """Reads a job as JSON from the first argument, writes its run to the second."""
    job = json.loads(arguments[0])
    # Libraries write what they like to the terminal; progress alone goes there.
    with os.fdopen(os.dup(2), "w") as terminal:
        os.dup2(1, 2)
        worker = Worker(
            Settings.from_json(job["settings"]),
            job["threads"],
            job["isa"],
            Path(job["folder"]),
            lambda line: print(f"{job['label']}  {line}", file=terminal, flush=True),
        )
        Path(arguments[1]).write_text(json.dumps(asdict(worker.run())))


if __name__ == "__main__":
    main(sys.argv[1:])
