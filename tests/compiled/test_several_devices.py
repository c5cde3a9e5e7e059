"""Models and products on several devices, whose units share the work, and units that fail."""

import itertools
import threading
import time
import warnings

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.device.shared_work import SharedWork, even_slices, share
from xfblas.graph import Layer, Network
from xfblas.offloading import tiles
from xfblas.program.network_engine import NetworkEngine

# An emulated card is one of one; tests/xrt has two.
pytestmark = pytest.mark.native
SIZES = (12, 20, 8, 5)


def network():
    generator = np.random.default_rng(3)
    layers = [
        Layer(f"d{i}", generator.normal(0, k**-0.5, (k, n)), generator.normal(0, 0.1, n), name, s)
        for i, ((k, n), name, s) in enumerate(
            zip(
                itertools.pairwise(SIZES),
                ("relu", "relu", "linear"),
                (0.0, 0.0, 1.0),
                strict=True,
            )
        )
    ]
    return Network("mlp", tuple(layers), "softmax", (SIZES[0],))


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(9).normal(0, 1, (5000, SIZES[0])).astype(np.float32)


class Fault:
    """Has a device fail from its n-th call after ``begin(n)``, as a card that dies does.

    Calls take a millisecond at least, so that each unit comes to its turn.
    """

    def __init__(self, monkeypatch, device):
        self.calls, self.after = 0, None
        for name in ("call", "predict", "multiply"):
            monkeypatch.setattr(device._handle, name, self.failing(getattr(device._handle, name)))

    def begin(self, after=0):
        self.calls, self.after = 0, after

    def end(self):
        self.after = None

    def met(self, call):
        """What ``call()`` gives, made until the fault was met: units come to it as it happens."""
        for _ in range(50):
            found = call()
            if self.calls > self.after:
                return found
        raise AssertionError("the unit had nothing to do")

    def failing(self, function):
        def call(*arguments):
            self.calls += 1
            time.sleep(0.001)
            if self.after is not None and self.calls > self.after:
                raise errors.ExecutionError("compute unit k_1 ended in state ERROR")
            return function(*arguments)

        return call


@pytest.fixture
def cards():
    with xfblas.open(devices=[0, 1]) as opened:
        yield opened


@pytest.fixture
def faults(monkeypatch, cards):
    return [Fault(monkeypatch, each) for each in cards.devices]


@pytest.fixture
def model(cards, faults, rows):
    with xfblas.compile(network(), rows, device=cards) as compiled:
        compiled.predict(rows[:1], verbose=0)
        yield compiled


def told(caught):
    return [str(each.message) for each in caught if each.category is RuntimeWarning]


@pytest.mark.parametrize("bits", [16, 8, 32])
def test_the_same_bytes(rows, bits):
    with xfblas.compile(network(), rows[:500], bits=bits) as one:
        expected = one.predict(rows, verbose=0)
        with xfblas.compile(network(), rows[:500], bits=bits, device=[0, 1, 2]) as several:
            assert [each.index for each in several.device.devices] == [0, 1, 2]
            assert len(several.device.sharing_units) == 3
            found = several.predict(rows, verbose=0)
            few = several.predict(rows[:5], verbose=0)
    if bits == 32:
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(few, expected[:5])


def test_every_unit_computes(rows, faults, model):
    for fault in faults:
        fault.begin(after=100)
    model.predict(rows[:200], verbose=0)
    assert [fault.calls for fault in faults] == [1, 0]
    model.predict(rows, verbose=0)
    assert all(fault.calls >= 2 for fault in faults)
    with pytest.raises(errors.InvalidValueError, match=r"\(4321, 7\)"):
        bad = rows.copy()
        bad[4321, 7] = np.nan
        model.predict(bad, verbose=0)
    assert model.predict(rows, verbose=0).shape == (5000, 5)


