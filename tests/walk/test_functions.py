"""Every public function with values of wrong type, size and kind: its errors are this library's."""

import contextlib
import inspect
import io
import os
import resource
import warnings
from unittest import mock

import hypothesis
import hypothesis.strategies as st
import public_calls
import pytest
from hostile_values import VALUES
from hypothesis.extra import numpy as arrays

from xfblas.errors import XfblasError

pytestmark = pytest.mark.native
#: Memory beyond what the process has that a call may ask for: much where it opens devices.
ROOM, ROOM_TO_OPEN = 2**30, 20 * 2**30
#: The same few values each time, unless this is set: then many others, whose seeds are printed.
WANDERS = bool(os.environ.get("XFBLAS_WANDER"))
#: Examples in make test of what takes long.
SLOW = {"Report.to_html": 2, "CompiledModel.evaluate": 4, "accelerate": 4}
OPENING = (
    "accelerate compile load report default_device matmul open Device create destroy close "
    "StreamingMLP StreamingMLP.from_keras StreamingMLP.close"
)


@pytest.fixture(scope="module")
def world(keras, tmp_path_factory):
    found = public_calls.World(keras, tmp_path_factory.mktemp("walk"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def calls(world):
    return public_calls.calls(world)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    # Names of files are arguments too, and what is written goes there.
    monkeypatch.chdir(tmp_path)


def parameters_of(function, good):
    """What may be passed by name."""
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    signature = inspect.signature(function).parameters.values()
    return [
        *good,
        *(each.name for each in signature if each.kind in kinds and each.name not in good),
    ]


@contextlib.contextmanager
def limited(name):
    """Little memory: arrays that only look as if they were terabytes should not be copied."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    opens = any(word in name for word in OPENING.split())
    room = ROOM_TO_OPEN if opens else ROOM
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def fault_of(name, call, wrong):
    """What a call with wrong values raised that is not this library's; None for nothing."""
    function, good = call()
    silent = contextlib.redirect_stdout(io.StringIO())
    with warnings.catch_warnings(), silent, limited(name):
        warnings.simplefilter("ignore")
        try:
            function(**{**good, **wrong})
        except (XfblasError, OSError) as error:
            # A text of its own, that can be printed whatever was passed.
            if not str(error).strip():
                return f"{type(error).__name__} without a word"
        except Exception as error:
            place = error.__traceback__
            while place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
            return f"{type(error).__name__}: {str(error)[:120]} ({where})"
    return None


#: Known before there is a world to make the calls on.
NAMES = list(public_calls.calls(mock.MagicMock()))


def test_everything_public_is_walked(calls):
    assert public_calls.public_names() <= set(calls)


WILD = st.one_of(
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.complex_numbers(),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
            | st.tuples(inner, inner)
        ),
        max_leaves=8,
    ),
    arrays.arrays(
        arrays.scalar_dtypes() | arrays.nested_dtypes(max_leaves=3),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_values(world, calls, name):
    call = calls[name]
    function, good = call()
    parameters = parameters_of(function, good)
    examples = max(1, 40 * len(parameters)) if WANDERS else SLOW.get(name, 10)

    @hypothesis.settings(
        max_examples=examples,
        suppress_health_check=list(hypothesis.HealthCheck),
        database=None,
        derandomize=not WANDERS,
    )
    @hypothesis.given(st.data())
    def walk(data):
        wrong = data.draw(
            st.dictionaries(
                st.sampled_from(parameters),
                st.sampled_from(sorted(VALUES)).map(lambda name: (name, VALUES[name]()))
                | WILD.map(lambda value: ("drawn", value)),
                min_size=1,
                max_size=2,
            )
        )
        fault = fault_of(name, call, {key: value for key, (_, value) in wrong.items()})
        world.tidy()
        assert fault is None

    world.tidy()
    if parameters:
        walk()
    # The same objects work on the next call.
    function, good = call()
    function(**good)
    world.tidy()


@pytest.mark.hw  # It takes half an hour.
@pytest.mark.parametrize("name", NAMES)
def test_each_wrong_value(world, calls, name):
    call = calls[name]
    found, parameters = [], parameters_of(*call())
    world.tidy()
    for parameter in parameters:
        for kind, make in VALUES.items():
            fault = fault_of(name, call, {parameter: make()})
            world.tidy()
            if fault is not None:
                found.append(f"{parameter}={kind}: {fault}")
    assert not found, "\n".join(found)
