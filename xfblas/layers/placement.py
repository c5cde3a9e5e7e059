"""Where the layers of a Keras model went, and what traces and reports call their values.

A Keras layer's name stands for what Keras' layer gives, after its own activation; a later call of
the layer is ``dense#2``, a layer of a nested model ``model/dense``. Where the host computes the
activation of a dense layer, the engine's sums are a part of it, ``dense:preactivation``.
A layer whose values nobody computes, since it is folded into another, has no values of its name.
"""

from dataclasses import dataclass

#: What the name of a layer's values ends with before an activation that is a step of its own.
PREACTIVATION = ":preactivation"
#: Why the host computes what its user placed there.
PLACED = "it was placed on the host"
#: Functions that the engine has tables of.
TABLES = ("tanh", "sigmoid")


@dataclass(frozen=True)
class Placement:
    """One call of a layer of the model.

    Attributes:
        layer: its name.
        is_computed: whether there are values of this name.
        reason: where it went, if not.
    """

    layer: str
    is_computed: bool
    reason: str = ""


def placements_of(calls, steps, passed) -> tuple[Placement, ...]:
    """Where each call of an architecture went.

    Args:
        calls: the architecture's, in order.
        steps: of the graph.
        passed: tensors that are another's values.
    """
    layers = [layer for step in steps if hasattr(step, "network") for layer in step.network.layers]
    computed = {step.output for step in steps} | {layer.output for layer in layers}
    computed |= {part.output for step in steps for part in getattr(step, "steps", ())}
    folded = {name: layer.output for layer in layers for name in layer.folded}
    found = []
    for call in calls:
        name = call.output
        if call.layer.class_name == "InputLayer":
            continue
        if name in folded:
            reason = f"folded into {folded[name]}"
        elif name in passed:
            reason = "passes its input on"
        else:
            reason = "no output of the model needs it"
        is_computed = name in computed
        found.append(Placement(name, is_computed, "" if is_computed else reason))
    return tuple(found)


def output_of(call: str, later) -> str:
    """What a step of a layer gives: what the call gives, unless more of the layer follows."""
    return call if all(step.does_nothing for step in later) else call + PREACTIVATION


def why_on_host(function: str, has_table: bool) -> str:
    """Why the host computes a function, which the engine may have a table for."""
    if has_table:
        return f"the engine's table of {function} is for integers between dense layers"
    if function == "concatenate":
        return "the engine joins channels of maps that it computes, nothing else"
    return f"the engine has no {function}"
