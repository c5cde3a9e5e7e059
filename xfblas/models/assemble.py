"""Architecture and weights together: the network, or everything that keeps it from running."""

from xfblas.errors import UnsupportedModelError
from xfblas.models.architecture import Architecture, LayerSpec
from xfblas.models.fold import Folder
from xfblas.models.network import Network
from xfblas.models.pairing import pair
from xfblas.models.steps import CannotRun, Step, steps_of
from xfblas.models.weights import StoredWeights


def assemble(architecture: Architecture, stored: StoredWeights, separate: bool) -> Network:
    """Builds the network.

    Args:
        architecture: the layers.
        stored: their weights.
        separate: whether the two came from different places.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """
    steps = _all_steps(architecture, stored.where)
    # A layer may have several steps, of which the first holds its weights.
    holders = [step for step in steps if step.weights]
    paired = pair(
        [step.layer for step in holders], [step.weights for step in holders], stored, separate
    )
    weights = {id(step): arrays for step, arrays in zip(holders, paired, strict=True)}
    folder = Folder(stored.where, architecture.input_shape)
    problems = []
    for step in steps:
        try:
            folder.add(step, weights.get(id(step), {}))
        except CannotRun as reason:
            problems.append((step.layer, reason))
    layers = ()
    try:
        if not problems:
            layers = folder.finish()
            folder.require_flat("the model's output")
    except CannotRun as reason:
        problems.append((steps[-1].layer, reason))
    _raise_if_any(problems, stored.where)
    return Network(architecture.name, layers, folder.output_activation, folder.input_shape)


def _all_steps(architecture, where) -> list[Step]:
    """The steps of all layers; what can be told without weights is reported from here."""
    steps, problems = [], []
    for layer in architecture.layers:
        try:
            steps.extend(steps_of(layer))
        except CannotRun as reason:
            problems.append((layer, reason))
    outputs = [index for index, step in enumerate(steps) if step.kind == "output"]
    for index in outputs:
        later = [step for step in steps[index + 1 :] if not _passes_on(step)]
        if later:
            step = steps[index]
            reason = (
                f"{step.value} is computed on the host, so it can only be the last; "
                f"{later[0].layer} comes after it"
            )
            problems.append((step.layer, reason))
    _raise_if_any(problems, where)
    if not steps:
        raise UnsupportedModelError(f"{where} cannot be run: it has no layers that compute")
    return steps


def _passes_on(step) -> bool:
    """Whether a step leaves the values of a flat row as they are."""
    return step.kind == "shape" or (step.kind == "slope" and step.value == 1)


def _raise_if_any(problems: list[tuple[LayerSpec, CannotRun]], where: str) -> None:
    if problems:
        lines = "".join(f"\n  {layer}: {reason}" for layer, reason in problems)
        raise UnsupportedModelError(f"{where} cannot be run:{lines}")
