"""What is Keras' own and what a user's: one rule for layers, models, activations and scores.

A class or function of a user's may have the name of one of Keras' and compute something else. Its
code is not executed, so it must never be taken for Keras'.
"""

import sys

#: QKeras' and HGQ's classes, and the old ones with binary and ternary weights, are known as well.
_PACKAGES = ("keras", "tf_keras", "tensorflow", "qkeras", "hgq", "HGQ")
_REGISTERING = ("qkeras", "hgq", "HGQ")
_PACKAGES += ("binary_layers", "ternary_layers", "binary_ops", "ternary_ops")
OWN_ACTIVATION = "activation %s is not one that can be computed here: it is not Keras' own"
OWN_CODE = "is of a class of its own, not of Keras', whose code is not executed"


def is_of_keras(entry: dict) -> bool:
    """Whether a configuration names a class or function of Keras'.

    Up to Keras 2.11, and in HDF5 longer, that is a name alone, with a package (``mine>ReLU``) where
    it was registered. Later there is a module too, null for what a program defines itself; and
    Keras' own classes are registered under no other name, and those of the packages known here with
    the package.
    """
    name, registered = str(entry.get("class_name")), entry.get("registered_name")
    if name == "function":
        name, registered = str(entry.get("config")), None if registered == name else registered
    name, registered = (_without_package(text) for text in (name, registered))
    if ">" in name or registered not in (None, name):
        return False
    return "module" not in entry or _root(entry["module"]) in _PACKAGES


def known_name(entry: dict) -> str:
    """The class that a configuration names, without the package that it was registered with."""
    package, _, name = str(entry["class_name"]).rpartition(">")
    if "hgq" in (package, _root(entry.get("module"))):
        return f"hgq>{name}"  # HGQ has layers of QKeras' names.
    return name if package in _REGISTERING else entry["class_name"]


def _without_package(name):
    """A name without the package, of one of those that register their classes with it."""
    package, _, own = str(name).rpartition(">")
    return own if package in _REGISTERING else name


def is_object_of_keras(value: object) -> bool:
    """Whether a class, a function or the class of an object in memory is Keras' own.

    Its module must be Keras' and have this very thing: a function that wraps another takes over
    the other's name and module.
    """
    named = value if hasattr(value, "__name__") else type(value)
    module = getattr(named, "__module__", None)
    found = getattr(sys.modules.get(module), named.__name__, None)
    return _root(module) in _PACKAGES and found is named


def _root(module):
    return str(module).split(".")[0]
