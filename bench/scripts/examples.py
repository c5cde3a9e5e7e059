"""The four examples of apps/, from their inputs to their results, with numpy and on the engine."""

import importlib.util
import sys
from functools import partial
from pathlib import Path

import numpy as np

import xfblas
from bench.candidate import Candidate, require_close, require_equal

APPS = Path(__file__).parents[2] / "apps"
ROWS = 4000


def _app(name: str):
    path = APPS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"app_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cases() -> list[tuple[str, int, list[Candidate]]]:
    """Names, multiplications, and candidates."""
    generator = np.random.default_rng(0)
    return [_neighbours(generator), _ridge(generator), _pagerank(), _whitening(generator)]


def _neighbours(generator):
    """4,000 rows of 64 features and 1,000 to predict: iris itself takes no time."""
    knn = _app("knn_iris/knn")
    train, rows = (generator.integers(0, 160, (n, 64)).astype(np.int16) for n in (ROWS, 1000))
    labels = generator.integers(0, 3, ROWS)
    numpys = partial(
        knn.predict, train, labels, rows, lambda a, b: a.astype(np.int64) @ b.astype(np.int64)
    )
    ours = partial(knn.predict, train, labels, rows)
    return _case("kNN", 1000 * ROWS * 64, "numpy int64", numpys, ours, 0)


def _ridge(generator):
    ridge = _app("ridge/ridge")
    x, y = generator.normal(size=(ROWS, 256)), generator.normal(size=ROWS)

    def solved(*matmul):
        return ridge.weights(*ridge.normal_equations(x, y, *matmul), 1.0)

    numpys = partial(solved, np.matmul)
    return _case("ridge", ROWS * 256 * 257, "numpy float64", numpys, solved, 1e-9)


def _pagerank():
    pagerank = _app("pagerank/pagerank")
    transitions = pagerank.web()
    kept = xfblas.asarray(transitions)
    macs = pagerank.STEPS * pagerank.PAGES**2
    numpys = lambda: pagerank.ranks(transitions, pagerank.numpys_gemv)[0]  # noqa: E731
    return _case("PageRank", macs, "numpy float32", numpys, lambda: pagerank.ranks(kept)[0], 1e-4)


def _whitening(generator):
    whitening = _app("whitening/whitening")
    images = generator.normal(size=(ROWS, 256)).astype(np.float32)
    numpys = partial(whitening.whitened, images)
    ours = lambda: np.asarray(whitening.whitened(xfblas.asarray(images)))  # noqa: E731
    return _case("whitening", 2 * ROWS * 256**2, "numpy float32", numpys, ours, 1e-3)


def _case(name, macs, baseline, numpys, ours, share):
    def check() -> dict:
        if not share:
            return require_equal(name, ours(), numpys())
        return require_close(name, ours(), numpys(), share)

    return name, macs, [Candidate(baseline, numpys), Candidate("xfblas", ours, check)]
