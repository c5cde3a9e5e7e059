"""Objects that belong to one device of one process."""

from typing import Any, NoReturn

from xfblas.errors import NotSupportedError


class Uncopied:
    """Refuses copies and pickles: two objects would own one thing, and free it twice."""

    #: What to do instead, for the error.
    _instead = "make another one where it is needed"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        # copy.copy, copy.deepcopy and pickle all ask here.
        raise NotSupportedError(
            f"{type(self).__name__} cannot be copied or pickled, as it belongs to an open device "
            f"of this process: {self._instead}"
        )
