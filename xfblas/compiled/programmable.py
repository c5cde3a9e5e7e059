"""The methods of a compiled model that change its weights."""

from typing import Any

from xfblas.compiled.new_weights import graph_with, graph_with_layer
from xfblas.compiled.weight_change import change_weights


class Programmable:
    """A model whose weights may be changed while it runs."""

    def load_weights(
        self,
        source: Any,
        *,
        scales: str = "derive",
        calibration: Any = None,
        architecture: Any = None,
        trusted: bool = False,
    ) -> None:
        """Takes other weights for the same layers, while other threads predict.

        Predictions that are under way end with the weights that they began with, and those that
        begin later have the new ones: none sees both. What is equal is not sent again. After an
        error the weights are those of before.

        Args:
            source: a keras.Model or the path of its file (of weights alone too), or any other
                source of :func:`xfblas.read_graph`, of the same layers; or arrays: a list of
                kernels (k, n), each with its bias (n,) after it, or a dict of (kernel, bias) by
                names of layers.
            scales: ``"derive"`` derives all scales again from the stored calibration rows;
                ``"keep"`` keeps them, which takes a moment and sends weights and biases alone, and
                is an error where the weights do not fit them any more.
            calibration: rows in place of the stored ones, as for :func:`xfblas.compile`; they are
                stored then.
            architecture: of a file that holds weights alone, see :func:`xfblas.read_network`; by
                default this model's, where it is a chain of dense layers.
            trusted: as for :func:`xfblas.compile`.

        Raises:
            InvalidValueError: the source has other layers or shapes, or values that are not
                finite; no calibration is stored; or names each layer that no longer fits the
                scales, what of it, and how many times its range it needs.
            NotSupportedError: the model has feature maps on the engine.
            UnsupportedModelError: no scales were found for a layer.
            AllocationError: the device has no memory for a second set of weights.
            NotInitializedError: the model was closed.
        """
        change_weights(
            self, lambda graph, recipe: graph_with(graph, source, recipe, architecture, trusted),
            scales, calibration,
        )  # fmt: skip

    def set_layer_weights(
        self, name: str, kernel: Any, bias: Any = None, *, scales: str = "derive"
    ) -> None:
        """Takes another kernel and bias for one layer; see :meth:`load_weights`.

        Args:
            name: of a dense layer that the engine computes and that has no other folded into it.
            kernel: (k, n) finite numbers, of the layer's shape.
            bias: (n,) finite numbers; the layer's own by default.
            scales: see :meth:`load_weights`.

        Raises:
            InvalidValueError, UnsupportedModelError, AllocationError, NotInitializedError: as for
                :meth:`load_weights`.
        """
        change_weights(
            self, lambda graph, _: graph_with_layer(graph, name, kernel, bias), scales, None
        )
