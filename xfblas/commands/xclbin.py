"""``xfblas xclbin build`` and ``xfblas xclbin info``."""

import functools
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from xfblas.checks import require_path
from xfblas.commands.arguments import in_option_words, options_of
from xfblas.errors import ImageError, InvalidValueError, XfblasError
from xfblas.file_kinds import IMAGE, refuse_others
from xfblas.files import refuse_inputs, write_all
from xfblas.image.builder import ImageSpecification, build_container
from xfblas.image.built_here import record
from xfblas.image.changes import OPTIONS, changed, read_source
from xfblas.image.container import Section, read
from xfblas.image.describe import describe
from xfblas.image.image_fitting import require_image_fits
from xfblas.image.images import SPECIFICATIONS, memory_banks, specification
from xfblas.image.kinds import section_kind
from xfblas.image.options import PREFIXES
from xfblas.image.regular_file import read_regular
from xfblas.reporting.text_table import print_tables, tables_of

ERROR_EXIT = 2


def add_commands(subparsers):
    """Adds the command ``xclbin`` to the subparsers of an argparse parser.

    After parsing, ``args.run(args)`` runs what was asked and returns the exit code: 0, or 2
    after one line on the standard error.
    """
    xclbin = subparsers.add_parser("xclbin", help="build an image, or show what one holds")
    commands = xclbin.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_info(commands)
    _add_build(commands)


def _add_info(commands):
    parser = commands.add_parser("info", help="show engines, memory banks and sections")
    parser.add_argument("file", metavar="FILE", help="an xclbin file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=_reporting(run_info, parser))


def _add_build(commands):
    parser = commands.add_parser(
        "build",
        help="write an image and its config_info.dat",
        description="Writes an image and its config_info.dat, changing what the preset says. "
        "What else public files have follows from these keys (argInstrWidth, fpgaDdrBanks) or says "
        "nothing to the engines.",
    )
    parser.add_argument("out", metavar="OUT.xclbin", help="the image to write")
    presets = ", ".join(SPECIFICATIONS)
    parser.add_argument("--preset", default="default_short", help=f"one of {presets}")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="CONFIG",
        help="a config_info.dat whose keys take the place of the preset's",
    )
    for option in OPTIONS:
        parser.add_argument(
            *option.flags,
            dest=option.attribute,
            type=option.type,
            metavar="VALUE",
            help=option.help,
        )
    parser.add_argument("--platform", help="name of the platform")
    parser.add_argument("--prefix", help=f"of the keys: {' or '.join(PREFIXES)}")
    parser.add_argument("--library", metavar="FILE.so", help="the kernels, as section BITSTREAM")
    parser.add_argument(
        "--section",
        action="append",
        default=[],
        metavar="KIND:FILE",
        help="a further section from a file, by name or number of its kind; may be repeated",
    )
    parser.add_argument("--cfg", metavar="PATH", help="config_info.dat to write; default OUT.dat")
    parser.add_argument(
        "--force", action="store_true", help="sizes that take too much of a board's SLR too"
    )
    parser.set_defaults(run=_reporting(run_build, parser))


def run_info(args) -> int:
    """Prints what an image holds."""
    refuse_others(args.file, "an image", IMAGE, error=ImageError)
    description = describe(read(args.file), args.file)
    if args.json:
        print(json.dumps(description, indent=2))
    else:
        print_tables(tables_of(description))
    return 0


def run_build(args) -> int:
    """Writes an image and its config_info.dat, and prints both paths."""
    out = Path(require_path("out", args.out))
    for option, path in (("out", out), ("--cfg", args.cfg)):
        if path and os.path.isdir(path):
            raise InvalidValueError(f"{option} is {path}, which is a folder, expected a file")
    cfg = Path(args.cfg) if args.cfg else out.with_suffix(".dat")
    if os.path.realpath(cfg) == os.path.realpath(out):
        raise InvalidValueError(f"image and config_info.dat are both {out}: name one of them anew")
    sections = [text.partition(":")[2] for text in args.section]
    inputs = {"--from": args.source, "--library": args.library}
    inputs |= {f"--section {path}": path for path in sections}
    for option, path in (("OUT", out), ("--cfg", cfg)):
        refuse_inputs(option, path, inputs)
    wanted = specification_of(args)
    require_image_fits(wanted.configuration, args.force)
    # Together, since each is refused beside another one's.
    container, text = build_container(wanted), wanted.configuration_text.encode()
    write_all({out: container.serialize(), cfg: text})
    record(container)
    print(out)
    print(cfg)
    return 0


def specification_of(args) -> ImageSpecification:
    """The preset, with what the command line changes in it.

    Raises:
        InvalidValueError: a value cannot be used.
        ImageError: the configuration to begin with cannot be read.
        OSError: a file to put in cannot be read.
    """
    preset = specification(args.preset)
    base, prefix = preset.configuration, preset.prefix
    if args.source is not None:
        base, prefix = read_source(Path(args.source))
    configuration = changed(base, vars(args))
    units = configuration.kernel_count * len(configuration.engines)
    banks = preset.banks
    if units > len(banks):
        banks = memory_banks(units, banks[0].size_bytes)
    return replace(
        preset,
        configuration=configuration,
        platform=args.platform if args.platform is not None else preset.platform,
        banks=banks[:units],
        library=read_regular(args.library) if args.library else preset.library,
        extra_sections=tuple(_section_of(text) for text in args.section),
        prefix=prefix if args.prefix is None else args.prefix.removesuffix("_") + "_",
    )


def _section_of(text: str) -> Section:
    kind, colon, path = text.partition(":")
    if not (kind and colon and path):
        raise InvalidValueError(f"section is {text!r}, expected KIND:FILE")
    return Section(section_kind(kind), "", read_regular(path))


def _reporting(run, parser):
    """A command that turns an expected failure into one line and an exit code."""
    words = options_of(parser)

    @functools.wraps(run)
    def reported(args) -> int:
        try:
            return run(args)
        except BrokenPipeError:
            raise
        except (XfblasError, OSError) as error:
            told = in_option_words(str(error), words)
            print("xfblas: " + " ".join(told.split()), file=sys.stderr)
            return ERROR_EXIT

    return reported
