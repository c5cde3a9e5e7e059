"""Layers that the host computes: normalizations of a row, tables, pooling and merging."""

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import IN_NO_CHAIN, CannotRun, reads
from xfblas.layers.settings import (
    checked_whole,
    gamma_beta,
    number,
    require_channels_last,
    row_axes,
    whole,
)


def _host(layer, function, parameters=None, weights=(), **more):
    more |= {"weights": weights, "refusal": IN_NO_CHAIN}
    return [HostOperation(layer, function, parameters or {}, **more)]


@reads("LayerNormalization")
def _layer_normalization(layer):
    config = layer.config
    if config.get("rms_scaling"):
        raise CannotRun("rms_scaling is not supported, use RMSNormalization")
    parameters = {"axes": row_axes(config), "epsilon": number(config.get("epsilon"), 1e-3)}
    return _host(layer, "layer_normalization", parameters, gamma_beta(config))


@reads("GroupNormalization")
def _group_normalization(layer):
    config = layer.config
    if row_axes(config) != [-1]:
        raise CannotRun(f"axis is {config['axis']!r}, expected -1")
    groups = whole(config, "groups", -1, 32)
    if groups in (-1, 0):
        raise CannotRun(f"groups is {groups}, expected 1 or more")
    parameters = {"groups": groups, "epsilon": number(config.get("epsilon"), 1e-3)}
    return _host(layer, "group_normalization", parameters, gamma_beta(config))


@reads("RMSNormalization")
def _rms_normalization(layer):
    epsilon = number(layer.config.get("epsilon"), 1e-6)
    parameters = {"axes": row_axes(layer.config), "epsilon": epsilon}
    return _host(layer, "rms_normalization", parameters, ("gamma",))


@reads("UnitNormalization")
def _unit_normalization(layer):
    return _host(layer, "unit_normalization", {"axes": row_axes(layer.config)})


@reads("Embedding")
def _embedding(layer):
    if layer.config.get("quantization_config"):
        raise CannotRun("its weights were quantized by Keras; save the model before quantize()")
    return _host(layer, "embedding", {}, ("embeddings",))


@reads("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
def _merge(layer):
    return _host(layer, layer.class_name.lower())


@reads("Concatenate")
def _concatenate(layer):
    axes = row_axes(layer.config)
    if len(axes) != 1:
        raise CannotRun(f"axis is {axes}, expected one")
    return _host(layer, "concatenate", {"axis": axes[0]})


@reads("Dot")
def _dot(layer):
    axes = layer.config.get("axes")
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes, axes]
    axes = row_axes({"axis": axes[:1]}) + row_axes({"axis": axes[1:]})
    if len(axes) != 2:
        raise CannotRun(f"axes is {axes}, expected one for each input")
    return _host(layer, "dot", {"axes": axes, "normalize": bool(layer.config.get("normalize"))})


@reads("Merge")
def _old_merge(layer):
    """The one layer that merged everything in Keras 1."""
    names = {"sum": "add", "mul": "multiply", "ave": "average", "max": "maximum"}
    mode = layer.config.get("mode")
    if layer.config.get("layers"):
        raise CannotRun("merges models of its own, expected a functional model that merges")
    if mode == "concat":
        axes = row_axes({"axis": layer.config.get("concat_axis", -1)})
        return _host(layer, "concatenate", {"axis": axes[0]})
    if not isinstance(mode, str) or mode not in names:
        raise CannotRun(f"mode is {str(mode)[:60]!r}, expected concat, {', '.join(names)}")
    return _host(layer, names[mode])


@reads("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
def _global_average(layer):
    return _global_pooling(layer, "mean", uses_mask=layer.class_name.endswith("1D"))


@reads("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def _global_max(layer):
    return _global_pooling(layer, "largest")


def _global_pooling(layer, function, **more):
    config, rank = layer.config, _rank_of(layer)
    first = config.get("data_format", config.get("dim_ordering")) in ("channels_first", "th")
    axes = list(range(2, rank + 2) if first else range(1, rank + 1))
    return _host(layer, function, {"axes": axes, "keepdims": bool(config.get("keepdims"))}, **more)


def _rank_of(layer):
    """2 of ``ZeroPadding2D``."""
    return int(layer.class_name[-2])


@reads("RepeatVector")
def _repeat(layer):
    return _host(layer, "repeat", {"count": whole(layer.config, "n", 1)})


@reads("Permute")
def _permute(layer):
    axes = layer.config.get("dims")
    axes = list(axes) if isinstance(axes, (list, tuple)) else []
    if not axes or any(isinstance(axis, bool) for axis in axes):
        raise CannotRun(f"dims is {layer.config.get('dims')!r}, expected axes counted from 1")
    if sorted(checked_whole(axis, "dims", 1) for axis in axes) != list(range(1, len(axes) + 1)):
        raise CannotRun(f"dims is {axes}, expected each axis once")
    return _host(layer, "permute", {"axes": axes})


@reads("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _zero_padding(layer):
    return _borders(layer, "pad", "padding")


@reads("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(layer):
    return _borders(layer, "crop", "cropping")


def _borders(layer, function, key):
    """Widths before and after each axis: one number, a pair, or a pair for each axis."""
    rank = _rank_of(layer)
    is_first = rank > 1 and layer.config.get("data_format") == "channels_first"
    if rank > 1 and not is_first:
        require_channels_last(layer.config)
    given = layer.config.get(key, 1)
    sides = list(given) if isinstance(given, (list, tuple)) else [given] * rank
    if rank == 1 and isinstance(given, (list, tuple)):
        sides = [given]
    pairs = [side if isinstance(side, (list, tuple)) else (side, side) for side in sides]
    if len(pairs) != rank or any(len(pair) != 2 for pair in pairs):
        raise CannotRun(f"{key} is {str(given)[:60]}, expected a pair for each axis")
    widths = [[checked_whole(width, key, 0) for width in pair] for pair in pairs]
    return _host(layer, function, {"widths": [[0, 0]] * is_first + widths})
