"""A converted model in a folder: the compiled model, its test vectors and its board."""

import json
import os
from pathlib import Path
from typing import Any

from xfblas.checks import require_path
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import load
from xfblas.convert.build import build
from xfblas.convert.test_bench import TestBench
from xfblas.errors import InvalidValueError
from xfblas.files import write_text

DESCRIPTION = "project.json"


def write_project(
    folder: Path, name: str, board: str, model: CompiledModel, bench: TestBench
) -> None:
    """Writes all that :func:`build_project` needs.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / f"{name}.xfblas")
    bench.write(folder)
    described = {"ProjectName": name, "Board": board}
    write_text(folder / DESCRIPTION, json.dumps(described, indent=2) + "\n")


def build_project(
    folder: str | os.PathLike[str],
    csim: bool = True,
    synth: bool = False,
    bitfile: bool = False,
    trusted: bool = False,
) -> dict[str, Any]:
    """What :meth:`ConvertedModel.build` does, of a project that was written.

    Args:
        folder: the ``output_dir`` of the conversion.
        csim, synth, bitfile: see :meth:`ConvertedModel.build`.
        trusted: see :func:`xfblas.load`.

    Raises:
        InvalidValueError: the folder has no project.
        NotSupportedError: v++ or g++ is needed but not installed.
    """
    folder = Path(require_path("folder", folder))
    name, board = _described(folder / DESCRIPTION)
    vectors = (folder / f"{which}_data_tb.npy" for which in ("input", "output"))
    inputs, outputs = (path if path.is_file() else None for path in vectors)
    bench = TestBench.of(inputs, outputs)
    with load(folder / f"{name}.xfblas", trusted=trusted) as model:
        return build(model, bench, board, csim, synth, bitfile)


def _described(path: Path) -> tuple[str, str]:
    try:
        found = json.loads(path.read_text("utf-8"))
        name, board = found["ProjectName"], found["Board"]
    except OSError as error:
        raise InvalidValueError(
            f"folder is {path.parent}, expected one that write() or `xfblas convert` has filled: "
            f"{path.name}: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InvalidValueError(f"{path} does not describe a project") from None
    if not isinstance(name, str) or not isinstance(board, str) or Path(name).name != name:
        raise InvalidValueError(f"{path} does not describe a project")
    return name, board
