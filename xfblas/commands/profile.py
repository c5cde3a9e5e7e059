"""``xfblas profile``."""

from xfblas import tables
from xfblas.commands.arguments import add_model_arguments, model_inputs
from xfblas.commands.predict import CALIBRATION, opened_model, require_one_input
from xfblas.errors import InvalidValueError
from xfblas.files import refuse_inputs
from xfblas.tables.table_writer import require_output


def add_commands(subparsers):
    """Adds ``profile`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "profile", help="predict a file of rows and show when each part of the model ran"
    )
    parser.add_argument("model", help="a .xfblas, .keras, .h5 or .onnx file")
    parser.add_argument("data", help="rows: CSV with or without names, .npy or .parquet")
    parser.add_argument(
        "-o", "--output", help="file to write, in the trace format of Chrome and Perfetto"
    )
    parser.add_argument("--html", help="page to write; opens offline")
    parser.add_argument(
        "--calibration", help="typical rows for a model that is not quantized; by default the data"
    )
    add_model_arguments(parser)
    parser.set_defaults(run=run_profile, words={"calibration": CALIBRATION, "x": "the data"})


def run_profile(args) -> int:
    """Writes the files and prints where the time went; returns 0."""
    from xfblas.timeline import HOST, write_page, write_trace

    inputs = model_inputs(args) | {"the data": args.data, "--calibration": args.calibration}
    refuse_inputs("--output", args.output, inputs)
    refuse_inputs("--html", args.html, inputs | {"--output": args.output})
    for option, path in (("--output", args.output), ("--html", args.html)):
        if path == "-":
            raise InvalidValueError(f"{option} is -, expected a file to write")
        require_output(option, path)
    rows = tables.all_rows(tables.open_table(args.data, args.drop, args.header))
    with opened_model(args, args.data) as model:
        require_one_input(model)
        # The first call takes memory and packs weights.
        model.predict_on_batch(rows)
        _, seconds, rate = model.predict(rows, verbose=0, profile=True)
        _, timeline = model.timeline(rows)
    print(f"{timeline.title}: {len(rows)} rows in {seconds * 1e3:.3f} ms, {rate:,.0f} rows/s")
    end = max(span.end for span in timeline.spans) - min(span.start for span in timeline.spans)
    for track in timeline.tracks:
        if track == HOST:  # most of it is waiting for the others
            continue
        print(f"  {track}: busy {timeline.busy(track) / end:.0%} of {end / 1e3:.3f} ms, timed")
    for name, microseconds in longest(timeline):
        print(f"    {name}: {microseconds / 1e3:.3f} ms")
    for path, write in ((args.output, write_trace), (args.html, write_page)):
        if path:
            write(path, timeline)
            print(f"wrote {path}")
    return 0


def longest(timeline, count: int = 12) -> list[tuple[str, float]]:
    """Names of spans off the host, and microseconds that those of each name took together."""
    from xfblas.timeline import HOST

    sums: dict[str, float] = {}
    for span in timeline.spans:
        if span.track != HOST:
            sums[span.name] = sums.get(span.name, 0.0) + span.duration
    return sorted(sums.items(), key=lambda item: -item[1])[:count]
