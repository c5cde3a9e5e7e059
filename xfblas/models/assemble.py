"""Architecture and weights together: the network, or everything that keeps it from running."""

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture, LayerSpec
from xfblas.models.chain import chain_of
from xfblas.models.fold import Folder
from xfblas.models.network import Network
from xfblas.models.pairing import pair
from xfblas.models.placement import output_of
from xfblas.models.step import CannotRun, Step
from xfblas.models.steps import steps_of
from xfblas.models.stored_weights import StoredWeights


def assemble_chain(architecture: Architecture, stored: StoredWeights, separate: bool) -> Network:
    """Builds the network of a plain chain.

    Args:
        architecture: the layers.
        stored: their weights.
        separate: whether the two came from different places.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """
    steps = _all_steps(architecture, stored.where)
    weights = paired_weights(architecture, steps, stored, separate)
    folder = Folder(stored.where, architecture.input_shape)
    problems = []
    for index, step in enumerate(steps):
        later = [other for other in steps[index + 1 :] if other.layer is step.layer]
        output = output_of("/".join(step.layer.address), later)
        try:
            folder.add(step, weights.get(id(step), {}), output)
        except CannotRun as reason:
            problems.append((step.layer, reason))
            break  # The shapes of what comes after it are not known here.
    layers = ()
    try:
        if not problems:
            layers = folder.finish()
            folder.require_flat("the model's output")
    except CannotRun as reason:
        problems.append((steps[-1].layer, reason))
    raise_if_any(problems, stored.where)
    ends = (folder.output_activation, folder.input_shape, folder.output, folder.center)
    return Network(architecture.name, layers, *ends)


def paired_weights(
    architecture: Architecture, steps: list[Step], stored: StoredWeights, separate: bool
) -> dict[int, dict]:
    """The weights of each step that has any, by the step's id."""
    # A layer may have several steps, of which one holds its weights. The file's order of layers
    # is that in which Keras stores the weights.
    places = {id(layer): index for index, layer in enumerate(architecture.layers)}
    holders = [step for step in steps if step.weights]
    if holders and not stored.layers:
        raise InvalidValueError(f"{stored.where} has no weights: build or train it first")
    holders.sort(key=lambda step: places[id(step.layer)])
    paired = pair(
        [step.layer for step in holders], [step.weights for step in holders], stored, separate
    )
    return {id(step): arrays for step, arrays in zip(holders, paired, strict=True)}


def _all_steps(architecture, where) -> list[Step]:
    """The steps of all layers; what can be told without weights is reported from here."""
    steps, problems = [], []
    for layer, problem in chain_of(architecture):
        try:
            if problem is not None:
                raise CannotRun(problem)
            found = steps_of(layer)
            refusals = [step.refusal for step in found if step.refusal is not None]
            if refusals:
                raise CannotRun(refusals[0])
            steps.extend(found)
        except CannotRun as reason:
            problems.append((layer, reason))
    outputs = [index for index, step in enumerate(steps) if step.kind == "host"]
    for index in outputs:
        later = [step for step in steps[index + 1 :] if not _passes_on(step)]
        if later:
            step = steps[index]
            reason = (
                f"{step.value} is computed on the host, so it can only be the last; "
                f"{later[0].layer} comes after it"
            )
            problems.append((step.layer, reason))
    raise_if_any(problems, where)
    if not steps:
        raise UnsupportedModelError(f"{where} cannot be run: it has no layers that compute")
    return steps


def _passes_on(step) -> bool:
    """Whether a step leaves the values of a flat row as they are."""
    return step.kind == "shape" or (step.kind == "slope" and step.value == 1)


def raise_if_any(problems: list[tuple[LayerSpec, CannotRun | str]], where: str) -> None:
    """Raises an UnsupportedModelError with a line for each problem, if there are any."""
    if problems:
        lines = "".join(f"\n  {layer}: {reason}" for layer, reason in problems)
        raise UnsupportedModelError(f"{where} cannot be run:{lines}")
