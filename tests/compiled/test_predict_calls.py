"""How CompiledModel.predict is called: batches, steps, progress, callbacks, memory, threads."""

import re
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas import errors


@pytest.fixture(scope="module")
def plain(keras_model):
    model = keras_model("plain")
    with xfblas.compile(model, rows_for(model, 500)) as compiled:
        yield compiled


@pytest.fixture(scope="module")
def x(keras_model):
    return rows_for(keras_model("plain"), 500)


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"batch_size": 1, "steps": 3}, 3),
        ({"batch_size": 7}, 500),
        ({"batch_size": 1000}, 500),
        ({"batch_size": 16, "steps": 2}, 32),
        ({"steps": 2}, 500),
        ({"steps": 16}, 500),
        ({"batch_size": np.int64(100), "steps": np.int32(5)}, 500),
    ],
)
def test_batch_size_and_steps_give_the_rows_that_keras_gives(keras_model, plain, x, options, rows):
    found = plain.predict(x, verbose=0, **options)
    np.testing.assert_array_equal(found, plain.predict(x, verbose=0)[:rows])
    expected = keras_model("plain").predict(x, verbose=0, **{k: int(v) for k, v in options.items()})
    assert found.shape == expected.shape


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 2.5}, r"batch_size is 2\.5"),
        ({"batch_size": True}, "batch_size is True"),
        ({"steps": -1}, "steps is -1"),
        ({"verbose": 3}, "verbose is 3"),
        ({"verbose": "loud"}, "verbose is 'loud'"),
    ],
)
def test_wrong_options(plain, x, options, text):
    with pytest.raises(errors.InvalidValueError, match=text):
        plain.predict(x, **options)


def visible(text):
    """Printed text without the colours, with times replaced."""
    text = re.sub(r"\x1b\[[0-9]*m", "", text)
    text = re.sub(r"\x08+", "", text).replace("\r", "\n")
    return re.sub(r"[0-9]+(us|ms|s)\b", r"#\1", re.sub(r"(us|ms)/step", "time/step", text))


def last_line(text):
    return re.sub(
        r"#?[0-9]*#?[a-z]+/step", "T/step", visible(text).strip().splitlines()[-1]
    ).strip()


