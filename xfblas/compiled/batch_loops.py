"""What ``predict`` and ``evaluate`` do batch by batch, and tell callbacks of."""

from xfblas.errors import InvalidValueError
from xfblas.rows.result_array import ResultArray


def predict_batches(engine, data, told, model):
    """The outputs of all rows, as the Keras model returns them.

    Args:
        engine: the :class:`~xfblas.compiled.graph_engine.GraphEngine`.
        data: batches, see :mod:`xfblas.rows.batches`.
        told: the :class:`~xfblas.compiled.callback_list.CallbackList`.
        model: what callbacks see, and set ``stop_predicting`` of.
    """
    model.stop_predicting = False
    results = [ResultArray(data.rows) for _ in engine.graph.outputs]
    told.begin()
    for batch in data:
        told.batch_begin(batch.first_step)
        outputs = engine.outputs(batch.inputs)
        for result, output in zip(results, outputs, strict=True):
            result.append(output)
        told.batch_end(batch.last_step, {"outputs": engine.structured(outputs)})
        if told.any and model.stop_predicting:
            break
    told.end()
    found = engine.no_outputs() if data.rows == 0 else [result.rows() for result in results]
    return engine.structured(found)


def evaluate_batches(engine, data, told, model, scoring, return_dict):
    """The loss and metrics of all rows, as Keras returns them.

    Args:
        engine, data, told: as for :func:`predict_batches`.
        model: what callbacks see, and set ``stop_evaluating`` of.
        scoring: the :class:`~xfblas.scoring.Scoring`.
        return_dict: whether to return them by name.

    Raises:
        InvalidValueError: there are no rows, or targets do not fit the outputs.
    """
    model.stop_evaluating, results = False, None
    told.begin()
    with scoring.lock:
        for batch in data:
            if batch.rows == 0:
                continue
            told.batch_begin(batch.first_step)
            outputs = engine.outputs(batch.inputs)
            if results is None:
                scoring.begin(engine.graph, batch.targets, outputs)
            results = scoring.update(batch.targets, outputs, batch.weights, batch.batch_size)
            told.batch_end(batch.last_step, results, results)
            if told.any and model.stop_evaluating:
                break
        if results is None:
            raise InvalidValueError("x has no rows, expected 1 or more to evaluate")
        told.end(results)
        return results if return_dict else scoring.in_order(results)
