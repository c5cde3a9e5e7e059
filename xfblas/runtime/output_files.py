"""Files that commands are asked to write."""

from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.runtime.parquet_table import parquet_module


def require_output(option: str, path) -> None:
    """Refuses a file that could not be written, before anything is computed for it.

    Args:
        option: what it was given with.
        path: of the file; None and ``-`` are no file.

    Raises:
        InvalidValueError: there is no such folder, or a folder has this name.
        NotSupportedError: it is to be parquet, and pyarrow is not installed.
    """
    if path in (None, "-"):
        return
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise InvalidValueError(f"{option} is {path}, but there is no folder {folder}")
    if Path(path).is_dir():
        raise InvalidValueError(f"{option} is {path}, which is a folder, expected a file to write")
    if Path(path).suffix.lower() == ".parquet":
        parquet_module()
