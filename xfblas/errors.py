"""The exceptions of this package: one class per status code of the C interface.

Every class is also the built-in exception that a caller would expect (``ValueError``,
``MemoryError`` and so on), and every one carries the ``status`` it stands for.
"""


class XfblasError(Exception):
    """Base of all errors of this package.

    Attributes:
        status: the C interface's status code, see ``host_cpp/include/xfblas.h``.
    """

    status = 11

    def __new__(cls, *arguments: object, **options: object) -> "XfblasError":
        """Makes an error from its words."""
        # Found before that of a built-in base such as MemoryError, which refuses classes of more
        # bases when errors come back from a worker of Dask.
        return Exception.__new__(cls, *arguments)


class NotInitializedError(XfblasError, RuntimeError):
    """A device or compute unit was used before it was created or after it was closed."""

    status = 1


class InvalidValueError(XfblasError, ValueError):
    """An argument has a value that cannot be used; the text names it."""

    status = 2


class AllocationError(XfblasError, MemoryError):
    """The compute unit's memory, or the host's, has no room."""

    status = 3


class NotSupportedError(XfblasError, NotImplementedError):
    """The image, the engine or this library cannot do what was asked."""

    status = 4


class NotPaddedError(InvalidValueError):
    """A shape is not a multiple of what the image's engine needs."""

    status = 5


class NotFoundError(InvalidValueError, LookupError):
    """A matrix was never sent to the compute unit, or was freed already."""

    status = 6


class QueueFullError(XfblasError, RuntimeError):
    """The program holds as many instructions as it may; execute and free them."""

    status = 7


class ImageError(XfblasError, ValueError):
    """An xclbin or config_info.dat file is damaged, foreign, or does not fit the other."""

    status = 8


class ExecutionError(XfblasError, RuntimeError):
    """The target reported that a program failed."""

    status = 9


class InternalError(XfblasError, RuntimeError):
    """A defect in this library: please report it."""

    status = 11


class DtypeError(InvalidValueError, TypeError):
    """An array's dtype is not the one that the image's engine computes with."""


class CalibrationError(InvalidValueError):
    """Calibration rows tell too little of a model, and ``strict`` was asked for."""


class CalibrationWarning(UserWarning):
    """Calibration rows tell too little of a model: its scales may fit no other rows."""


class UnsupportedModelError(NotSupportedError, ValueError):
    """A model holds layers that cannot be run; the text lists every one with its reason."""


by_status = {
    error.status: error
    for error in (
        NotInitializedError,
        InvalidValueError,
        AllocationError,
        NotSupportedError,
        NotPaddedError,
        NotFoundError,
        QueueFullError,
        ImageError,
        ExecutionError,
        InternalError,
    )
}