@pytest.fixture
def terminal(monkeypatch):
    """``terminal()``: what is printed from now on is looked at by somebody."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda: monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)


@pytest.mark.parametrize(
    ("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1"), ("PLAIN", "not a terminal")]
)
def test_progress_is_for_terminals_alone(plain, x, capsys, terminal, monkeypatch, name, value):
    if name != "PLAIN":
        terminal()
        monkeypatch.setenv(name, value)
    plain.predict(x, verbose="auto")
    assert capsys.readouterr().out == ""
    # Asked for it is told how it ended, in plain text.
    plain.predict(x, verbose=1)
    text = capsys.readouterr().out
    assert text.startswith("16/16 ━━━━━━━━━━━━━━━━━━━━ ") and text.count("\n") == 1
    assert not {"\x1b", "\b", "\r"} & set(text)


@pytest.mark.parametrize("verbose", ["auto", 1, 2, 0])
@pytest.mark.parametrize("options", [{}, {"batch_size": 100}, {"steps": 3}])
def test_the_progress_is_keras_own(keras_model, plain, x, capsys, terminal, verbose, options):
    keras_model("plain").predict(x, verbose=0)
    capsys.readouterr()
    keras_model("plain").predict(x, verbose=verbose, **options)
    expected = capsys.readouterr().out
    terminal()
    plain.predict(x, verbose=verbose, **options)
    found = capsys.readouterr().out
    if verbose == 0:
        assert found == ""
    else:
        assert last_line(found) == last_line(expected)
        assert found.endswith("\n")


def test_the_progress_of_a_stream_of_unknown_length(plain, x, capsys, terminal):
    terminal()
    plain.predict(((x[i : i + 50]),) for i in range(0, 500, 50))
    text = capsys.readouterr().out
    assert "1/Unknown" in text and last_line(text).startswith("10/10 ━━━━━━━━━━━━━━━━━━━━ #s")


def test_callbacks_are_told_what_keras_tells_them(keras, keras_model, plain, x):
    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.events = []

        def on_predict_begin(self, logs=None):
            self.events.append(("begin", logs, self.params["steps"], self.params["verbose"]))

        def on_predict_batch_begin(self, batch, logs=None):
            self.events.append(("batch begin", batch))

        def on_predict_batch_end(self, batch, logs=None):
            self.events.append(("batch end", batch, sorted(logs), logs["outputs"].shape))

        def on_predict_end(self, logs=None):
            self.events.append(("end", logs))

    for options in ({}, {"batch_size": 200}, {"steps": 2}):
        ours, theirs = Recorder(), Recorder()
        plain.predict(x, callbacks=[ours], verbose=0, **options)
        keras_model("plain").predict(x, callbacks=[theirs], verbose=0, **options)
        assert ours.events == theirs.events
        assert ours.model is plain
    single, nested = Recorder(), Recorder()
    plain.predict(x, callbacks=single, verbose=0)
    plain.predict(x, callbacks=[[nested]], verbose=0)
    together = keras.callbacks.CallbackList([Recorder()], steps=1, verbose=0)
    plain.predict(x, callbacks=together, verbose=0)
    assert single.events == nested.events and len(single.events) > 30


def test_a_callback_can_stop_and_its_errors_come_through(keras, plain, x):
    class Stop(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_predicting = True

    class Fail(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            raise ZeroDivisionError("mine")

    assert plain.predict(x, callbacks=[Stop()], batch_size=10, verbose=0).shape == (20, 4)
    with pytest.raises(ZeroDivisionError, match="mine"):
        plain.predict(x, callbacks=[Fail()], verbose=0)
    assert plain.predict(x, verbose=0).shape == (500, 4)


def test_a_million_rows_in_bounded_memory(plain, keras_model):
    rows = 1_000_000
    x = np.broadcast_to(rows_for(keras_model("plain"), 1), (rows, 12))
    expected = plain.predict(x[:1], verbose=0)
    for data, options in ((x, {}), (((x[:10_000],) for _ in range(100)), {"steps": 100})):
        tracemalloc.start()
        found = plain.predict(data, verbose=0, **options)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.shape == (rows, 4) and (found == expected).all()
        # The result itself has 16 MB; a stream's grows by half as much again.
        assert most < 48e6


def test_few_rows_take_the_short_way_and_give_the_same(plain, x):
    whole = plain.predict(x, verbose=0)
    for given in (x[:1], x[:1].astype(np.float64), x[:300]):
        short = plain.predict(given, verbose=0)
        np.testing.assert_array_equal(short, whole[: len(given)])
        assert short.dtype == np.float32 and short.flags.c_contiguous
        np.testing.assert_array_equal(short, plain.predict(given, verbose=0, batch_size=50))


def test_threads_share_a_model(plain, keras_model):
    x = rows_for(keras_model("plain"), 3000)
    expected = plain.predict(x, verbose=0)
    wrong = []

    def work(seed):
        generator = np.random.default_rng(seed)
        for _ in range(20):
            first, count = generator.integers(0, 2000), generator.integers(1, 1000)
            found = plain.predict(x[first : first + count], verbose=0)
            if not np.array_equal(found, expected[first : first + count]):
                wrong.append((first, count))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_two_runs_give_the_same_bytes(plain, x):
    assert plain.predict(x, verbose=0).tobytes() == plain.predict(x, verbose=0).tobytes()


def test_training_is_refused(plain, x):
    np.testing.assert_array_equal(plain(x, training=False), plain.predict(x, verbose=0))
    with pytest.raises(errors.InvalidValueError, match="training is True"):
        plain(x, training=True)
