"""Real data sets that come inside scikit-learn, exported to CSV.

python apps/mlp_keras/datasets.py [--out folder] [name ...]
"""

import argparse
import sys
from pathlib import Path

from xfblas.errors import InvalidValueError, NotSupportedError, XfblasError
from xfblas.files import write_text

#: Names here, and of the functions of sklearn.datasets that load them.
_LOADERS = {"digits": "load_digits", "wine": "load_wine", "cancer": "load_breast_cancer"}
NAMES = tuple(_LOADERS)


def export(name: str, folder) -> Path:
    """Writes ``<name>.csv``: a Run column (row numbers from 0), the features, a Class column.

    Args:
        name: one of :data:`NAMES`.
        folder: is made if it is missing.

    Returns:
        The file's path.

    Raises:
        InvalidValueError: there is no such data set.
        NotSupportedError: scikit-learn or pandas is not installed.
    """
    if name not in _LOADERS:
        raise InvalidValueError(f"data set {name!r} is unknown, expected one of {', '.join(NAMES)}")
    try:
        import pandas
        import sklearn.datasets
    except ImportError as error:
        raise NotSupportedError(f'{error}: pip install ".[apps]"') from None
    data = getattr(sklearn.datasets, _LOADERS[name])()
    frame = pandas.DataFrame(data.data, columns=list(data.feature_names))
    frame.insert(0, "Run", range(len(frame)))
    frame["Class"] = [str(data.target_names[label]) for label in data.target]
    path = Path(folder) / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another program may be reading the file: it gets the old one or the new one, never a part.
    write_text(path, frame.to_csv(index=False))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=Path(__file__).parent / "data", help="folder to write to")
    parser.add_argument("name", nargs="*", help=f"default: all of {', '.join(NAMES)}")
    args = parser.parse_args()
    for name in args.name or NAMES:
        print(export(name, args.out))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
