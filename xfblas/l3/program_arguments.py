"""What programs for the public library bring: a command line, a configuration, a library."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from xfblas.checks import require_file, shown
from xfblas.device.default_images import image_path
from xfblas.errors import ImageError, NotSupportedError
from xfblas.file_kinds import CONFIGURATION, IMAGE, refuse_others
from xfblas.image.configuration import parse_options
from xfblas.image.container import read


def is_image(path: str | os.PathLike[str]) -> bool:
    """Whether a file is an xclbin; False where there is no such file."""
    if not os.path.isfile(path):
        return False
    with Path(path).open("rb") as file:
        return file.read(7) == b"xclbin2"


def parse_cfg(filename: Any) -> dict[str, str]:
    """Reads a config_info.dat, or the one that an xclbin file carries.

    Returns:
        A dict of texts by key; a key is found under either of its prefixes BLAS_ and GEMX_.

    Raises:
        ImageError: no such file, or a word of it is not NAME=value; names file and line.
    """
    path = require_file("cfg", filename, "the path of a configuration", ImageError)
    refuse_others(path, "an image's configuration", CONFIGURATION, IMAGE, error=ImageError)
    if not path.is_file():
        raise ImageError(f"cfg is {shown(str(path))}, expected a file")
    if not is_image(path):
        return parse_options(path.read_text(errors="replace"), str(path))
    text = read(path).configuration_text
    if text is None:
        raise ImageError(f"{path} carries no configuration: pass its config_info.dat with --cfg")
    return parse_options(text, f"{path} (the configuration it carries)")


class _Parser(argparse.ArgumentParser):
    """Where --cfg is left out, the configuration is that of the image."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, rest = super().parse_known_args(args, namespace)
        if not Path(parsed.xclbin).is_file():
            self.error(f"xclbin is {parsed.xclbin!r}, and there is no such file")
        if parsed.cfg is None:
            beside = Path(parsed.xclbin).parent / "config_info.dat"
            parsed.cfg = str(beside) if beside.is_file() else parsed.xclbin
        return parsed, rest


def default_args() -> argparse.ArgumentParser:
    """An argparse parser with --xclbin, --cfg and --lib, each with a default."""
    parser = _Parser(description="xfblas", formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--xclbin",
        default=str(image_path("default_short")),
        help="image; default: the packaged",
    )
    parser.add_argument("--cfg", help="config_info.dat of the image; default: the image's own")
    parser.add_argument("--lib", help="xfblas shared library; default: the one in the package")
    return parser


def processCommandLine() -> tuple[argparse.Namespace, dict[str, str]]:
    """Parses sys.argv: returns the arguments and the configuration."""
    args = default_args().parse_args(sys.argv[1:])
    return args, parse_cfg(args.cfg)


def public_library_path() -> Path:
    """Path of ``libxfblas_public.so``, for programs that bring the public library's ctypes module.

    Its functions take no handle but the device's index, as the last argument;
    ``host_cpp/include/xfblas_public.h`` declares them.

    Raises:
        NotSupportedError: this installation was built without it.
    """
    path = Path(__file__).parents[1] / "libxfblas_public.so"
    if not path.is_file():
        raise NotSupportedError(f"{path} is not there: install the package again")
    return path
