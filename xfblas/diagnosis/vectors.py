"""Replays a file of vectors on a target: what each layer of a model gives, beside what it gave."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xfblas.compiled.compiler import load
from xfblas.compiled.saved_vectors import Vectors, read_vectors
from xfblas.diagnosis import facts
from xfblas.diagnosis.verify import Outcome, Part, compare, has_card, timed
from xfblas.errors import InvalidValueError
from xfblas.files import write_bytes

#: Of float32, to either side.
ROUNDING = 2.0**-23
REFERENCE = "the saved vectors"


def verify_vectors(
    vectors: Vectors, xclbin=None, target=None, device=0, trust=False
) -> list[Outcome]:
    """One outcome per layer and per output, in the order of computation.

    Args:
        vectors: what :func:`~xfblas.compiled.saved_vectors.read_vectors` gave.
        xclbin, target, device, trust: where to replay them, as for :func:`xfblas.load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xfblas"
        write_bytes(path, vectors.model)
        model = load(path, xclbin=xclbin, target=target, device=device, trust=trust)
    with model:
        engine = model._require_open()
        _, layers = engine.trace(vectors.inputs)
        outputs = engine.outputs(vectors.inputs)
    found = dict(layers)
    found.update(zip((f"output {name}" for name in model.output_names), outputs, strict=True))
    outcomes = []
    for layer, expected in zip(vectors.about["layers"], vectors.expected, strict=True):
        name = layer["name"]
        if name not in found:
            raise InvalidValueError(
                f"vectors has a layer {name!r}, but this release computes {', '.join(found)}"
            )
        bound = layer["roundings"] * ROUNDING * float(np.abs(expected).max(initial=0))
        outcomes.append(compare(name, found[name], expected, bound))
    return outcomes


def replay(path, xclbin=None, target=None, device=0, trust=False) -> Iterator[Part]:
    """A part for each target that can run here, or for the one that is named.

    Raises:
        InvalidValueError: the file is not one of vectors.
    """
    vectors = read_vectors(path)
    dtype = np.dtype(vectors.about["dtype"])
    if target is not None:
        targets = [target]
    else:
        targets = ["native", "xrt" if has_card() and facts.xrt()["library"] else "csim"]
    for name in targets:
        place = device if name == targets[-1] else 0

        def run(name=name, place=place):
            return verify_vectors(vectors, xclbin, name, place, trust)

        # Without a card the kernels' source is looked at where it can be built.
        yield timed(name, dtype, REFERENCE, run, is_optional=name == "csim" and target is None)
