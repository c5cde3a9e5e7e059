"""Which Keras wrote a file."""

import re

import h5py


def keras_version(file: h5py.File) -> int:
    """Major version of the Keras that wrote an HDF5 file."""
    groups = [file] + ([file["model_weights"]] if "model_weights" in file else [])
    stated = [group.attrs["keras_version"] for group in groups if "keras_version" in group.attrs]
    if not stated and "nb_layers" in file.attrs:
        return 1
    return major_version(stated[0] if stated else None)


def major_version(version: object) -> int:
    """2 of ``2.15.0``, text or bytes; that of today's Keras where it is not stated."""
    if isinstance(version, bytes):
        version = version.decode("utf-8", "replace")
    digits = re.match(r"\d+", str(version))
    return int(digits.group()) if digits else 3
