"""From facts to advice: what would be used, and what to do next."""

from xfblas.device.default_images import default_target, how_to_get_images, is_source_tree
from xfblas.diagnosis import facts


def examine(images=()) -> dict:
    """Everything that ``xfblas doctor`` tells, as JSON-able values.

    Args:
        images: paths of further images to look at.
    """
    from xfblas.device.binding import version

    found = {
        "version": version(),
        "cpu": facts.cpu(),
        "native": facts.native(),
        "tools": facts.tools(),
        "xrt": facts.xrt(),
        "cards": facts.cards(),
        "images": facts.images(images),
        "keras": facts.keras(),
    }
    found["emulation"] = _emulation(found)
    found["target"] = default_target()
    found["next"] = _advice(found)
    return found


def _emulation(found: dict) -> dict:
    missing = []
    if found["xrt"]["library"] is None:
        missing.append("the Xilinx Runtime (Debian 12: apt-get install libxrt1)")
    elif not found["xrt"]["can_emulate"]:
        missing.append("an XRT with software emulation (Debian 12: apt-get install libxrt1)")
    if found["tools"]["g++"] is None:
        missing.append("g++ (Debian: apt-get install g++)")
    return {"ready": not missing, "missing": missing}


def _advice(found: dict) -> list[str]:
    advice = [
        f"open {image['path']}: {image['error']}" for image in found["images"] if "error" in image
    ]
    if "error" in found["native"]:
        advice.append(f"correct the environment: {found['native']['error']}")
    elif found["native"]["blas"] is None:
        advice.append("no BLAS library was found, float32 is slow: apt-get install libopenblas0")
    if not found["images"]:
        advice.append(f"no image is packaged: {how_to_get_images()}")
    if found["cards"] and found["xrt"]["library"] is None:
        advice.append("there is a card but no XRT: install AMD's xrt package for it")
    if any(card["driver"] is None for card in found["cards"]):
        advice.append("a card has no driver: install XRT's, then run `xbutil examine`")
    if found["cards"]:
        advice.append(
            "run on the card: xfblas.open('your.xclbin', target='xrt'); see docs/cards.md"
        )
    elif found["emulation"]["ready"]:
        advice.append(f"try the real runtime on an emulated card: {_emulated_call()}")
    else:
        advice.append(f"to emulate a card, install {' and '.join(found['emulation']['missing'])}")
    return advice + _keras_advice(found["keras"])


def _emulated_call() -> str:
    if is_source_tree():
        return "make run TARGET=xrt"
    return "xfblas emu -- python program.py, with an image that holds a kernel"


def _keras_advice(keras: dict) -> list[str]:
    chosen, backends = keras["chosen"], keras["backends"]
    if not keras["installed"]:
        return ["files are read without Keras; to train, pip install keras jax"]
    if chosen not in keras["failures"]:
        return []
    if not backends:
        return ["no backend of Keras can be imported, which training needs: pip install jax"]
    return [
        f"`import keras` takes {chosen}, which fails here: set KERAS_BACKEND={backends[0]} in the "
        "environment before it"
    ]
