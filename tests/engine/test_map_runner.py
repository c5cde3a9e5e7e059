"""Networks over feature maps in one call: the oracle's integers, and floats from them."""

import map_networks
import numpy as np
import pytest

import xfblas
from xfblas.errors import DtypeError, InvalidValueError, NotFoundError
from xfblas.program.map_plan import plan_maps
from xfblas.program.map_runner import MapRunner


@pytest.fixture(params=[np.int16, np.int8])
def unit(request):
    with xfblas.open(engine="Fcn", dtype=request.param) as device:
        yield device.compute_units[0]


def frames(generator, network, count):
    stored = network.map(network.input)
    shape = (count, stored.height, stored.width, stored.channels)
    return generator.normal(size=shape).astype(np.float32)


def test_every_step_is_the_oracles(unit, generator):
    network = map_networks.little_unet(unit.device.dtype)
    x = frames(generator, network, 3)
    runner = MapRunner(unit, network, frames=2)
    found, expected = runner.trace(x), map_networks.traced(network, x)
    assert list(found) == [step.name for step in network.steps]
    for name, elements in expected.items():
        assert len(np.unique(elements)) > 10, f"{name} tells nothing"
        np.testing.assert_array_equal(found[name], elements, name)


@pytest.mark.parametrize("capacity", [1, 2, 5, None])
def test_predictions_take_any_number_of_frames(unit, generator, capacity):
    network = map_networks.little_unet(unit.device.dtype)
    runner = MapRunner(unit, network, frames=capacity)
    for count in (5, 1, 0, 2):
        x = frames(generator, network, count)
        found = runner.predict(x)
        assert found.dtype == np.float32 and found.shape == (count, 16, 24, 4)
        if count:
            np.testing.assert_allclose(found, map_networks.outputs(network, x), atol=1e-6)
        np.testing.assert_array_equal(runner.predict(np.asfortranarray(x)), found)


def test_maps_take_the_place_of_others(unit):
    network = map_networks.little_unet(unit.device.dtype)
    plan, whole = plan_maps(network), plan_maps(network, reuse=False)
    assert plan.largest_live_bytes <= plan.total_bytes < whole.total_bytes
    assert plan.total_bytes < 1.2 * plan.largest_live_bytes
    assert plan.weights_bytes == sum(
        step.weights.nbytes for step in network.steps if step.weights is not None
    )
    pixels = 16 * 24 * unit.device.dtype.itemsize
    # While the last level is written: both halves of the joined map, and the result.
    assert plan.largest_live_bytes == pixels * (16 + 8)
    assert plan_maps(network, 3).total_bytes == 3 * plan.total_bytes


def test_what_cannot_run(unit, generator):
    network = map_networks.little_unet(unit.device.dtype)
    other = np.int8 if unit.device.dtype == np.int16 else np.int16
    with pytest.raises(DtypeError, match="the network's weights are"):
        MapRunner(unit, map_networks.little_unet(other))
    with pytest.raises(InvalidValueError, match="frames is 0, expected 1 to 65535"):
        MapRunner(unit, network, frames=0)
    runner = MapRunner(unit, network, frames=2)
    x = frames(generator, network, 3)
    expected = runner.predict(x)
    with pytest.raises(InvalidValueError, match=r"x has shape .*, expected \(frames, 16, 24, 3\)"):
        runner.predict(x[:, :, :, :2])
    with pytest.raises(InvalidValueError, match="x has 3 dimensions"):
        runner.predict(x[0])
    wrong = x.copy()
    wrong[2, 3, 4, 1] = np.nan
    with pytest.raises(InvalidValueError, match="x has nan at frame 2, row 3, column 4, channel"):
        runner.predict(wrong)
    np.testing.assert_array_equal(runner.predict(x), expected)
    runner.close()
    runner.close()
    with pytest.raises(NotFoundError):
        runner.predict(x)
