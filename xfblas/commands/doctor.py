"""``xfblas doctor`` and ``xfblas verify``."""

import json

from xfblas.commands.arguments import add_trust, place_of
from xfblas.errors import InvalidValueError, XfblasError
from xfblas.files import refuse_inputs, write_text
from xfblas.tables.table_writer import require_output


def add_commands(subparsers):
    """Adds ``doctor`` and ``verify`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "doctor", help="what is installed, what would be used, and what to do next"
    )
    parser.add_argument("image", nargs="*", help="further images to look at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_doctor)
    parser = subparsers.add_parser(
        "verify",
        help="compare what runs here layer by layer: native, and a card or the kernels' source",
    )
    parser.add_argument("image", nargs="?", help="image with the Fcn engine")
    parser.add_argument(
        "--vectors", help="file that model.save_vectors wrote, to replay in place of the package's"
    )
    parser.add_argument("--report", help="file to write what was found into, to send to others")
    add_trust(parser)
    parser.add_argument(
        "--target", help="native, csim or xrt alone; xrt where a device or compute unit is named"
    )
    parser.add_argument("--device", type=place_of, help="index of the device, or BDF of a card")
    parser.add_argument("--compute-unit", type=int, help="index of the compute unit")
    parser.set_defaults(run=run_verify)


def run_doctor(args) -> int:
    """Prints the report; returns 0 where there is an image and each can be opened."""
    from xfblas.diagnosis.doctor import examine

    found = examine(args.image)
    if args.json:
        print(json.dumps(found))
    else:
        _print_text(found)
    return 0 if found["images"] and all("error" not in each for each in found["images"]) else 1


def run_verify(args) -> int:
    """Prints a line per layer of each target; returns 1 where one differs or fails."""
    from xfblas.diagnosis.report import report_of, to_text, verdict_of

    if args.report is not None:
        inputs = {"the image": args.image, "--vectors": args.vectors}
        refuse_inputs("--report", args.report, inputs)
        require_output("--report", args.report)
    parts: list = []

    def write(error=None):
        if args.report is not None:
            report = report_of(parts, args.image, args.vectors, error)
            write_text(args.report, to_text(report))

    try:
        for part in _parts(args):
            parts.append(part)
            if part.outcomes is None:
                state = "failed" if part.failed else "was left out"
                print(f"{part.target} {state}: {part.reason}")
                continue
            print(f"{part.target} ({part.dtype}), compared with {part.reference}")
            _print_outcomes(part.outcomes)
    except XfblasError as error:
        write(str(error))
        raise
    verdict = verdict_of(parts)
    print(verdict)
    write()
    return 0 if verdict.startswith("all") else 1


def _parts(args):
    from xfblas.diagnosis.verify import REFERENCES, Part, verify, verify_machine, verify_units

    device, unit = args.device, args.compute_unit
    named = (args.target, device, unit) != (None, None, None)
    target = args.target or ("xrt" if named else None)
    if args.vectors is not None:
        from xfblas.diagnosis.vectors import replay

        if unit is not None:
            raise InvalidValueError(
                f"compute_unit is {unit}, expected none for vectors: units share a model's rows"
            )
        return replay(args.vectors, args.image, target, device or 0, args.trust)
    if not named:
        return verify_machine(args.image, args.trust)
    if target == "xrt":
        return verify_units(args.image, target, device or 0, unit, args.trust)
    outcomes = verify(args.image, target, device or 0, unit or 0, args.trust)
    return [Part(target, REFERENCES.get(target, "native"), outcomes)]


def _print_outcomes(outcomes) -> list[int]:
    """Prints a line for each layer; returns the numbers of those that differ."""
    for number, outcome in enumerate(outcomes, 1):
        state = (
            f"{outcome.differing} of {outcome.elements} differ" if outcome.differing else "equal"
        )
        print(f"  layer {number} {outcome.name:20} {state} {outcome.first}".rstrip())
    return [number for number, outcome in enumerate(outcomes, 1) if outcome.differing]


def _print_text(found):
    runtime, keras = found["xrt"], found["keras"]
    rows = [
        ("xfblas", found["version"]),
        ("CPU", f"{found['cpu']['name']}, {found['cpu']['processors']} processors"),
        ("features", " ".join(found["cpu"]["features"]) or "none that matter"),
        *_native_rows(found["native"]),
        ("XRT", f"{runtime['version']} ({runtime['library']})" if runtime["library"] else "none"),
        ("emulation", "ready" if found["emulation"]["ready"] else "not ready"),
        *((name, path or "not installed") for name, path in found["tools"].items()),
        *_keras_rows(keras),
        ("target", f"{found['target']} is used where none is named"),
    ]
    rows += [
        ("card", f"{card['bdf']}, driver {card['driver']}, platform {card['platform']}")
        for card in found["cards"]
    ] or [("card", "none")]
    rows += [("image", image.get("error") or _image_text(image)) for image in found["images"]] or [
        ("image", "none")
    ]
    rows += [("next", advice) for advice in found["next"]]
    for name, text in rows:
        print(f"{name:10} {text}")


def _keras_rows(keras) -> list[tuple[str, str]]:
    if not keras["installed"]:
        return [("Keras", "none")]
    backends = ", ".join(keras["backends"]) or "none"
    failures = [f"{name} fails: {reason}" for name, reason in keras["failures"].items()]
    taken = f"backends {backends}; `import keras` takes {keras['chosen']}"
    return [("Keras", text) for text in (taken, *failures)]


def _native_rows(native) -> list[tuple[str, str]]:
    if "error" in native:
        return [("native", native["error"])]
    used, runnable = native["instruction_set"], ", ".join(native["instruction_sets"])
    why = native["without_amx"]
    if not why and used != "amx" and "amx" in native["instruction_sets"]:
        why = f"not used, for XFBLAS_ISA is {used}"
    without = [("AMX", why)] if why else []
    return [
        ("native", f"{used} of {runnable}; {native['threads']} threads"),
        *without,
        ("float32", native["blas"] or "plain loops, for no BLAS library was found"),
    ]


def _image_text(image) -> str:
    engines, targets = ", ".join(image["engines"]), ", ".join(image["targets"])
    return f"{image['path']}: {engines} on {image['platform']}; runs on {targets}"
