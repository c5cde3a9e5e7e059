"""The process that reads a file: numbers of arrays come in, what they hold goes out."""

import json
import resource
import signal
import sys
from typing import Any

#: What Python, numpy and libhdf5 take, beside the file's arrays.
_OWN_BYTES = 2 << 30


def main(path: str, member: str, most_bytes: str) -> None:
    """Answers until its input ends: first with the nodes, then with the array of each number.

    Each answer is a line of JSON, and the bytes of an array after it.
    """
    # libhdf5 lets no handler of Python's run.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    out = sys.stdout.buffer
    try:
        limit = 3 * int(most_bytes) + _OWN_BYTES
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        is_lower = hard != resource.RLIM_INFINITY and hard < limit
        resource.setrlimit(resource.RLIMIT_AS, (hard if is_lower else limit, hard))
        from xfblas.hdf5.contents import Contents

        contents = Contents(path, member or None, int(most_bytes))
        _say(out, {"nodes": contents.nodes})
        for line in sys.stdin.buffer:
            _answer(out, contents.read(int(line)))
    except BrokenPipeError:
        pass
    # Whatever a damaged file has h5py raise is told there.
    except Exception as error:
        _say(out, {"error": type(error).__name__, "text": str(error)})


def _say(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


def _answer(out: Any, values: Any) -> None:
    import numpy as np

    from xfblas.hdf5.values import plain_value

    if not isinstance(values, np.ndarray) or values.dtype.hasobject:
        _say(out, {"plain": plain_value(values)})
        return
    _say(out, {"shape": values.shape})
    out.write(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    out.flush()
