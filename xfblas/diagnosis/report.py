"""What ``xfblas verify --report`` writes: one file to send, without names of places or people."""

import hashlib
import json
import os
import platform
import re
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from xfblas.device.binding import version
from xfblas.diagnosis import facts
from xfblas.diagnosis.verify import Part
from xfblas.errors import XfblasError

FORMAT = "xfblas verify report 1"
#: Variables that change what is computed and name no place.
VARIABLES = (
    *("XFBLAS_TARGET", "XFBLAS_NUM_THREADS", "XFBLAS_ISA", "XFBLAS_TIMEOUT_MS"),
    *("XFBLAS_XRT_ARENA_MB", "XCL_EMULATION_MODE"),
)
#: The folders of a path.
_FOLDERS = re.compile(r"(?:[^\s'\":;,()<>/]*/)+(?=[^\s'\":;,()<>/])")


def report_of(parts: list[Part], image=None, vectors=None, error: str | None = None) -> dict:
    """Everything that tells what was compared, where, and how it ended, as JSON-able values.

    Args:
        parts: what was verified.
        image, vectors: paths of files that were given, or None.
        error: what ended it.
    """
    found = {
        "format": FORMAT,
        "xfblas": version(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "system": {
            "kernel": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "cpu": facts.cpu(),
        "native": facts.native(),
        "xrt": facts.xrt(),
        "cards": facts.cards(),
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "image": None if image is None else _image(image),
        "vectors": None if vectors is None else _file(vectors),
        "parts": [_part(part) for part in parts],
        "error": error,
        "verdict": verdict_of(parts, error),
    }
    return _without_places(found)


def verdict_of(parts: list[Part], error: str | None = None) -> str:
    """How it ended, in a sentence."""
    for part in parts:
        for number, outcome in enumerate(part.outcomes or (), 1):
            if outcome.differing:
                return (
                    f"the first differing layer is {number} on {part.target}: {outcome.name}, "
                    f"{outcome.first}"
                )
    failed = error or next((f"{part.target}: {part.reason}" for part in parts if part.failed), None)
    if failed is not None:
        return f"failed: {failed}"
    ran = [part.target for part in parts if part.outcomes is not None]
    return f"all layers are equal on {' and '.join(dict.fromkeys(ran))}"


def to_text(report: dict) -> str:
    """The report as the text of a file."""
    return json.dumps(report, indent=1) + "\n"


def _part(part: Part) -> dict:
    described = asdict(part)
    layers = described.pop("outcomes")
    if layers is not None:
        for layer in layers:
            layer["equal"] = layer["differing"] == 0
    return {**described, "layers": layers}


def _file(path) -> dict:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return {"name": Path(path).name, "error": error.strerror}
    digest = hashlib.sha256(content).hexdigest()
    return {"name": Path(path).name, "bytes": len(content), "sha256": digest}


def _image(path) -> dict:
    from xfblas.image.container import read
    from xfblas.image.describe import describe

    found = _file(path)
    try:
        described = describe(read(path))
    except (XfblasError, OSError) as error:
        return {**found, "error": str(error)}
    told = ("platform", "uuid", "mode", "clock_mhz", "engines", "compute_units", "configuration")
    return {**found, **{name: described[name] for name in told}}


def _without_places(value):
    """The same with the last part of each path alone: folders tell who and where somebody is."""
    if isinstance(value, dict):
        return {name: _without_places(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_places(each) for each in value]
    if not isinstance(value, str):
        return value
    # Its name may have spaces.
    return _FOLDERS.sub("", value.replace(str(Path.home()), ""))
