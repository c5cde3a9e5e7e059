"""What the native engine found on this machine, and what it has done."""

from dataclasses import dataclass
from typing import Any

from xfblas.device.binding import check, ffi, lib

#: How blocks of a product were added up, by the names of docs/performance.md.
PATHS = {
    "low_bits": "lowBits",
    "proved": "proved",
    "spilled": "spilled",
    "estimated": "estimated",
    "split": "split",
    "tiles": "tiles",
    "winograd": "winograd",
}


@dataclass(frozen=True)
class NativeEngine:
    """The native engine of this process.

    Attributes:
        instruction_set: the one in use; XFBLAS_ISA forces it.
        instruction_sets: all that this CPU runs, the fastest first; the last one is for tests.
        blas: path of the BLAS library that float32 products use, or None where there is none.
        threads: that share a large product; XFBLAS_NUM_THREADS sets how many.
        without_amx: why AMX is not among them; None where it is.
    """

    instruction_set: str
    instruction_sets: tuple[str, ...]
    blas: str | None
    threads: int
    without_amx: str | None


def native_engine() -> NativeEngine:
    """What target ``native`` uses in this process.

    Raises:
        InvalidValueError: XFBLAS_ISA or XFBLAS_NUM_THREADS has a value that cannot be used.
    """
    native = _native()
    names = tuple(_text(native.isas).split())
    return NativeEngine(
        instruction_set=_text(native.isa),
        instruction_sets=names,
        blas=_text(native.blas) or None,
        threads=native.threads,
        without_amx=_text(native.withoutTiles) or None,
    )


def native_statistics() -> dict[str, int]:
    """Blocks of integer products by how they were added up, since the process began.

    A block is some rows of A times some columns of B. XFBLAS_VERBOSE=1 prints the same for each
    product as it is computed.

    Returns:
        numbers for ``low_bits``, ``proved``, ``spilled``, ``estimated``, ``split``, ``tiles`` and
        ``winograd``.
    """
    native = _native()
    return {name: getattr(native, field) for name, field in PATHS.items()}


def _native() -> Any:
    native = ffi.new("xfblasNative_t *")
    check(lib.xfblasGetNative(native))
    return native


def _text(array: Any) -> str:
    return ffi.string(array).decode(errors="replace")
