"""Where the library with the public library's C functions is."""

from pathlib import Path

from xfblas.errors import NotSupportedError


def public_library_path() -> Path:
    """Path of ``libxfblas_public.so``, for programs that bring the public library's ctypes module.

    Its functions take no handle but the device's index, as the last argument;
    ``host_cpp/include/xfblas_public.h`` declares them.

    Raises:
        NotSupportedError: this installation was built without it.
    """
    path = Path(__file__).parent / "libxfblas_public.so"
    if not path.is_file():
        raise NotSupportedError(f"{path} is not there: install the package again")
    return path