@pytest.mark.parametrize("broken", [0, 1])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_unit_that_fails_is_left_out(rows, faults, model, broken, after):
    expected = model.predict(rows, verbose=0)
    fault = faults[broken]
    fault.begin(after)
    with pytest.warns(RuntimeWarning) as caught:
        found = fault.met(lambda: model.predict(rows, verbose=0))
    np.testing.assert_array_equal(found, expected)
    (text,) = told(caught)
    assert text.startswith(f"compute unit 0 of device {broken} (native) failed and is left out")
    assert "the other 1 of 2 units: compute unit k_1 ended in state ERROR" in text
    assert caught[0].filename == __file__
    calls = fault.calls
    with warnings.catch_warnings(action="error"):
        for part in (rows, rows[:3]):
            np.testing.assert_array_equal(model.predict(part, verbose=0), expected[: len(part)])
    assert fault.calls == calls, "it is asked no more"


def test_a_few_rows_go_elsewhere(rows, faults, model):
    expected = model.predict(rows[:2], verbose=0)
    faults[0].begin()
    with pytest.warns(RuntimeWarning, match="compute unit 0 of device 0"):
        np.testing.assert_array_equal(model.predict(rows[:2], verbose=0), expected)


def test_all_units_fail(rows, faults, model):
    """An error names them all; the next call tries them again."""
    expected = model.predict(rows, verbose=0)
    for fault in faults:
        fault.begin()
    for _ in range(2):
        with (
            pytest.warns(RuntimeWarning),
            pytest.raises(errors.ExecutionError) as caught,
        ):
            model.predict(rows, verbose=0)
        text = str(caught.value)
        assert text.startswith("all 2 compute units failed: compute unit 0 of device 0 (native)")
        assert "compute unit 0 of device 1 (native): compute unit k_1 ended" in text
    for fault in faults:
        fault.end()
    np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)


def test_the_only_unit_fails_as_before(rows, monkeypatch):
    with xfblas.open() as device:
        fault = Fault(monkeypatch, device)
        model = xfblas.compile(network(), rows, device=device)
        fault.begin()
        with pytest.raises(errors.ExecutionError, match=r"^compute unit k_1 ended"):
            model.predict(rows, verbose=0)
        fault.end()
        assert model.predict(rows, verbose=0).shape == (5000, 5)


def test_what_is_clipped_is_counted_once(rows, faults, cards):
    far = rows * np.float32(40)
    with xfblas.compile(network(), rows[:500]) as one:
        one.predict(far, verbose=0)
        expected = one.statistics()
    with xfblas.compile(network(), rows[:500], device=cards) as several:
        faults[1].begin(after=9)  # It makes the matrices that a prediction needs.
        calls = []
        with pytest.warns(RuntimeWarning, match="device 1"):
            faults[1].met(lambda: calls.append(several.predict(far, verbose=0)))
        features = several.statistics()["d0"]["features"]
        for name, feature in expected["d0"]["features"].items():
            assert features[name]["count"] == len(calls) * feature["count"]


def test_integers_in_steps(rows, faults, cards):
    """Arithmetic of the public library, which C has no single call for."""
    options = {"legacy": True}
    with xfblas.compile(network(), rows, **options) as one:
        expected = one.predict(rows, verbose=0)
    with xfblas.compile(network(), rows, device=cards, **options) as several:
        np.testing.assert_array_equal(several.predict(rows, verbose=0), expected)
        faults[0].begin(after=2)
        with pytest.warns(RuntimeWarning, match="device 0"):
            found = faults[0].met(lambda: several.predict(rows, verbose=0))
        np.testing.assert_array_equal(found, expected)


def test_other_weights(rows):
    with xfblas.compile(network(), rows, device=[0, 1]) as model:
        first = model.predict(rows, verbose=0)
        kernel = network().layers[2].kernel
        model.set_layer_weights("d2", -kernel, np.zeros(5))
        with xfblas.compile(network(), rows) as other:
            other.set_layer_weights("d2", -kernel, np.zeros(5))
            expected = other.predict(rows, verbose=0)
        found = model.predict(rows, verbose=0)
        np.testing.assert_array_equal(found, expected)
        assert not np.array_equal(found, first)


