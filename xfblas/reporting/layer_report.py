"""One line of the report: a layer on the engine, or a step of the host."""

from dataclasses import dataclass

from xfblas.reporting.text import decibels


@dataclass(frozen=True)
class LayerReport:
    """What was seen of a layer. Numbers of the engine are None for what the host computes.

    Attributes:
        name: of its values, see :mod:`xfblas.layers.placement`.
        step: of the graph, that it belongs to.
        output: tensor that the step gives.
        place: 'engine' or 'host', 'maps' for a tensor of the engine's feature maps, 'softmax' for
            one that the engine computes by tables.
        reason: why there.
        activation: 'linear', 'relu', 'leaky_relu', or the host's function.
        inputs, outputs: the model's k and n.
        columns, depth: the engine's n and k, which digits, copies and windows make larger.
        largest: the largest size of a value of the float model on the data.
        range: what the column with that value can hold, in units of the model.
        used: the share of its range that the column nearest to its limit uses; above 1 it clips.
        scale_low, scale_high: integers per unit, over the columns.
        post_scale, post_shift, prelu_scale, prelu_alpha: the instruction's fields.
        weight_bits: bits of the largest integer weight.
        weight_outlier: the largest weight per root mean square.
        proved_bits: bits that hold every sum of every possible input; None where nothing is proved.
        used_bits: bits that hold the sums of this data.
        accumulator: bits that the sums were made to fit.
        sums: which way they go on the engine, in words.
        values: how many values the layer put out.
        saturations: how many were clamped, those of a ReLU at 0 apart.
        wraps: how many became another number.
        decibels: signal to noise of the output against the float model's; errors add up from
            layer to layer.
        lost: decibels less than the layer's own input; None for a first one.
        cosine: of the output against the float model's.
        table: function and Q-formats of an activation by table, such as 'tanh Q3.12 to Q0.15'.
        table_range: where the table's argument saturates.
        table_error: root mean square of what the table and its formats add to the activation of the
            calibration rows.
        table_worst: the largest error of the table and its last rounding over every argument.
        clipped_inputs, inputs_seen: of a first layer, how many inputs lie beyond its input's range.
        dead_columns: those of the model's n, or channels, that are 0 for every row in float.
        lost_columns: those that are 0 for every row on the engine alone.
    """

    name: str
    step: str
    output: str
    place: str
    reason: str
    activation: str
    inputs: int | None
    outputs: int
    values: int
    largest: float
    decibels: float | None
    lost: float | None
    cosine: float | None
    columns: int | None = None
    depth: int | None = None
    range: float | None = None
    used: float | None = None
    scale_low: float | None = None
    scale_high: float | None = None
    post_scale: int | None = None
    post_shift: int | None = None
    prelu_scale: int | None = None
    prelu_alpha: int | None = None
    weight_bits: int | None = None
    weight_outlier: float | None = None
    proved_bits: int | None = None
    used_bits: int | None = None
    accumulator: int | None = None
    sums: str | None = None
    saturations: int | None = None
    wraps: int | None = None
    table: str | None = None
    table_range: float | None = None
    table_error: float | None = None
    table_worst: float | None = None
    clipped_inputs: int | None = None
    inputs_seen: int | None = None
    dead_columns: tuple[int, ...] = ()
    lost_columns: tuple[int, ...] = ()

    def __repr__(self):
        shape = "" if self.inputs is None else f"{self.inputs}x{self.outputs} "
        return (
            f"<LayerReport {self.name}: {shape}{self.activation} on the {self.place}, "
            f"{decibels(self.decibels)}>"
        )
