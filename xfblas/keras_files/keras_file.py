"""A file of Keras: HDF5 or zip, with an architecture, weights, or both."""

import json
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xfblas.errors import AllocationError, InvalidValueError, XfblasError
from xfblas.file_kinds import KERAS, WEIGHTS, refuse_others, require_kind
from xfblas.hdf5 import Group, open_file
from xfblas.keras_files.architecture import Architecture, major_version
from xfblas.keras_files.calls import parse_architecture
from xfblas.keras_files.given_architecture import from_json, given_architecture
from xfblas.keras_files.hdf5_weights import read_weights
from xfblas.keras_files.stored_weights import StoredWeights

#: What zipfile and the code above it raise on damaged files, by experience.
_DAMAGE = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    zipfile.BadZipFile,
    zlib.error,
)
#: A configuration of 100,000 layers has less.
_MOST_TEXT = 1 << 28


@dataclass(frozen=True, eq=False)
class KerasFile:
    """What a file of Keras holds.

    Attributes:
        config: JSON of the architecture; None where the file has none.
        training: JSON of what the model was compiled with, or None.
        keras: major version of the Keras that wrote it.
        stored: the weights.
    """

    config: str | bytes | None
    training: str | bytes | None
    keras: int
    stored: StoredWeights

    def parts(self, given=None) -> tuple[Architecture, StoredWeights, bool]:
        """The architecture, the weights, and whether they come from different places.

        Args:
            given: the architecture as the caller has it, or None; see
                :func:`~xfblas.graph.read_graph`.

        Raises:
            InvalidValueError: the file has no architecture and none is given, or it is none.
        """
        where, stored = self.stored.where, self.stored
        if given is not None:
            return given_architecture(given, stored, self.keras), stored, True
        if self.config is None:
            listed = "\n".join(f"  {layer}" for layer in stored.layers)
            raise InvalidValueError(
                f"{where} holds weights but no architecture. Pass architecture=, the model's "
                "configuration (a dict, JSON, or the path of a JSON file), or the activations of "
                f'its Dense layers, such as ["relu", "softmax"]. The weights are:\n{listed}'
            )
        return parse_architecture(from_json(self.config, where), where, self.keras), stored, False


def read_file(path: Path, is_required: bool = True, trusted: bool = False) -> KerasFile:
    """Reads a file of any Keras version; its content decides which kind it is, not its name.

    Args:
        path: of the file.
        is_required: whether one without an architecture must have weights at least.
        trusted: see :func:`~xfblas.hdf5.open_file`.

    Raises:
        InvalidValueError: there is no such file, it is damaged, too large or not of Keras.
        AllocationError: there is no memory for it.
    """
    where = str(path)
    refuse_others(path, "a Keras file", KERAS, WEIGHTS)
    if not path.is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    with _damage_reported(where):
        with path.open("rb") as file:
            start = file.read(8)
        if start.startswith(b"PK"):
            return _read_zip(path, where, trusted)
        if not start.startswith(b"\x89HDF"):
            raise InvalidValueError(
                f"{where} begins with {start!r}, expected a Keras file: HDF5 (.h5) or zip (.keras)"
            )
        with open_file(path, trusted) as file:
            require_kind(file, where, "a Keras file", KERAS, WEIGHTS)
            config = file.attrs.get("model_config")
            stored = read_weights(file, where, required=config is None and is_required)
            return KerasFile(config, file.attrs.get("training_config"), _version_of(file), stored)


@contextmanager
def _damage_reported(where):
    """Turns what damaged files have the code above them raise into one kind of error."""
    try:
        yield
    except XfblasError:
        raise
    except MemoryError as error:
        raise AllocationError(f"{where}: there is no memory for what it holds: {error}") from error
    except _DAMAGE as error:
        raise InvalidValueError(f"{where} is damaged or not of Keras: {error}") from error


def _read_zip(path, where, trusted):
    if not zipfile.is_zipfile(path):
        raise InvalidValueError(
            f"{where} is damaged: it begins as a zip file, whose list of contents at its end is "
            "missing: it was cut short, copy or save it again"
        )
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for needed in ("config.json", "model.weights.h5"):
            if needed not in names:
                raise InvalidValueError(
                    f"{where} is a zip file of {', '.join(names[:5]) or 'nothing'}, expected "
                    f"{needed} in it"
                )
        config = _text_of(archive, "config.json", where)
        metadata = b"{}"
        if "metadata.json" in names:
            metadata = _text_of(archive, "metadata.json", where)
    about = from_json(metadata, where)
    keras = major_version(about.get("keras_version") if isinstance(about, dict) else None)
    training = None
    with suppress(InvalidValueError):  # Told where the architecture is read.
        model = from_json(config, where)
        training = json.dumps(model.get("compile_config")) if isinstance(model, dict) else None
    with open_file(path, trusted, "model.weights.h5") as file:
        return KerasFile(config, training, keras, read_weights(file, where, required=False))


def _text_of(archive, name, where):
    size = archive.getinfo(name).file_size
    if size > _MOST_TEXT:
        raise InvalidValueError(
            f"{where}: {name} has {size:,} bytes, expected up to {_MOST_TEXT:,}: it is damaged"
        )
    return archive.read(name)


def _version_of(file: Group) -> int:
    """Major version of the Keras that wrote an HDF5 file."""
    groups = [file] + ([file["model_weights"]] if "model_weights" in file else [])
    stated = [group.attrs["keras_version"] for group in groups if "keras_version" in group.attrs]
    if not stated and "nb_layers" in file.attrs:
        return 1
    return major_version(stated[0] if stated else None)
