"""Arguments of the commands that take a model, and errors in their words."""

import argparse
import json
import re
from dataclasses import fields
from typing import get_args

from xfblas.device.default_images import TARGETS
from xfblas.errors import InvalidValueError
from xfblas.quantization.options import BY_LAYERS, Options

_VALUE = r"""('[^']*'|"[^"]*"|[\w.]+)?"""
#: Of earlier releases: what became of them is told by the check of the options.
REMOVED = ("activations", "weights", "percentile")
#: A command's bits are the image's, which may be floats.
QUANTIZATION = tuple(option for option in fields(Options) if option.name != "bits")


def add_model_arguments(parser):
    """Adds what all commands take that quantize a model."""
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN[,COLUMN]",
        help="leave out columns, by name or number",
    )
    parser.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether CSV files begin with names; by default the file tells",
    )
    add_architecture(parser)
    parser.add_argument("--xclbin", help="image with the Fcn engine")
    add_trust(parser)
    parser.add_argument("--target", help=f"one of {', '.join(TARGETS)}")
    parser.add_argument(
        "--device",
        type=_places,
        default=0,
        metavar="INDEX[,INDEX]",
        help="index of the device, or of several that share the rows; also BDFs of cards",
    )
    parser.add_argument("--bits", type=int, help="16 (the default), 8, or 32 for float32")
    for option in QUANTIZATION:
        kind, *_ = get_args(option.type) or (option.type,)
        how = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        if option.name in BY_LAYERS:
            how = {"type": _by_layers, "metavar": "LAYER=NUMBER[,...]"}
        meaning = option.metadata["meaning"].replace("%", "%%")
        parser.add_argument(_flag(option.name), default=None, help=meaning, **how)
    for name in REMOVED:
        parser.add_argument(_flag(name), help=argparse.SUPPRESS)
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="fail where the calibration rows tell too little, instead of warning",
    )
    parser.add_argument(
        "--softmax", help="float (the default), or by tables: stable, latency, legacy or argmax"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option by its name in Python",
    )
    parser.set_defaults(flags=options_of(parser))


def add_architecture(parser):
    """Adds the option of every command that takes a model of Keras."""
    parser.add_argument(
        "--architecture",
        help="for a file of weights alone: the model's JSON (to_json) or a file of it, or the "
        """activations of its Dense layers, '["relu", "softmax"]'""",
    )
    add_trusted(parser)


def add_trusted(parser):
    """Adds the option of every command that reads a model's file."""
    parser.add_argument(
        "--trusted",
        action="store_true",
        help="read the model's file at once: without a process of its own, a limit of time or size",
    )


def add_trust(parser):
    """Adds the option of every command that may run an image."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run an image that was not built here: on csim an image is a program",
    )


def model_inputs(args) -> dict:
    """The files that a command with a model reads besides rows, by what they were given as."""
    return {
        "the model": args.model,
        "--architecture": args.architecture,
        "--xclbin": args.xclbin,
    }


def quantization_options(args) -> dict:
    """The options of :func:`xfblas.quantize` that were given, by name."""
    names = (*(option.name for option in QUANTIZATION), *REMOVED, "strict", "softmax")
    found = {name: value for name in names if (value := getattr(args, name)) is not None}
    for text in args.option:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not equals or not name:
            raise InvalidValueError(f"--option is {text!r}, expected name=value")
        if name not in names and name in args.flags:
            raise InvalidValueError(f"--option names {name}, expected {args.flags[name]}")
        if name in found:
            raise InvalidValueError(f"{name} was given twice")
        Options.require_names({name} - set(names))
        try:
            found[name] = json.loads({"none": "null"}.get(value.lower(), value.lower()))
        except ValueError:
            found[name] = value
    return found


def refuse_options(args, allowed=()):
    """Raises where options were given, but for those allowed, that a quantized model has fixed."""
    given = [
        _flag(name)
        for name in (
            *(option.name for option in QUANTIZATION),
            *(*REMOVED, "bits", "calibration", "architecture", "strict", "softmax"),
        )
        if name not in allowed and getattr(args, name) is not None
    ]
    if given or args.option:
        raise InvalidValueError(
            f"{', '.join(given) or '--option'} was given, but {args.model} is quantized already"
        )


def options_of(parser) -> dict[str, str]:
    """The options of an argparse parser, by the argument that they are in Python."""
    actions = [action for action in parser._actions if action.option_strings]
    return {action.dest: _spelling(action.option_strings) for action in actions}


def _by_layers(text: str) -> dict[str, float]:
    """Numbers by names of layers, of ``fc1=12,fc2=8``."""
    found = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not (equals and name):
            raise argparse.ArgumentTypeError(f"{part!r} is no LAYER=NUMBER, as in fc1=12")
        found[name] = int(value) if value.is_integer() else value
    return found


def in_option_words(message: str, options: dict[str, str]) -> str:
    """A message whose arguments are called by the options that gave them.

    Arguments are named at its beginning (``margin is 0``), or with what to pass (``bits=8``).

    Args:
        message: of an error.
        options: by the argument's name in Python.
    """

    def passed(found):
        value = (found[2] or "").strip("'\"")
        return options[found[1]] + (f" {value}" if value not in ("", "True") else "")

    def named(found):
        return ", ".join(options.get(name, name) for name in found[0].split(", "))

    names = "|".join(map(re.escape, options))
    message = re.sub(r"^\w+(, \w+)*(?= (?:is|are|was|has) |: )", named, message)
    return re.sub(rf"(?<![\w-])({names})={_VALUE}", passed, message) if options else message


def place_of(text: str) -> int | str:
    """An index, or the BDF of a card."""
    return int(text) if text.isdecimal() else text


def _places(text: str):
    places = [place_of(part.strip()) for part in text.split(",")]
    return places if len(places) > 1 else places[0]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _spelling(strings: list[str]) -> str:
    """Of the spellings of an option the long one that does not deny it."""
    return [text for text in strings if not text.startswith("--no-")][-1]
