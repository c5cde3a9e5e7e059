"""``xfblas doctor`` and ``xfblas verify``."""

import json


def add_commands(subparsers):
    """Adds ``doctor`` and ``verify`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "doctor", help="what is installed, what would be used, and what to do next"
    )
    parser.add_argument("image", nargs="*", help="further images to look at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_doctor)
    parser = subparsers.add_parser(
        "verify", help="compare a target with the native engine, layer by layer"
    )
    parser.add_argument("image", nargs="?", help="int16 image with the Fcn engine")
    parser.add_argument("--target", default="xrt", help="default: xrt")
    parser.add_argument(
        "--device", type=_device, default=0, help="index of the device, or BDF of a card"
    )
    parser.add_argument("--compute-unit", type=int, default=0, help="index of the compute unit")
    parser.set_defaults(run=run_verify)


def _device(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def run_doctor(args) -> int:
    """Prints the report; returns 0 where something can run, which needs an image."""
    from xfblas.diagnosis.report import examine

    found = examine(args.image)
    if args.json:
        print(json.dumps(found))
    else:
        _print_text(found)
    return 0 if any("error" not in image for image in found["images"]) else 1


def run_verify(args) -> int:
    """Prints a line per layer; returns 1 where one differs."""
    from xfblas.diagnosis.verify import verify

    outcomes = verify(args.image, args.target, args.device, args.compute_unit)
    for number, outcome in enumerate(outcomes, 1):
        state = (
            f"{outcome.differing} of {outcome.elements} differ" if outcome.differing else "equal"
        )
        print(f"layer {number} {outcome.name:20} {state} {outcome.first}".rstrip())
    wrong = next((number for number, o in enumerate(outcomes, 1) if o.differing), None)
    print("all layers are equal" if wrong is None else f"the first differing layer is {wrong}")
    return 0 if wrong is None else 1


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
        ("Keras", f"backends {', '.join(keras['backends'])}" if keras["installed"] else "none"),
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


def _native_rows(native) -> list[tuple[str, str]]:
    if "error" in native:
        return [("native", native["error"])]
    used, runnable = native["instruction_set"], ", ".join(native["instruction_sets"])
    return [
        ("native", f"{used} of {runnable}; {native['threads']} threads"),
        ("float32", native["blas"] or "plain loops, for no BLAS library was found"),
    ]


def _image_text(image) -> str:
    engines, targets = ", ".join(image["engines"]), ", ".join(image["targets"])
    return f"{image['path']}: {engines} on {image['platform']}; runs on {targets}"
