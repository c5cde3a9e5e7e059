"""``read_network``: finds out what it was given, and reads it."""

import io
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import h5py

from xfblas.errors import InvalidValueError
from xfblas.models.architecture import Architecture, LayerSpec, parse_architecture
from xfblas.models.assemble import assemble
from xfblas.models.keras_object import is_keras_model, read_model
from xfblas.models.network import Network
from xfblas.models.weights import StoredWeights, read_weights

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


def read_network(source, architecture=None) -> Network:
    """Reads a model as a chain of layers for the Fcn engine.

    Args:
        source: path of a ``.h5``, ``.hdf5``, ``.weights.h5`` or ``.keras`` file of any Keras
            version (its content decides, not its name), or a keras.Model, or a Network, which is
            returned as it is.
        architecture: for a file that holds weights alone: the model's configuration as a dict
            (``get_config``), as JSON (``to_json``) or the path of a file with it; or the list of
            the activations of its Dense layers, such as ``['relu', 'relu', 'softmax']``. Where the
            file has an architecture too, this one is used.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run: name, class, why.
        InvalidValueError: there is no such file, it is damaged or not of Keras, the weights do not
            fit the layers or are not finite, or the architecture is missing.
    """
    if isinstance(source, (str, os.PathLike)):
        return _read_file(Path(source), architecture)
    if not isinstance(source, Network) and not is_keras_model(source):
        raise InvalidValueError(
            f"source is a {type(source).__name__}, expected the path of a .h5 or .keras file, a "
            "keras.Model or a Network"
        )
    if architecture is not None:
        raise InvalidValueError("architecture is given, but source is a model and has its own")
    if isinstance(source, Network):
        return source
    return assemble(*read_model(source), separate=False)


def _read_file(path: Path, architecture) -> Network:
    where = str(path)
    if path.is_dir():
        raise InvalidValueError(
            f"{where} is a folder, expected a file: save the model as .h5 or .keras"
        )
    if not path.is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    with _damage_reported(where):
        if zipfile.is_zipfile(path):
            config, stored = _read_zip(path, where)
        elif h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                config, stored = file.attrs.get("model_config"), read_weights(file, where)
        else:
            with path.open("rb") as file:
                start = file.read(8)
            raise InvalidValueError(
                f"{where} begins with {start!r}, expected a Keras file: HDF5 (.h5) or zip (.keras)"
            )
    if architecture is not None:
        return assemble(_given(architecture, stored), stored, separate=True)
    if config is None:
        listed = "\n".join(f"  {layer}" for layer in stored.layers)
        raise InvalidValueError(
            f"{where} holds weights but no architecture. Pass architecture=, the model's "
            "configuration (a dict, JSON, or the path of a JSON file), or the activations of its "
            f"Dense layers, such as ['relu', 'softmax']. The weights are\n{listed}"
        )
    parsed = parse_architecture(_from_json(config, where), where)
    return assemble(parsed, stored, separate=False)


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
    """Configuration and weights of a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for needed in ("config.json", "model.weights.h5"):
            if needed not in names:
                raise InvalidValueError(
                    f"{where} is a zip file of {', '.join(names[:5]) or 'nothing'}, expected "
                    f"{needed} in it"
                )
        config = archive.read("config.json")
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            return config, read_weights(file, where)


def _from_json(text, where):
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidValueError(f"{where}: the architecture is not JSON: {error}") from None


def _given(architecture, stored: StoredWeights) -> Architecture:
    """The architecture that the caller passed."""
    where = "architecture"
    if isinstance(architecture, str) and architecture.lstrip()[:1] in ("{", "["):
        architecture = _from_json(architecture, where)
    elif isinstance(architecture, (str, os.PathLike)):
        where = str(architecture)
        try:
            text = Path(architecture).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InvalidValueError(
                f"architecture is {where!r}, expected JSON or the path of a JSON file: {error}"
            ) from None
        architecture = _from_json(text, where)
    if isinstance(architecture, (list, tuple)) and all(
        isinstance(entry, (str, type(None))) for entry in architecture
    ):
        return _stack_of_dense(list(architecture), stored)
    return parse_architecture(architecture, where)


def _stack_of_dense(activations, stored: StoredWeights) -> Architecture:
    """One Dense layer with each activation, in the order of the file's layers."""
    found = "\n".join(f"  {layer}" for layer in stored.layers)
    looks_dense = all(
        [weight.values.ndim for weight in layer.weights] in ([2], [2, 1])
        and len(layer.address or ()) < 2
        and len({layer.slot[:-1] for layer in stored.layers}) == 1
        for layer in stored.layers
    )
    if not looks_dense:
        raise InvalidValueError(
            f"{stored.where}: a list of activations describes Dense layers alone, and the file has "
            f"others; pass the model's configuration. It holds\n{found}"
        )
    if len(activations) != len(stored.layers):
        raise InvalidValueError(
            f"architecture has {len(activations)} activations, expected {len(stored.layers)}, one "
            f"for each layer of {stored.where}:\n{found}"
        )
    specs = tuple(
        LayerSpec(
            (layer.address or layer.slot)[-1],
            "Dense",
            {"activation": activation, "use_bias": len(layer.weights) == 2},
            slot=layer.slot,
        )
        for activation, layer in zip(activations, stored.layers, strict=True)
    )
    return Architecture(Path(stored.where).name.split(".")[0], specs)
