"""``xfblas estimate``: what products or a model would take on a board."""

import json

from xfblas.commands.arguments import add_architecture
from xfblas.commands.estimate_resources import print_fullness, run_resources
from xfblas.commands.estimate_stream import ENGINE, add_options, require_options, run_stream
from xfblas.errors import InvalidValueError
from xfblas.image.boards import board_names, read_board
from xfblas.image.element_types import type_name
from xfblas.image.fitting import fits_of, require_unit_fits, unit_use


def add_commands(subparsers):
    """Adds ``estimate`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "estimate", help="cycles and time on a board, by the cycle model of the kernels"
    )
    parser.add_argument("--platform", default="u250", help=f"one of {', '.join(board_names())}")
    parser.add_argument("--engine", default="fcn", help="fcn, gemm, gemv or stream")
    parser.add_argument(
        "--dtype", type=type_name, default="short", help="short (int16), int8 or float (float32)"
    )
    for name, meaning in (("m", "rows"), ("k", "depth"), ("n", "columns")):
        parser.add_argument(f"-{name}", type=int, help=meaning)
    parser.add_argument("--model", help="a Keras file, instead of -k and -n; -m are its rows")
    add_architecture(parser)
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument(
        "--packed", action="store_true", help="A lies tile-contiguous, as B does by itself"
    )
    layout.add_argument(
        "--rows", action="store_true", help="B lies in rows, as the L3 functions send it"
    )
    add_options(parser)
    parser.add_argument(
        "--resources", action="store_true", help="LUTs, DSPs and block RAMs instead of cycles"
    )
    parser.add_argument(
        "--force", action="store_true", help="estimate what takes too much of an SLR too"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_estimate)


def run_estimate(args) -> int:
    """Prints the estimate; returns the exit status."""
    require_options(args)
    if args.engine == ENGINE:
        return run_stream(args)
    from xfblas.graph.reader import read_source
    from xfblas.performance.choices import choices, why_int8_is_slower
    from xfblas.performance.estimate import estimate_calls, estimate_product
    from xfblas.performance.model_parts import ModelParts, parts_of
    from xfblas.performance.this_cpu import measure_products

    board = read_board(args.platform)
    machine = board.machine(args.dtype, args.engine)
    if args.resources:
        return run_resources(args, board, machine)
    require_unit_fits(board, args.dtype, args.engine, board.number("compute_units"), args.force)
    rows = 1 if args.m is None else args.m
    if args.model is None:
        parts = ModelParts([[("", *_sizes(args), False)]], [])
    else:
        _require_model_options(args, rows)
        model = read_source(args.model, args.architecture, args.trusted)
        if args.engine == "fcn" and _print_maps(board, machine, args, model):
            return 0
        parts = parts_of(model, rows, args.dtype, args.architecture, args.trusted)
    chains = [
        [
            estimate_product(
                *(board, args.engine, args.dtype, m, k, n),
                **{"packed": args.packed, "rows": args.rows, "table": table, "name": name},
            )
            for name, m, k, n, table in chain
        ]
        for chain in parts.chains
    ]
    call = estimate_calls(board, args.dtype, chains, rows)
    sizes = [(product.m, product.k, product.n) for product in call.products]
    seconds, told = measure_products(args.dtype, sizes)
    ways = choices(board, args.engine, args.dtype, parts.chains, rows)
    why = None
    if args.engine == "fcn" and args.dtype != "float":
        why = why_int8_is_slower(board, args.engine, parts.chains, rows)
    if args.json:
        host = [{"name": name, "reason": reason} for name, reason in parts.host]
        described = {"platform": board.name, "engine": args.engine, **call.to_dict(), "host": host}
        described["this_cpu"] = {"how": told, "product_seconds": seconds, "seconds": sum(seconds)}
        described["choices"] = [way.to_dict() for way in ways]
        described["why_int8_is_slower"] = why
        print(json.dumps(described))
    else:
        _print_table(board, machine, args, call, parts.host, seconds)
        _print_choices(ways, seconds, told, rows, why)
    return 0


def _sizes(args) -> tuple[int, int, int]:
    n = 1 if args.engine == "gemv" and args.n is None else args.n
    missing = [
        f"-{name}" for name, size in (("m", args.m), ("k", args.k), ("n", n)) if size is None
    ]
    if missing:
        raise InvalidValueError(f"{' and '.join(missing)} is missing: give sizes, or --model")
    return args.m, args.k, n


def _require_model_options(args, rows):
    if args.k is not None or args.n is not None:
        raise InvalidValueError("-k or -n is given beside --model, whose layers have their sizes")
    if args.engine == "gemv":
        raise InvalidValueError("engine is 'gemv', expected fcn or gemm for --model")
    if rows < 1:
        raise InvalidValueError(f"m is {rows}, expected 1 or more")


def _print_maps(board, machine, args, model) -> bool:
    """Prints the estimate of a model with convolutions; False where it has none."""
    from xfblas.performance.map_estimate import estimate_maps
    from xfblas.performance.map_parts import map_parts_of

    parts = map_parts_of(model, args.dtype, args.architecture, args.trusted)
    if parts is None:
        return False
    if args.m is not None:
        raise InvalidValueError(
            f"-m is {args.m}, but a model with convolutions is estimated frame by frame: "
            "leave it out"
        )
    frames = [estimate_maps(board, network) for network in parts.networks]
    if args.json:
        others = [{"name": name, "reason": reason} for name, reason in parts.others]
        described = [frame.to_dict() for frame in frames]
        print(json.dumps({"platform": board.name, "engine": args.engine, "frames": described,
                          "others": others}))  # fmt: skip
        return True
    print(
        f"{board.name}: {args.engine} {args.dtype}, array {machine.array_rows}x"
        f"{machine.array_columns}, {machine.clock_mhz} MHz (an estimate, never measured on a card)"
    )
    for frame in frames:
        print(frame.to_text())
    for name, reason in parts.others:
        print(f"not counted: {name} ({reason})")
    return True


def _print_table(board, machine, args, call, host, cpu_seconds):
    print(
        f"{board.name}: {args.engine} {args.dtype}, array {machine.array_rows}x"
        f"{machine.array_columns}, tile {machine.tile_rows}x{machine.tile_columns}, "
        f"{machine.clock_mhz} MHz, one compute unit (an estimate, never measured on a card)"
    )
    print(
        f"{'product':16} {'cycles':>12} {'time':>12} {'this CPU':>12} {'GOPS':>9} "
        f"{'efficiency':>11}  bound"
    )
    for number, product in enumerate(call.products):
        here = _time(cpu_seconds[number]) if cpu_seconds else "-"
        print(
            f"{product.name:16} {product.cycles:12,} {_time(product.seconds):>12} {here:>12} "
            f"{product.gops:9.1f} {product.efficiency:11.1%}  {product.bound}"
        )
    if not call.products:
        print("nothing of this model runs on the engine")
    for name, reason in host:
        print(f"on the host, not counted: {name} ({reason})")
    use = unit_use(board, machine, args.dtype, args.engine)
    print_fullness(fits_of(board, use, board.number("compute_units")))
    print(f"launch {_time(call.launch_seconds)}, input {_time(call.input_seconds)}, ", end="")
    print(f"output {_time(call.output_seconds)}")
    print(f"call {_time(call.seconds)}, {call.rows_per_second:,.0f} rows/s")


def _print_choices(ways, cpu_seconds, told, rows, why):
    """One unit and all, rows and packed, and this CPU: what the same call takes each way."""
    if ways:
        print("the call with the host's rounding and conversions, which the lines above leave out:")
        print(f"{'units':>7} {'layout':8} {'time':>12} {'rows/s':>14} {'of one unit':>12}")
    for way in ways:
        print(
            f"{way.units:7} {way.layout:8} {_time(way.seconds):>12} {way.rows_per_second:14,.0f} "
            f"{way.speedup:11.2f}x"
        )
    total = sum(cpu_seconds)
    if total:
        print(f"this CPU {_time(total):>20} {rows / total:14,.0f}   products alone, {told}")
    else:
        print(f"this CPU: {told}")
    if why is not None:
        print(why)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3f} {unit}"
    return f"{seconds * 1e9:.0f} ns"
