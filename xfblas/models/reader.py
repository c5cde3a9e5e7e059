"""``read_graph`` and ``read_network``: find out what they were given, and read it."""

import io
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import h5py

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture
from xfblas.models.assemble import assemble_chain
from xfblas.models.assemble_graph import assemble_graph
from xfblas.models.calls import parse_architecture
from xfblas.models.given_architecture import from_json, given_architecture
from xfblas.models.keras_object import is_keras_model, read_model
from xfblas.models.model_graph import ModelGraph
from xfblas.models.network import Network
from xfblas.models.weights import StoredWeights, keras_version, major_version, read_weights

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


def read_graph(source, architecture=None) -> ModelGraph:
    """Reads a model of any shape as steps for the engine and the host.

    Args:
        source: path of a ``.h5``, ``.hdf5``, ``.weights.h5`` or ``.keras`` file of any Keras
            version (its content decides, not its name), or a keras.Model, a Network, or a
            ModelGraph, which is returned as it is.
        architecture: for a file that holds weights alone: the model's configuration as a dict
            (``get_config``), as JSON (``to_json``) or the path of a file with it; or the list of
            the activations of its Dense layers, such as ``['relu', 'relu', 'softmax']``. Where the
            file has an architecture too, this one is used.

    Raises:
        UnsupportedModelError: lists every layer that neither engine nor host can run: name, class,
            why.
        InvalidValueError: there is no such file, it is damaged or not of Keras, the weights do not
            fit the layers or are not finite, or the architecture is missing.
    """
    if isinstance(source, ModelGraph):
        _require_none(architecture)
        return source
    if isinstance(source, Network):
        _require_none(architecture)
        return ModelGraph.from_network(source)
    return assemble_graph(*_parts(source, architecture))


def read_network(source, architecture=None) -> Network:
    """Reads a model that is a plain chain, as layers for the Fcn engine.

    Args:
        source, architecture: as for :func:`read_graph`.

    Raises:
        UnsupportedModelError: lists every layer that keeps the model from being one chain on the
            engine: name, class, why. :func:`read_graph` may read it still.
        InvalidValueError: as for :func:`read_graph`.
    """
    if isinstance(source, Network):
        _require_none(architecture)
        return source
    if isinstance(source, ModelGraph):
        _require_none(architecture)
        network = source.as_network()
        if network is None:
            raise UnsupportedModelError(f"{source!r} is no chain of dense layers")
        return network
    parts = _parts(source, architecture)
    try:
        return assemble_chain(*parts)
    except UnsupportedModelError as error:
        network = _chain_after_all(parts)
        if network is None:
            raise error from None
        return network


def _chain_after_all(parts):
    """The network of a model whose layers are no chain, but whose steps are; else None."""
    try:
        return assemble_graph(*parts).as_network()
    except (UnsupportedModelError, InvalidValueError):
        return None  # What was wrong with it as a chain says more.


def _require_none(architecture):
    if architecture is not None:
        raise InvalidValueError("architecture is given, but source is a model and has its own")


def _parts(source, given) -> tuple[Architecture, StoredWeights, bool]:
    """The architecture, the weights, and whether they come from different places."""
    if isinstance(source, (str, os.PathLike)):
        return _read_file(Path(source), given)
    if not is_keras_model(source):
        raise InvalidValueError(
            f"source is a {type(source).__name__}, expected the path of a .h5 or .keras file, a "
            "keras.Model, a Network or a ModelGraph"
        )
    _require_none(given)
    return *read_model(source), False


def _read_file(path: Path, given) -> tuple[Architecture, StoredWeights, bool]:
    where = str(path)
    if path.is_dir():
        raise InvalidValueError(
            f"{where} is a folder, expected a file: save the model as .h5 or .keras"
        )
    if not path.is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    with _damage_reported(where):
        if zipfile.is_zipfile(path):
            config, keras, stored = _read_zip(path, where)
        elif h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                config = file.attrs.get("model_config")
                stored = read_weights(file, where, required=config is None and given is None)
                keras = keras_version(file)
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
            f"Dense layers, such as ['relu', 'softmax']. The weights are\n{listed}"
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
