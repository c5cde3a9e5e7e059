"""Builds the device process and the stub with the C++ compiler, once for each state of them."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xfblas.errors import NotSupportedError
from xfblas.image.built_here import cache_folder

PACKAGE = Path(__file__).resolve().parent
# An installed package carries the sources; in the source tree they lie in their own folder.
SOURCE_FOLDERS = (PACKAGE / "source", PACKAGE.parent.parent / "emulation")
NAMES = ("xfblas-device", "libxrt_swemu.so.2")
SUMS = "sha256"
FLAGS = ("-std=c++17", "-O2")


@dataclass(frozen=True)
class Binaries:
    """Paths of what was built."""

    device_process: Path
    stub: Path


def build() -> Binaries:
    """The binaries, built now unless that was done before.

    Raises:
        NotSupportedError: there is no compiler, or it fails.
    """
    sources = _sources()
    compiler = os.environ.get("CXX", "g++")
    folder = cache_folder() / f"emulation-{_fingerprint(sources, compiler)}"
    binaries = Binaries(*(folder / name for name in NAMES))
    if not _is_whole(folder):
        _build_into(folder, sources, compiler)
    return binaries


def _sources() -> Path:
    for folder in SOURCE_FOLDERS:
        if (folder / "device" / "main.cpp").is_file():
            return folder
    raise NotSupportedError(
        f"the sources of the device process are missing: expected {SOURCE_FOLDERS[0]}"
    )


def _fingerprint(sources: Path, compiler: str) -> str:
    known = hashlib.sha256(" ".join((compiler, *FLAGS, os.uname().machine)).encode())
    for path in sorted(sources.rglob("*.[ch]pp")):
        known.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return known.hexdigest()[:16]


def _build_into(folder: Path, sources: Path, compiler: str):
    if shutil.which(compiler) is None:
        raise NotSupportedError(
            f"software emulation needs a C++17 compiler: {compiler} is not installed "
            "(Debian: apt-get install g++)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved as a whole, because two programs may build at the same time.
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        built = Path(aside) / "built"
        built.mkdir()
        device = sorted((sources / "device").glob("*.cpp"))
        stub = sorted((sources / "shim").glob("*.cpp"))
        _compile(compiler, "-o", built / NAMES[0], *device, "-ldl")
        _compile(compiler, "-fPIC", "-shared", "-o", built / NAMES[1], *stub, "-ldl")
        (built / SUMS).write_text(_sums(built))
        if not _is_whole(folder):
            with contextlib.suppress(FileNotFoundError):
                # What is not whole goes with the temporary folder.
                folder.rename(Path(aside) / "before")
        try:
            built.rename(folder)
        except OSError:
            if not _is_whole(folder):
                raise


def _sums(folder: Path) -> str:
    """A checksum of each binary."""
    digests = (hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in NAMES)
    return "\n".join(digests)


def _is_whole(folder: Path) -> bool:
    """Whether the binaries are what was built: a machine may have gone down meanwhile."""
    try:
        return (folder / SUMS).read_text() == _sums(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _compile(compiler: str, *arguments):
    command = [compiler, *FLAGS, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        shown = (result.stderr.strip().splitlines() or ["no message"])[0]
        raise NotSupportedError(f"the device process cannot be built with {compiler}: {shown}")
