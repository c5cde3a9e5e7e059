"""A converted model in a folder: the compiled model, its test vectors and its board."""

import json
import os
from pathlib import Path
from typing import Any

from xfblas.checks import names_keywords, require_path
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import load
from xfblas.convert.build import CSIM_ROWS, build
from xfblas.convert.test_bench import NAMES, TestBench, rows_of
from xfblas.errors import InvalidValueError
from xfblas.files import write_text

DESCRIPTION = "project.json"


def write_project(
    folder: Path, name: str, board: str, model: CompiledModel, bench: TestBench
) -> None:
    """Writes all that :func:`build_project` needs.

    Raises:
        InvalidValueError: there is a file in the place of the folder.
        OSError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InvalidValueError(
            f"output_dir is {str(folder)!r}, where a file is in the way, expected a folder"
        ) from None
    model.save(folder / f"{name}.xfblas")
    described = {"ProjectName": name, "Board": board, **bench.write(folder, model.graph)}
    write_text(folder / DESCRIPTION, json.dumps(described, indent=2) + "\n")


@names_keywords()
def build_project(
    folder: str | os.PathLike[str],
    csim: bool = True,
    synth: bool = False,
    bitfile: bool = False,
    trusted: bool = False,
    csim_rows: int | None = CSIM_ROWS,
) -> dict[str, Any]:
    """What :meth:`ConvertedModel.build` does, of a project that was written.

    Args:
        folder: the ``output_dir`` of the conversion.
        csim, synth, bitfile, csim_rows: see :meth:`ConvertedModel.build`.
        trusted: see :func:`xfblas.load`.

    Raises:
        InvalidValueError: the folder has no project.
        NotSupportedError: v++ or g++ is needed but not installed.
    """
    folder = Path(require_path("folder", folder))
    described = _described(folder / DESCRIPTION)
    bench = TestBench(*(_vectors(folder, described, name) for name in NAMES))
    with load(folder / f"{described['ProjectName']}.xfblas", trusted=trusted) as model:
        return build(
            model, bench.fitted(model.graph), described["Board"], csim, synth, bitfile, csim_rows
        )


def _vectors(folder: Path, described: dict[str, Any], name: str) -> Any:
    """The arrays of the files that the description names, else of the one that may be there."""
    names = described.get(name)
    if names is None:
        names = [f"{name}.npy"] if (folder / f"{name}.npy").is_file() else []
    arrays = [rows_of(name, folder / each).values for each in names]
    return arrays if len(arrays) > 1 else next(iter(arrays), None)


def _described(path: Path) -> dict[str, Any]:
    """What a project's file says, checked; paths in it lead nowhere else."""
    try:
        found = json.loads(path.read_text("utf-8"))
        texts = [found["ProjectName"], found["Board"]]
        files = [file for name in NAMES for file in found.get(name, [])]
    except OSError as error:
        raise InvalidValueError(
            f"folder is {path.parent}, expected one that write() or `xfblas convert` has filled: "
            f"{path.name}: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidValueError(f"{path} does not describe a project") from None
    own = [texts[0], *files]
    if not all(isinstance(text, str) for text in [*texts, *files]) or any(
        Path(name).name != name for name in own
    ):
        raise InvalidValueError(f"{path} does not describe a project")
    return found
