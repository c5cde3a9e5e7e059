"""Keras callbacks, told in the way of ``keras.callbacks.CallbackList``."""

import numbers

from xfblas.checks import shown
from xfblas.compiled.progress_bar import ProgressBar
from xfblas.errors import InvalidValueError

VERBOSE = ("auto", 0, 1, 2)
#: One of which a callback has, whoever wrote it.
EVENTS = (
    *("set_model", "set_params"),
    *(
        f"on_{kind}_{event}"
        for kind in ("predict", "test")
        for event in ("begin", "batch_begin", "batch_end", "end")
    ),
)


class CallbackList:
    """Tells callbacks and the progress bar what happens in a prediction or an evaluation.

    Args:
        callbacks: None, a Keras callback, or a list of them.
        verbose: ``"auto"``, 0, 1 or 2, for the progress bar.
        steps: number of steps, None where it is not known.
        model: what callbacks see as their model.
        kind: ``"predict"`` or ``"test"``.

    Raises:
        InvalidValueError: ``verbose`` is another value.
    """

    def __init__(self, callbacks, verbose, steps, model, kind):
        if not isinstance(verbose, (str, numbers.Real)) or verbose not in VERBOSE:
            raise InvalidValueError(f"verbose is {shown(verbose)}, expected 'auto', 0, 1 or 2")
        self._kind = kind
        self._callbacks = _flat(callbacks)
        self._bar = ProgressBar(steps, verbose)
        for callback in self._callbacks:
            # A Keras list of callbacks was given its model by who made it.
            if not hasattr(callback, "callbacks"):
                _call(callback, "set_model", model)
                _call(callback, "set_params", {"verbose": verbose, "epochs": 1, "steps": steps})

    @property
    def any(self) -> bool:
        """Whether there is any callback, and so someone who can ask to stop."""
        return bool(self._callbacks)

    def begin(self) -> None:
        """Tells that the call begins."""
        self._tell(f"on_{self._kind}_begin", {})

    def batch_begin(self, step: int) -> None:
        """Tells that a batch begins."""
        self._tell(f"on_{self._kind}_batch_begin", step, {})

    def batch_end(self, step: int, logs: dict, shown: dict | None = None) -> None:
        """``logs`` go to the callbacks, ``shown`` to the progress bar."""
        self._tell(f"on_{self._kind}_batch_end", step, logs)
        self._bar.update(step + 1, shown)

    def end(self, logs: dict | None = None) -> None:
        """Tells that the call ended, with its numbers."""
        self._tell(f"on_{self._kind}_end", logs or {})
        self._bar.finish(logs)

    def _tell(self, event, *arguments):
        for callback in self._callbacks:
            _call(callback, event, *arguments)


def _call(callback, event, *arguments):
    function = getattr(callback, event, None)
    if function is not None:
        function(*arguments)


def has_callbacks(callbacks) -> bool:
    """Whether something was passed that wants to be told of batches."""
    return callbacks is not None and not (isinstance(callbacks, (list, tuple)) and not callbacks)


def _flat(callbacks) -> list:
    if callbacks is None:
        return []
    if not isinstance(callbacks, (list, tuple)):
        if isinstance(callbacks, type) or not any(
            callable(getattr(callbacks, event, None)) for event in EVENTS
        ):
            raise InvalidValueError(f"callbacks is {shown(callbacks)}, expected Keras callbacks")
        return [callbacks]
    try:
        return [each for entry in callbacks for each in _flat(entry)]
    except RecursionError:
        raise InvalidValueError("callbacks holds itself, expected a list of callbacks") from None
