"""``xfblas estimate --engine stream``: a streaming network beside the Fcn engine."""

import json

from xfblas.errors import InvalidValueError
from xfblas.image.boards import board_names, read_board
from xfblas.image.fitting import Fit
from xfblas.image.stream_fitting import require_stream_fits, stream_fits
from xfblas.image.stream_network import StreamNetwork
from xfblas.image.stream_plan import budget_of, plan_network

ENGINE = "stream"
#: Options of the stream engine alone, and of all others.
OWN = ("layers", "batch", "activation", "outputs", "multipliers")
OTHERS = ("m", "k", "n", "packed", "rows", "resources")


def add_options(parser):
    """Adds the options of streaming networks to ``estimate``."""
    parser.add_argument("--layers", help="with engine stream: sizes, such as 784,64,10")
    parser.add_argument("--batch", type=int, help="with engine stream: rows of a batch")
    parser.add_argument(
        "--activation",
        help="with engine stream: of all layers or one for each, such as relu,linear",
    )
    parser.add_argument(
        "--outputs",
        help="with engine stream: what goes to the host, such as s1,x1, or all; the last layer's "
        "activations by default",
    )
    parser.add_argument(
        "--multipliers", type=int, help="with engine stream: instead of the board's"
    )


def require_options(args):
    """Raises where an option is given that the engine has no use for."""
    is_stream = args.engine == ENGINE
    for name in OTHERS if is_stream else OWN:
        if getattr(args, name) not in (None, False):
            option = f"-{name}" if len(name) == 1 else f"--{name}"
            hint = "give --layers and --batch" if is_stream else f"it is for engine {ENGINE}"
            raise InvalidValueError(f"{option} is given beside engine {args.engine}: {hint}")


def run_stream(args) -> int:
    """Prints the estimate; returns the exit status."""
    from xfblas.performance.stream_estimate import estimate_stream, faster_from

    board = read_board(args.platform)
    sizes, activation = _chain(args)
    rows = 1 if args.batch is None else args.batch
    data_type = args.dtype
    outputs = _outputs(args, len(sizes) - 1)

    def planned(wanted) -> StreamNetwork:
        budget = budget_of(wanted, data_type) if args.multipliers is None else args.multipliers
        return plan_network(sizes, activation, data_type, budget)

    network = planned(board)
    require_stream_fits(board, network, args.force)
    found = estimate_stream(board, network, rows, outputs)
    others = {}
    for name in board_names():
        other = read_board(name)
        theirs = planned(other)
        told = estimate_stream(other, theirs, rows, outputs)
        others[name] = (
            theirs,
            told,
            faster_from(other, theirs, outputs),
            stream_fits(other, theirs),
        )
    if args.json:
        described = {"platform": board.name, "engine": ENGINE, **found.to_dict()}
        described |= {
            "layers": [
                {"name": f"layer{number}", "multipliers": layer.multipliers}
                for number, layer in enumerate(network.layers, 1)
            ],
            "boards": {
                name: {
                    **told.to_dict(),
                    "faster_from": changes,
                    "shares": {
                        kind: least for fit in fits for kind, (least, _) in fit.shares.items()
                    },
                    "fits": all(fit.fits for fit in fits),
                }
                for name, (_, told, changes, fits) in others.items()
            },
        }
        print(json.dumps(described))
        return 0
    _print(board, network, found, outputs)
    _print_boards(others)
    return 0


def _chain(args):
    if args.model is not None:
        if args.layers is not None or args.activation is not None:
            raise InvalidValueError("--layers or --activation is given beside --model")
        from xfblas.streaming.weight_sources import chain_of

        chain, activations, _ = chain_of(args.model, args.trusted, args.architecture)
        return [chain.input_units, *(layer.kernel.shape[1] for layer in chain.layers)], activations
    if args.layers is None:
        raise InvalidValueError("--layers is missing: give sizes such as 784,64,10, or --model")
    sizes = [_size(text) for text in args.layers.split(",")]
    return sizes, (args.activation or "tanh").split(",")


def _size(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdecimal() and len(text) < 10):
        raise InvalidValueError(f"layers has {text!r}, expected sizes such as 784,64,10")
    return int(text)


def _outputs(args, count: int):
    known = [f"{kind}{number}" for number in range(1, count + 1) for kind in "sx"]
    if args.outputs is None:
        return (f"x{count}",)
    given = known if args.outputs == "all" else args.outputs.split(",")
    for name in given:
        if name not in known:
            raise InvalidValueError(
                f"outputs has {name!r}, expected all or some of {', '.join(known)}"
            )
    return tuple(dict.fromkeys(given))


def _print(board, network, found, outputs):
    print(
        f"{board.name}: streaming {network.data_type}, {'-'.join(map(str, network.sizes))}, "
        f"{network.multipliers} multipliers, {board.number('clock_mhz')} MHz, to the host: "
        f"{' '.join(outputs)} (an estimate, never measured on a card)"
    )
    print(f"{'layer':16} {'P':>6} {'outputs x inputs':>18} {'cycles a row':>14}")
    for number, layer in enumerate(network.layers, 1):
        print(
            f"{f'layer{number}':16} {layer.multipliers:6} {f'{layer.lanes} x {layer.fold}':>18} "
            f"{layer.row_cycles(network.data_type):14,}"
        )
    print(f"weights loaded once   {found.load_cycles:16,} cycles")
    print(
        f"batch of {found.rows:<12,} {found.cycles:16,} cycles, {found.interval:,} a row: "
        f"{found.bound} bounds it"
    )
    print(
        f"naive design          {found.naive_cycles:16,} cycles: one product at a time, "
        f"{found.gain:,.0f} times as many"
    )


def _print_boards(others):
    print(f"\n{'board':8} {'P':>6} {'cycles':>14} {'streaming':>12} {'Fcn':>12}  the faster call")
    for name, (network, found, changes, fits) in others.items():
        told = _too_much(fits) or ", ".join(
            f"{engine} from {rows:,} rows" if rows > 1 else engine for rows, engine in changes
        )
        print(
            f"{name:8} {network.multipliers:6} {found.cycles:14,} {_time(found.seconds):>12} "
            f"{_time(found.fcn_seconds):>12}  {told}"
        )


def _too_much(fits: list[Fit]) -> str:
    return ", ".join(
        f"does not fit: {fit.share:.0%} of its {fit.limit}s" for fit in fits if not fit.fits
    )


def _time(seconds: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
