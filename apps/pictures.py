"""What the examples share: the option for their picture, and how it is drawn."""

import argparse
from pathlib import Path
from typing import Any


def picture_path(text: str, default: Path) -> Path:
    """The path that ``--picture`` gives, by default one beside the script."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--picture", type=Path, default=default, help="default: %(default)s")
    return parser.parse_args().picture


def figure(*size: float, **options: Any) -> tuple[Any, Any]:
    """A figure of matplotlib and its axes, which need no screen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained", **options)


def save(drawn: Any, path: Path) -> None:
    """Writes a figure and says where."""
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=120)
    pyplot.close(drawn)
    print(f"picture: {path}")
