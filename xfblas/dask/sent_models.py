"""A model on its way to workers: the bytes of its file, which a cluster keeps between calls."""

import hashlib
import io
import os
import weakref
from functools import cached_property
from pathlib import Path
from typing import Any

from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.recipe import SAVED_ROWS
from xfblas.compiled.saved_model import read, write_to
from xfblas.dask.dask_modules import require
from xfblas.errors import NotSupportedError

#: The client that predicted last, and the task whose result its cluster keeps: one model at most.
_kept: tuple[Any, Any] | None = None
#: What went out of a model, and the weights that it had then.
_made: "weakref.WeakKeyDictionary[CompiledModel, tuple[Any, SentModel]]" = (
    weakref.WeakKeyDictionary()
)


class SentModel:
    """What goes to workers of a model with one input and one output.

    Attributes:
        content: the bytes of its file.
        input: what its rows are.
        columns: the shape of a row's prediction, None where it is the input's to say.
    """

    def __init__(self, model: CompiledModel | str | os.PathLike[str]):
        """Opens no device: a client may have none.

        Args:
            model: a compiled model, or the path of a ``.xfblas`` file.

        Raises:
            InvalidValueError: there is no such file, or it is damaged.
            NotSupportedError: the model has several inputs or outputs.
        """
        if isinstance(model, CompiledModel):
            graph = model.graph
            image = io.BytesIO()
            write_to(model, image, SAVED_ROWS)
            self.content = image.getvalue()
        else:
            # Read here, so that workers need not find out whether it is damaged.
            graph = read(model)[1]["graph"]
            self.content = Path(os.fsdecode(model)).read_bytes()
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise NotSupportedError(
                f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
                "expected one of each"
            )
        (self.input,) = graph.inputs
        self.columns = tuple(graph.outputs[0].shape)

    @classmethod
    def of(cls, model: CompiledModel | str | os.PathLike[str]) -> "SentModel":
        """As the class itself; the same again for a model whose weights are."""
        if not isinstance(model, CompiledModel):
            return cls(model)
        weights = model.graph, model.networks, model.recipe
        before, made = _made.get(model, (None, None))
        if made is None or any(a is not b for a, b in zip(before, weights, strict=True)):
            made = cls(model)
            _made[model] = weights, made
        return made

    @cached_property
    def digest(self) -> str:
        """A short name of the content, by which workers and folders know the model."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    def task(self) -> Any:
        """A task by itself, whose result a worker asks for once and keeps for those that follow."""
        sending = require("dask").delayed(_content, pure=True)
        return sending(self.content, dask_key_name=f"xfblas-model-{self.digest}")

    def kept(self, client: Any, retries: int) -> Any:
        """The task, whose result stays on the cluster for the calls that follow.

        Another model or client takes the place of the one before.
        """
        global _kept
        task = self.task()
        if _kept is not None and _kept[0] is client and _kept[1].key == task.key:
            (future,) = require("distributed").futures_of(_kept[1])
            if future.status in ("pending", "finished"):
                return _kept[1]
        kept = client.persist(task, retries=retries)
        _kept = client, kept
        return kept


def _content(content: bytes) -> bytes:
    return content
