"""The change of a running model's weights: made beside the old ones, then put in their place."""

from collections.abc import Callable
from typing import Any

from xfblas.checks import shown
from xfblas.compiled.calibration_rows import calibration_inputs, step_inputs
from xfblas.compiled.graph_engine import GraphEngine
from xfblas.compiled.recipe import Networks, Recipe
from xfblas.errors import InvalidValueError, NotInitializedError
from xfblas.graph import ModelGraph
from xfblas.quantization.kept_scales import with_kept_scales

SCALES = ("derive", "keep")


def change_weights(
    model: Any, changed: Callable[[ModelGraph, Recipe], ModelGraph], scales: Any, calibration: Any
) -> None:
    """Gives a CompiledModel the weights of another graph; see CompiledModel.load_weights.

    Args:
        model: the compiled model.
        changed: makes the graph with the new weights, of the model's own and its recipe.
        scales: 'derive' or 'keep'.
        calibration: rows in place of the stored ones, or None.
    """
    if not isinstance(scales, str) or scales not in SCALES:
        raise InvalidValueError(f"scales is {shown(scales)}, expected 'derive' or 'keep'")
    # Those who predict do not wait: they go on with what they have.
    with model._loading:
        before = model._require_open()
        recipe = model.recipe or Recipe(_cannot_derive)
        graph = changed(model.graph, recipe)
        if calibration is not None:
            recipe = recipe.with_inputs(calibration_inputs(model.graph, calibration)[1])
        if scales == "keep":
            networks = _kept(model.networks, graph, recipe)
        else:
            networks = recipe.derive(graph, model.networks)
        engine = GraphEngine(graph, networks, model.device.sharing_units, before)
        with model._closing:
            if model._engine is None:
                raise NotInitializedError(f"{model!r}: it was closed meanwhile")
            model.graph, model.networks, model.recipe = graph, networks, recipe
            model._engine = engine
            model._plain = None if engine.keys else engine.plain


def _kept(networks: Networks, graph: ModelGraph, recipe: Recipe) -> Networks:
    rows = {} if recipe.inputs is None else step_inputs(graph, recipe.inputs)
    corrects = bool(recipe.options.get("bias_correction", True))
    if graph.map_steps:
        raise InvalidValueError(
            f"scales is 'keep', but {graph.map_steps[0].name} works on feature maps, whose scales "
            "are derived together: expected 'derive'"
        )
    steps = {step.name: step for step in graph.engine_steps}
    return {
        name: with_kept_scales(network, steps[name].network, rows.get(name), corrects)
        for name, network in networks.items()
    }


def _cannot_derive(*_: Any) -> Any:
    raise InvalidValueError("scales is 'derive', but this model was not made by xfblas.compile")
