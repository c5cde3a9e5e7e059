"""Configurations in files: YAML, or JSON by the ending of the name."""

import json
import os
from pathlib import Path
from typing import Any

from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.files import write_text


def read_config(path: str | os.PathLike[str]) -> Any:
    """What a file holds.

    Raises:
        InvalidValueError: there is no such file, or it is neither YAML nor JSON.
        NotSupportedError: YAML, but PyYAML is not installed: ``xfblas[convert]``.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValueError(f"{path}: {getattr(error, 'strerror', error)}") from None
    kind, read = ("JSON", json.loads)
    known: tuple[type[Exception], ...] = (ValueError, TypeError, OverflowError, RecursionError)
    if path.suffix.lower() != ".json":
        yaml = _yaml()
        kind, read, known = "YAML", yaml.safe_load, (yaml.YAMLError, *known)
    try:
        return read(text)
    # What PyYAML raises besides its own comes of values, such as a number of 5,000 digits.
    except known as error:
        raise InvalidValueError(f"{path} is no {kind}: {' '.join(str(error).split())}") from None


def write_config(config: Any, path: str | os.PathLike[str]) -> None:
    """Writes a configuration that :func:`read_config` reads.

    Raises:
        NotSupportedError: YAML, but PyYAML is not installed: ``xfblas[convert]``.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        text = json.dumps(config, indent=2) + "\n"
    else:
        text = _yaml().safe_dump(config, sort_keys=False)
    write_text(path, text)


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise NotSupportedError(
            "YAML needs PyYAML: pip install 'xfblas[convert]', or name a .json file"
        ) from None
    return yaml
