"""Arguments of the commands that take a model: where it runs, and how it is quantized."""

import argparse
import json

from xfblas.errors import InvalidValueError
from xfblas.quantization.option_checks import check_names
from xfblas.quantization.options import Options

QUANTIZATION = (
    *("method", "margin", "accumulator", "goal"),
    # Of earlier releases: what became of them is told by the check of the options.
    *("activations", "weights", "percentile"),
)


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
    parser.add_argument("--target", help="native, csim or xrt")
    parser.add_argument("--device", type=int, default=0, help="index of the device")
    parser.add_argument("--bits", type=int, help="16 (the default), 8, or 32 for float32")
    parser.add_argument(
        "--accumulator", type=int, help="bits that all sums must fit, whatever it costs: 32 or 48"
    )
    parser.add_argument("--method", help="calibrated, or gemx for the public engine's own scheme")
    parser.add_argument("--margin", type=float, help="room above the largest value seen")
    for name in ("activations", "weights", "percentile"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--goal", type=float, help="decibels to aim at; 0 adds nothing for them")
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="fail where the calibration rows tell too little, instead of warning",
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="any other option"
    )


def add_architecture(parser):
    """Adds the option of every command that takes a model of Keras."""
    parser.add_argument(
        "--architecture",
        help="for a file of weights alone: the model's JSON (to_json) or a file of it, or the "
        """activations of its Dense layers, '["relu", "softmax"]'""",
    )


def quantization_options(args) -> dict:
    """The options of :func:`xfblas.quantize` that were given, by name."""
    names = (*QUANTIZATION, "strict")
    found = {name: value for name in names if (value := getattr(args, name)) is not None}
    for text in args.option:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not equals or not name:
            raise InvalidValueError(f"--option is {text!r}, expected name=value")
        if name == "bits":
            raise InvalidValueError("--option names bits, expected --bits")
        if name in found:
            raise InvalidValueError(f"{name} was given twice")
        check_names({name} - set(names), Options)
        try:
            found[name] = json.loads({"none": "null"}.get(value.lower(), value.lower()))
        except ValueError:
            found[name] = value
    return found


def refuse_options(args, allowed=()):
    """Raises where options were given, but for those allowed, that a quantized model has fixed."""
    given = [
        f"--{name}"
        for name in (*QUANTIZATION, "bits", "calibration", "architecture", "strict")
        if name not in allowed and getattr(args, name) is not None
    ]
    if given or args.option:
        raise InvalidValueError(
            f"{', '.join(given) or '--option'} was given, but {args.model} is quantized already"
        )