def test_saved_models_and_runtimes(rows, tmp_path):
    with xfblas.compile(network(), rows) as model:
        expected = model.predict(rows, verbose=0)
        model.save(tmp_path / "m.xfblas")
    for where in ({"device": (0, 1)}, {"devices": [1, 0]}):
        with xfblas.load(tmp_path / "m.xfblas", **where) as model:
            assert len(model.device.devices) == 2
            np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
    with pytest.raises(errors.InvalidValueError, match=r"device is 1 and devices \[0\]"):
        xfblas.load(tmp_path / "m.xfblas", device=1, devices=[0])
    with xfblas.compile(network(), rows, devices=[0, 1]) as model:
        assert len(model.device.sharing_units) == 2
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
    with xfblas.open(devices=range(2)) as cards:
        runtime = xfblas.KerasRT(network(), calibration=rows, compute_unit=cards)
        np.testing.assert_array_equal(runtime.predict(rows), expected)


def test_convolutions(keras, faults, cards):
    generator = np.random.default_rng(4)
    model = keras.Sequential(
        [keras.Input((6, 8, 3)), keras.layers.Conv2D(4, 3, activation="relu", padding="same")]
    )
    frames = generator.normal(size=(300, 6, 8, 3)).astype(np.float32)
    with xfblas.compile(model, frames[:20]) as one:
        expected = one.predict(frames, verbose=0)
    with xfblas.compile(model, frames[:20], device=cards) as several:
        np.testing.assert_array_equal(several.predict(frames, verbose=0), expected)
        faults[1].begin()
        with pytest.warns(RuntimeWarning, match="device 1"):
            found = faults[1].met(lambda: several.predict(frames, verbose=0))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["int16", "int8", "float32"])
@pytest.mark.parametrize("shape", [(700, 300, 200), (200, 300, 700), (65, 300, 64)])
def test_products(generator, monkeypatch, dtype, shape):
    monkeypatch.setattr(tiles, "WORTH_SHARING", 1)
    monkeypatch.setattr("xfblas.offloading.matmul.WORTH_SHARING", 1)
    m, k, n = shape
    a = generator.integers(-9, 9, (m, k)).astype(dtype)
    b = generator.integers(-9, 9, (k, n)).astype(dtype)
    with xfblas.open(engine="Gemm", devices=[0, 1, 2], dtype=dtype) as cards:
        counters = [Fault(monkeypatch, each) for each in cards.devices]
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=cards), a @ b, strict=True)
        out = np.empty((m, n), dtype)
        assert xfblas.matmul(a, b, out, device=cards) is out
        np.testing.assert_array_equal(out, a @ b)
        counters[0].begin()
        with pytest.warns(RuntimeWarning, match="compute unit 0 of device 0"):
            found = counters[0].met(lambda: xfblas.matmul(a, b, device=cards))
        np.testing.assert_array_equal(found, a @ b)
        sent = cards.devices[2].compute_units[0].send(b)
        np.testing.assert_array_equal(xfblas.matmul(a, sent, device=cards), a @ b)
        for each in counters:
            each.begin()
        with (
            warnings.catch_warnings(action="ignore"),
            pytest.raises(errors.ExecutionError, match="all 3 compute units failed"),
        ):
            xfblas.matmul(a, b, device=cards)


@pytest.mark.parametrize("engine", ["Gemm", "Fcn"])
def test_products_too_small_to_share(generator, engine):
    a, b = (generator.integers(-9, 9, (30, 30)).astype(np.int16) for _ in "ab")
    with xfblas.open(engine=engine, devices=[0, 1]) as cards:
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=cards), a @ b)
        np.testing.assert_array_equal(xfblas.gemm(1, a, b, device=cards), a @ b)
    with pytest.raises(errors.NotInitializedError, match="closed"):
        xfblas.matmul(a, b, device=cards)


