"""PageRank by power iteration: a product of a matrix and a vector again and again.

The web is a model of one: each new page links to some others, of which those with many links to
them are likelier. Its matrix stays on the device.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import pictures

import xfblas

PAGES, LINKS, DAMPING, STEPS = 2000, 8, 0.85, 60


def web(pages=PAGES, seed=0):
    """(pages, pages) float32: the chance to go from the page of a column to that of a row."""
    generator = np.random.default_rng(seed)
    links = np.zeros((pages, pages), np.float32)
    popularity = np.ones(pages)
    for page in range(LINKS, pages):
        chances = popularity[:page] / popularity[:page].sum()
        targets = generator.choice(page, LINKS, replace=False, p=chances)
        links[targets, page] = 1
        popularity[targets] += 1
    links[:, :LINKS] = 1  # the first pages link to all
    return links / links.sum(axis=0)


def ranks(transitions, gemv=xfblas.gemv, steps=STEPS):
    """The ranks, and how much each step changed them."""
    pages = transitions.shape[0]
    rank = np.full(pages, 1 / pages, np.float32)
    rest = np.full(pages, (1 - DAMPING) / pages, np.float32)
    changes = []
    for _ in range(steps):
        following = np.asarray(gemv(DAMPING, transitions, rank, 1, rest))
        changes.append(float(np.abs(following - rank).sum()))
        rank = following
    return rank, changes


def numpys_gemv(alpha, a, x, beta, y):
    return np.float32(alpha) * (a @ x) + np.float32(beta) * y


def main() -> int:
    path = pictures.picture_path(__doc__.splitlines()[0], Path(__file__).with_name("pagerank.png"))
    transitions = web()
    found, changes = ranks(xfblas.asarray(transitions))
    same, _ = ranks(transitions, numpys_gemv)
    difference = float(np.abs(found - same).max() / same.max())
    print(f"the first of {PAGES} pages: {', '.join(map(str, np.argsort(-found)[:5]))}")
    print(f"the last step changed {changes[-1]:.1e}; numpy's ranks differ by {difference:.1e}")

    drawn, (left, right) = pictures.figure(9, 3.5, ncols=2)
    left.loglog((transitions > 0).sum(axis=1), found, ".", markersize=3)
    left.set(xlabel="links to a page", ylabel="rank", title="PageRank")
    right.semilogy(changes)
    right.set(xlabel="step", ylabel="sum of changes", title="power iteration")
    pictures.save(drawn, path)
    return 0 if difference < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
