"""Runs a benchmark: one process after the other for each number of threads."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine.facts import isas, machine_facts
from bench.results import Results, Run, run_from_json
from bench.settings import Settings, environment

#: Products whose memory is measured: element type, and whether B is kept on the device.
MEMORY = {
    "int16": ("int16",),
    "int16, B kept": ("int16", "kept"),
    "int8": ("int8",),
    "float32": ("float32",),
}


class WorkerFailed(Exception):
    """A process ended with an error; the message is the end of what it wrote."""


def run(settings: Settings) -> Results:
    """Measures what the settings ask for.

    Raises:
        WorkerFailed: a process did not finish.
    """
    facts = machine_facts()
    runs: list[Run] = []
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="xfblas-bench-") as name:
        folder = Path(name)
        if {"gemm", "convolve", "frames", "predict", "scripts"} & set(settings.cases):
            for threads in settings.threads:
                runs.append(_work(settings, threads, None, folder))
        if "isa" in settings.cases:
            # Those below the one in use.
            for isa in isas()[1:]:
                runs.append(_work(settings, settings.threads[0], isa, folder))
        if "memory" in settings.cases:
            for kind, words in MEMORY.items():
                memory[kind] = json.loads(_python(["-m", "bench.memory", *words], 1, None, folder))
                print(f"memory  {kind}: {memory[kind]:.2f} times the operands", file=sys.stderr)
        wrapper, cluster = (
            json.loads(_python(["-m", f"bench.{kind}"], 1, None, folder))
            if kind in settings.cases
            else {}
            for kind in ("wrapper", "cluster")
        )
    facts["finished"] = time.strftime("%Y-%m-%d %H:%M")
    return Results(facts, settings, runs, memory, wrapper, cluster)


def _work(settings: Settings, threads: int, isa: str | None, folder: Path) -> Run:
    label = f"{threads} thread{'s' if threads > 1 else ''}" + (f", {isa}" if isa else "")
    job = {
        "settings": settings.to_json(),
        "threads": threads,
        "isa": isa,
        "folder": str(folder),
        "label": label,
    }
    result = folder / "run.json"
    _python(["-m", "bench.worker", json.dumps(job), str(result)], threads, isa, folder)
    return run_from_json(json.loads(result.read_text()))


def _python(arguments: list[str], threads: int, isa: str | None, folder: Path) -> str:
    """Runs Python; standard output is returned, standard error goes to the terminal."""
    log = folder / "log"
    with log.open("w+", errors="replace") as output:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment(threads, isa),
            stdout=output,
            check=False,
        )
        output.seek(0)
        text = output.read()
    if done.returncode:
        end = "\n".join(text.splitlines()[-20:])
        raise WorkerFailed(f"`python {' '.join(arguments[:2])}` ended with an error:\n{end}")
    return text
