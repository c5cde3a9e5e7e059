"""``xfblas estimate --resources``: what a compute unit takes of its SLR, part by part."""

import json

from xfblas.errors import InvalidValueError
from xfblas.image.boards import Board
from xfblas.image.fitting import LIMIT, Fit, build_hours, fits_of, parts_on
from xfblas.image.machine import Machine
from xfblas.image.part_counts import Use
from xfblas.image.unit_parts import BESIDE


def run_resources(args, board: Board, machine: Machine) -> int:
    """Prints what the parts take, what limits them and how long a build may take.

    Raises:
        InvalidValueError: an option of a product or a model is given too.
    """
    for option, given in (("-m", args.m), ("-k", args.k), ("-n", args.n), ("--model", args.model)):
        if given is not None:
            raise InvalidValueError(
                f"{option} is given beside --resources, which are of any product"
            )
    parts = parts_on(board, machine, args.dtype, args.engine)
    use = sum(parts.values(), Use())
    units = board.number("compute_units")
    fits = fits_of(board, use, units)
    if args.json:
        print(json.dumps(_described(board, args, parts, use, fits)))
    else:
        _print(board, machine, args, parts, use, fits)
    return 0


def print_fullness(fits: list[Fit]) -> None:
    """A line for each SLR that is fuller than a build takes."""
    for fit in fits:
        if not fit.fits:
            print(f"{fit.to_text()}; builds are refused above {LIMIT:.0%}")


def _described(board, args, parts, use, fits) -> dict:
    return {
        "platform": board.name,
        "engine": args.engine,
        "dtype": args.dtype,
        "parts": {name: part._asdict() for name, part in parts.items()},
        "unit": use._asdict(),
        "limit": LIMIT,
        "source": board.values.get("resources.source"),
        "slrs": [
            {
                **fit.region._asdict(),
                "units": fit.units,
                "shares": fit.shares,
                "limited_by": fit.limit,
                "fits": fit.fits,
            }
            for fit in fits
        ],
        "build_hours": build_hours(use, board.number("compute_units")),
    }


def _print(board, machine, args, parts, use, fits):
    units = board.number("compute_units")
    print(
        f"{board.name}: {args.engine} {args.dtype}, array {machine.array_rows}x"
        f"{machine.array_columns}, tile {machine.tile_rows}x{machine.tile_columns}, a compute unit "
        "by the counts of its parts (never built with Vitis)"
    )
    print(f"{'part':16} {'LUT':>19} {'DSP':>13} {'BRAM':>8}")
    for name, part in parts.items():
        print(_line(name, part))
    beside = sum((parts[name] for name in BESIDE if name in parts), Use())
    if any(beside):
        print(_line("without these", _less(use, beside)))
    print(_line("unit", use))
    if not fits:
        print(f"{board.path} tells no resources of the board: whether it fits is not known")
    for fit in fits:
        print(fit.to_text())
    if fits:
        full = [fit.region.name for fit in fits if not fit.fits]
        verdict = f"too full: {', '.join(full)}; a build is refused" if full else "fits"
        print(f"at most {LIMIT:.0%} of an SLR: {verdict}")
        print(f"resources of the board: {board.text('resources.source')}")
    least, most = build_hours(use, units)
    print(
        f"build for this CPU about a minute; for the card, {units} unit{'s' * (units > 1)}: "
        f"{least:.0f} to {most:.0f} hours (assumed)"
    )


def _less(use: Use, part: Use) -> Use:
    return Use(*(whole - some for whole, some in zip(use, part, strict=True)))


def _line(name: str, part: Use) -> str:
    luts = _range(part.luts, part.most_luts)
    return f"{name:16} {luts:>19} {_range(part.dsps, part.most_dsps):>13} {part.blocks / 2:8,.1f}"


def _range(least: float, most: float) -> str:
    low, high = f"{least:,.0f}", f"{most:,.0f}"
    return low if low == high else f"{low}..{high}"