def test_products_in_tiles_along_k(generator, monkeypatch):
    """A unit that fails in the middle of a sum gives back the tile, and the next one it has."""
    a, b = (generator.integers(-9, 9, (300, 300)).astype(np.int16) for _ in "ab")
    with xfblas.open(engine="Gemm", devices=[0, 1]) as cards:
        fault = Fault(monkeypatch, cards.devices[0])
        fault.begin(after=1)
        monkeypatch.setattr(tiles, "tile_sizes", lambda *_: (64, 64, 64))
        with pytest.warns(RuntimeWarning, match="device 0"):
            found = fault.met(lambda: xfblas.matmul(a, b, device=cards, memory=2**20))
        np.testing.assert_array_equal(found, a @ b)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"devices": []}, "devices is [], expected a list of indices or BDFs"),
        ({"devices": 1}, "devices is 1, expected a list of indices or BDFs"),
        ({"devices": "0000:65:00.1"}, "devices is '0000:65:00.1', expected a list"),
        ({"devices": [0, 1, 0]}, "devices has 0 twice, expected each device once"),
        ({"device": [1, 1]}, "device has 1 twice, expected each device once"),
        ({"device": 1, "devices": [0]}, "device is 1 and devices [0], expected one of them"),
        ({"devices": [0, -1]}, "device is -1"),
        ({"devices": [0, 2.5]}, "device is 2.5"),
        ({"devices": [[0]]}, "devices has [0], expected indices or BDFs"),
    ],
)
def test_what_cannot_be_opened(arguments, message):
    with pytest.raises(errors.InvalidValueError) as caught:
        xfblas.open(**arguments)
    assert message in str(caught.value)


def test_devices_are_one_device():
    with xfblas.open(devices=[0, 1]) as cards:
        assert isinstance(cards, xfblas.Devices) and isinstance(cards, xfblas.Device)
        assert repr(cards).startswith("<xfblas.Devices 0, 1 Fcn int16 native, 4 compute units of")
        assert [unit.name for unit in cards.sharing_units] == [
            "compute unit 0 of device 0 (native)",
            "compute unit 0 of device 1 (native)",
        ]
        with pytest.raises(errors.NotSupportedError, match="compute_units is 1, expected None"):
            cards.execute_async(1)
        with (
            xfblas.open(engine="Gemm") as gemm,
            pytest.raises(errors.InvalidValueError, match="engine Fcn and Gemm"),
        ):
            xfblas.Devices([cards.devices[0], gemm])
        for wrong in (None, 3, [], [cards], "01"):
            with pytest.raises(errors.InvalidValueError, match="expected a list of Device"):
                xfblas.Devices(wrong)
        with pytest.raises(errors.InvalidValueError, match="expected each of them once"):
            xfblas.Devices([cards.devices[0], cards.devices[0]])
    assert cards.closed and all(each.closed for each in cards.devices)
    cards.close()


def test_parts_go_around(monkeypatch):
    """Parts wait for no slow unit, and a failing one's come before those that wait."""
    with xfblas.open(devices=[0, 1]) as cards:
        released, order = threading.Event(), []

        def compute(number, part):
            time.sleep(0.001)
            if number == 0:
                released.wait(10)
                raise errors.ExecutionError("it is gone")
            order.append(part)
            if part == 5:
                released.set()
            return part

        with pytest.warns(RuntimeWarning, match="it is gone"):
            found = share(cards.sharing_units, range(40), compute)
        assert found == [*range(40)]
        assert order.index(0) < 12, "before the rest of the line"
        work = SharedWork(cards.sharing_units, [])
        assert work.take(1) is None


def test_units_compute_at_the_same_time(cards):
    """Eight parts that wait 50 ms take two units four of them, where one unit takes eight."""
    begin = time.monotonic()
    share(cards.sharing_units, range(8), lambda number, part: time.sleep(0.05))
    assert time.monotonic() - begin < 0.35


def test_slices():
    for length, units, most in itertools.product((0, 1, 5, 1024, 5000, 8193), (1, 3, 4), (7, 1024)):
        found = even_slices(length, units, most)
        covered = [i for part in found for i in range(length)[part]]
        assert covered == [*range(length)]
        sizes = [part.stop - part.start for part in found]
        assert max(sizes, default=0) <= most
        if length >= units * 8:
            assert len(found) % units == 0 or len(found) > 8 * units


def test_one_native_device_keeps_to_one_unit(rows):
    """It uses all of this CPU."""
    with xfblas.open() as device:
        assert len(device.compute_units) == 2 and len(device.sharing_units) == 1
        with xfblas.compile(network(), rows, device=device) as model:
            (engine,) = model._engine._engines.values()
            assert isinstance(engine, NetworkEngine) and len(engine._chains) == 1
