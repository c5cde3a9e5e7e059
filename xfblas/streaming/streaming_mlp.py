"""``StreamingMLP``: a multilayer perceptron with one kernel for each layer."""

import os
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from xfblas.arrays import as_rows, require_dtype, require_shape, seen
from xfblas.checks import require_switch
from xfblas.compiled.batch_loops import predict_batches
from xfblas.compiled.callback_list import CallbackList
from xfblas.errors import InvalidValueError, NotInitializedError
from xfblas.graph import activate
from xfblas.image.stream_picture import network_svg, network_text
from xfblas.notices import notify
from xfblas.rows.batches import data_of
from xfblas.streaming.batch_engine import BatchEngine
from xfblas.streaming.formats import LayerFormat, to_floats, to_integers
from xfblas.streaming.integer_weights import calibrated, require_integer_weights
from xfblas.streaming.network_device import open_network, wanted_outputs
from xfblas.streaming.weight_sources import chain_of, float_weights, layers_of
from xfblas.uncopied import Uncopied

ROWS_AT_ONCE = 8192


class StreamingMLP(Uncopied):
    """A chain of dense layers whose weights are loaded once and whose rows stream through.

    Args:
        layers: sizes of the input and of each layer, such as ``[784, 64, 10]``; None takes those of
            ``xclbin``.
        activation: ``"linear"``, ``"relu"``, ``"tanh"`` or ``"sigmoid"`` of all layers, or a list
            with one for each.
        dtype: float32 or int16.
        xclbin: path of an image, which ``make xclbin ENGINE=stream`` builds; None builds what the
            target needs. Sizes, activations and dtype that are given must be the image's.
        target: ``"native"``, ``"csim"`` or ``"xrt"``; None takes the environment's XFBLAS_TARGET,
            else ``"native"``.
        device: index or BDF, see :class:`~xfblas.Device`.
        board: whose multipliers are shared out where no image is given.
        multipliers: for all layers together, instead of the board's.
        outputs: which of ``s1``, ``x1``, ``s2`` ... the image can put out; None for all.
        trust: see :class:`~xfblas.Device`.

    Raises:
        InvalidValueError: a size or name cannot be used, or is not the image's.
        ImageError: the image is none of a streaming network, or cannot be built.

    Attributes:
        network: layers and their multipliers, as the image tells them.
        dtype: of elements.
        formats: in int16, fraction bits of each layer once weights are loaded; else None.
        input_bits: in int16, fraction bits of the rows.
    """

    _instead = "make another xfblas.StreamingMLP"

    def __init__(
        self,
        layers: Sequence[int] | None = None,
        activation: str | Sequence[str] | None = None,
        dtype: DTypeLike | None = None,
        *,
        xclbin: str | os.PathLike[str] | None = None,
        target: str | None = None,
        device: int | str = 0,
        board: str = "u250",
        multipliers: int | None = None,
        outputs: Sequence[str] | None = None,
        trust: bool = False,
    ):
        given = (layers, activation, dtype, xclbin, target, device, board, multipliers, outputs)
        self._network = open_network(*given, trust=trust)
        self.network = self._network.network
        self.dtype = self._network.dtype
        self.target = self._network.target
        #: What the host applies to the last layer's output in ``predict``.
        self.output_activation = "linear"
        self.formats: tuple[LayerFormat, ...] | None = None
        self.input_bits = 15
        self._told_of_clipping = False
        #: What a callback sets to end a prediction.
        self.stop_predicting = False

    @classmethod
    def from_keras(
        cls,
        model: Any,
        dtype: DTypeLike | None = None,
        *,
        calibration: Any = None,
        trusted: bool = False,
        **options: Any,
    ) -> "StreamingMLP":
        """A network with the sizes, activations and weights of a Keras model.

        Args:
            model: a keras.Model, the path of its file, or what else
                :func:`~xfblas.read_network` takes: a chain of Dense layers.
            dtype: float32 or int16.
            calibration: in int16, typical rows to choose formats from.
            trusted: see :func:`~xfblas.read_network`.
            **options: further arguments of the class, such as ``target``.

        Raises:
            UnsupportedModelError: the model is no chain of layers that streaming kernels have.
        """
        chain, activations, last = chain_of(model, trusted)
        sizes = [chain.input_units, *(layer.kernel.shape[1] for layer in chain.layers)]
        made = cls(sizes, activations, dtype, **options)
        try:
            made.load_weights(chain, calibration=calibration)
        except BaseException:
            made.close()
            raise
        made.output_activation = last
        return made

    def load_weights(self, weights: Any, *, calibration: Any = None, trusted: bool = False) -> Self:
        """Writes weights and biases into the kernels' memory on chip, where they stay.

        Args:
            weights: arrays (weights (inputs, outputs) and biases (outputs,) in turn, as
                ``keras.Model.get_weights`` gives them, or pairs of them); the path of a folder with
                text files ``layer1.txt`` ..., each with a layer's weights, row by row, and then its
                biases; or the path of a Keras file.
            calibration: in int16, (m, inputs) typical rows, from which formats are chosen; without
                any, inputs are taken to lie within -1 and 1.
            trusted: see :func:`~xfblas.read_network`.

        Raises:
            InvalidValueError: they cannot be read or do not fit the network; names sizes.
        """
        layers = layers_of(weights, self.network, trusted)
        if self.dtype == np.int16:
            return self.load_integers(*calibrated(layers, self.network, calibration))
        if calibration is not None:
            raise InvalidValueError("calibration is given, but float32 has no formats to choose")
        self._network.load(float_weights(layers), None)
        return self

    def load_integers(
        self,
        weights: Sequence[tuple[np.ndarray, np.ndarray]],
        formats: Sequence[LayerFormat],
        input_bits: int = 15,
    ) -> Self:
        """Writes weights that are integers already.

        Args:
            weights: for each layer int16 (inputs, outputs) and int32 biases (outputs,).
            formats: where the points of each layer's numbers stand.
            input_bits: fraction bits of rows.

        Raises:
            InvalidValueError: they do not fit the network, or it computes with floats.
        """
        if self.dtype != np.int16:
            raise InvalidValueError(
                "the network computes with float32, expected int16: it has no integers"
            )
        pairs = require_integer_weights(weights, formats, input_bits, self.network)
        self._network.load(pairs, formats)
        self.formats, self.input_bits = tuple(formats), input_bits
        self._told_of_clipping = False
        return self

    def unload(self) -> None:
        """Counts the weights as never loaded; the image stays open."""
        self._network.unload()
        self.formats = None

    def run(
        self, x: Any, outputs: Sequence[str] | None = None, *, integers: bool = False
    ) -> dict[str, np.ndarray]:
        """Streams rows through, and gives the outputs that are asked for.

        Args:
            x: (m, inputs) numbers; with ``integers`` int16.
            outputs: of ``s1`` (the first layer's sums with bias), ``x1`` (its activations), ``s2``
                ...: only these leave the kernels. None takes all that the image routes.
            integers: in int16, whether rows and outputs are the integers themselves.

        Returns:
            By name float32 (m, layer's outputs), int16 with ``integers``.

        Raises:
            InvalidValueError: rows of another width or type, or an output that is none.
            NotSupportedError: the image does not route an output.
            NotInitializedError: weights were never loaded, or the network was closed.
        """
        names = wanted_outputs(outputs, self.network)
        require_switch("integers", integers)
        if integers and self.dtype != np.int16:
            raise InvalidValueError("integers is True, but the network computes with float32")
        width = self.network.sizes[0]
        if integers:
            rows = seen("x", x)
            require_dtype("x", rows, np.dtype(np.int16))
            require_shape("x", rows, (len(rows) if rows.ndim else 0, width))
            rows = np.ascontiguousarray(rows)
        else:
            rows = self._encoded(as_rows("x", x, width, np.float32))
        results = self._network.run(rows, names)
        if integers or self.dtype == np.float32:
            return results
        return {name: to_floats(found, self._bits(name)) for name, found in results.items()}

    def _encoded(self, rows: np.ndarray) -> np.ndarray:
        if self.dtype == np.float32:
            return rows
        limit = 2.0 ** (15 - self.input_bits)
        if not self._told_of_clipping and len(rows) and np.abs(rows).max() > limit:
            self._told_of_clipping = True
            notify(
                f"x has inputs up to {np.abs(rows).max():g}, which are clipped to +-{limit:g}: "
                "load the weights with calibration rows that have such inputs"
            )
        return to_integers(rows, self.input_bits)

    def _bits(self, name: str) -> int:
        if self.formats is None:
            raise NotInitializedError("weights were never loaded: call load_weights first")
        found = self.formats[int(name[1:]) - 1]
        return found.sum_bits if name[0] == "s" else found.activation_bits

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray:
        """The last layer's activations, as ``keras.Model.predict`` returns them: float32 (m, n).

        Args:
            x, batch_size, verbose, steps, callbacks: as for :meth:`xfblas.CompiledModel.predict`.

        Raises:
            InvalidValueError: inputs of another number, shape or type, or not finite.
            NotInitializedError: weights were never loaded, or the network was closed.
        """
        engine = BatchEngine(self)
        at_once = ROWS_AT_ONCE if batch_size is None and callbacks is None else 1
        data = data_of(x, None, None, engine, batch_size, steps, at_once)
        told = CallbackList(callbacks, verbose, data.steps, self, "predict")
        return predict_batches(engine, data, told, self)

    def trace(self, x: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The output, and every s and x that the image routes, float32.

        Raises:
            InvalidValueError, NotInitializedError: as :meth:`run` does.
        """
        found = self.run(x)
        name = self.last_output
        output = found[name] if name in found else self.run(x, (name,))[name]
        return activate(self.output_activation, output), found

    @property
    def last_output(self) -> str:
        """The name of the last layer's activations."""
        return f"x{len(self.network.layers)}"

    def summary(self) -> str:
        """A line for each kernel: sizes, activation and multipliers."""
        return network_text(self.network)

    def picture(self) -> str:
        """The graph of kernels as an SVG picture."""
        return network_svg(self.network)

    @property
    def closed(self) -> bool:
        """Whether the network was closed."""
        return self._network.closed

    def close(self) -> None:
        """Frees the image; safe to call twice."""
        self._network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.network.sizes))
        state = "closed" if self.closed else self.target
        return f"<xfblas.StreamingMLP {sizes} {self.dtype} {state}, P = {self.network.multipliers}>"
