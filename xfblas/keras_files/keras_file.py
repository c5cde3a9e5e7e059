"""A file of Keras: HDF5 or zip, with an architecture, weights, or both."""

import io
import json
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import h5py

from xfblas.errors import InvalidValueError
from xfblas.file_kinds import KERAS, WEIGHTS, refuse_others
from xfblas.keras_files.architecture import Architecture, major_version
from xfblas.keras_files.calls import parse_architecture
from xfblas.keras_files.given_architecture import from_json, given_architecture
from xfblas.keras_files.hdf5_weights import read_weights
from xfblas.keras_files.stored_weights import StoredWeights

#: What h5py, zipfile and the code above them raise on damaged files, by experience.
_DAMAGE = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_file(path: Path, given) -> tuple[Architecture, StoredWeights, bool]:
    """Reads a file of any Keras version; its content decides which kind it is, not its name.

    Args:
        path: of the file.
        given: the architecture as the caller has it, or None; see
            :func:`~xfblas.graph.read_graph`.

    Returns:
        The architecture, the weights, and whether they come from different places.

    Raises:
        InvalidValueError: there is no such file, it is damaged or not of Keras, or it has no
            architecture and none is given.
    """
    where = str(path)
    refuse_others(path, "a Keras file", KERAS, WEIGHTS)
    if not path.is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    with _damage_reported(where):
        if zipfile.is_zipfile(path):
            config, keras, stored = _read_zip(path, where)
        elif h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                config = file.attrs.get("model_config")
                stored = read_weights(file, where, required=config is None and given is None)
                keras = _keras_version(file)
        else:
            with path.open("rb") as file:
                start = file.read(8)
            raise InvalidValueError(
                f"{where} begins with {start!r}, expected a Keras file: HDF5 (.h5) or zip (.keras)"
            )
    if given is not None:
        return given_architecture(given, stored, keras), stored, True
    if config is None:
        listed = "\n".join(f"  {layer}" for layer in stored.layers)
        raise InvalidValueError(
            f"{where} holds weights but no architecture. Pass architecture=, the model's "
            "configuration (a dict, JSON, or the path of a JSON file), or the activations of its "
            f'Dense layers, such as ["relu", "softmax"]. The weights are:\n{listed}'
        )
    return parse_architecture(from_json(config, where), where, keras), stored, False


@contextmanager
def _damage_reported(where):
    """Turns what the HDF5 and zip libraries raise on damaged files into one kind of error."""
    try:
        yield
    except InvalidValueError:
        raise
    except _DAMAGE as error:
        raise InvalidValueError(f"{where} is damaged or not of Keras: {error}") from error


def _read_zip(path, where):
    """Configuration, major version of Keras, and weights of a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for needed in ("config.json", "model.weights.h5"):
            if needed not in names:
                raise InvalidValueError(
                    f"{where} is a zip file of {', '.join(names[:5]) or 'nothing'}, expected "
                    f"{needed} in it"
                )
        config = archive.read("config.json")
        about = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
        keras = major_version(about.get("keras_version") if isinstance(about, dict) else None)
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            return config, keras, read_weights(file, where, required=False)


def _keras_version(file: h5py.File) -> int:
    """Major version of the Keras that wrote an HDF5 file."""
    groups = [file] + ([file["model_weights"]] if "model_weights" in file else [])
    stated = [group.attrs["keras_version"] for group in groups if "keras_version" in group.attrs]
    if not stated and "nb_layers" in file.attrs:
        return 1
    return major_version(stated[0] if stated else None)
