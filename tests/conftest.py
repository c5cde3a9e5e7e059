"""Fixtures that every test may use, and the target that the functional tests run on."""

import random
import signal
import zlib
from pathlib import Path

import hypothesis
import numpy as np
import packages
import pytest
import targets
from keras_models import build, import_keras

import xfblas
from xfblas.device.default_images import TARGETS
from xfblas.errors import NotSupportedError

# A failing example is printed with the seed that repeats it.
hypothesis.settings.register_profile("xfblas", deadline=None, print_blob=True)
hypothesis.settings.load_profile("xfblas")

TESTS = Path(__file__).parent
images_key = pytest.StashKey()  # the folder of the target's images, removed with it
seed_key = pytest.StashKey()  # of a test's random numbers
INTEGER_IMAGES = ("default_short", "seed_short")


def pytest_addoption(parser):
    parser.addoption(
        "--target",
        choices=TARGETS,
        default="native",
        help="where the functional tests run; other tests run with native alone",
    )


def pytest_cmdline_main(config):
    # XRT reads its environment when it is loaded, so emulation needs a process of its own.
    if config.getoption("--target") != "xrt" or targets.is_emulated():
        return None
    try:
        return targets.emulate(config.invocation_params.args)
    except NotSupportedError as error:
        print(f"skipped the functional tests on xrt: {error}")
        return 0


def pytest_configure(config):
    # What a shell starts in the background ignores interrupts, and so would programs of tests.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    targets.is_exhaustive = "not exhaustive" not in config.getoption("markexpr")
    target = config.getoption("--target")
    if target != "native":
        config.stash[images_key] = targets.use(target)


def pytest_ignore_collect(collection_path, config):
    if config.getoption("--target") == "native" or TESTS not in collection_path.parents:
        return None
    is_functional = collection_path.relative_to(TESTS).parts[0] in targets.FUNCTIONAL
    return None if is_functional else True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A seed for each test: of its own name under ``--hypothesis-seed``, drawn without."""
    run = item.config.getoption("hypothesis_seed")
    run = run or np.random.SeedSequence().entropy
    seed = item.stash[seed_key] = zlib.crc32(f"{run} {item.nodeid}".encode())
    # Keras draws the seeds of its layers from here.
    random.seed(seed)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        for mark in item.iter_markers("sampled"):
            if mark.args[0] not in item.name:
                item.add_marker("exhaustive")
    if config.getoption("--target") != "native":
        others = [item for item in items if item.get_closest_marker("native")]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_terminal_summary(terminalreporter):
    packages.list_wanted(terminalreporter.getreports("skipped"), terminalreporter.write_line)


@pytest.fixture(autouse=True)
def closed_default_devices(request):
    """Where matmul leaves them open no other image can be loaded on their card."""
    yield
    if request.config.getoption("--target") == "xrt":
        targets.close_default_devices()


@pytest.fixture
def seed(request):
    """The test's own; pytest shows it where the test fails."""
    print(f"seed {request.node.stash[seed_key]}")
    return request.node.stash[seed_key]


@pytest.fixture
def generator(seed):
    """Random numbers; the seed is printed where the test fails."""
    return np.random.default_rng(seed)


@pytest.fixture(params=INTEGER_IMAGES)
def integer_image(request):
    """Path of each packaged int16 image in turn."""
    return xfblas.image_path(request.param)


@pytest.fixture(scope="session")
def int8_image():
    """Path of the packaged int8 image."""
    return xfblas.image_path("default_int8")


@pytest.fixture
def fcn_unit(integer_image):
    """A compute unit of the Fcn engine on each int16 image."""
    with xfblas.open(integer_image) as device:
        yield device.compute_units[0]


@pytest.fixture(scope="session")
def keras():
    """The Keras module; skips where there is none."""
    return import_keras()


@pytest.fixture(scope="session")
def keras_model(keras):
    """``keras_model(kind)``: a model that no test may change."""
    models = {}

    def get(kind):
        if kind not in models:
            models[kind] = build(keras, kind)
        return models[kind]

    return get
