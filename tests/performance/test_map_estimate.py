"""Estimates of networks over feature maps: frames per second, and what bounds a step."""

import dataclasses
import json

import numpy as np
import pytest
from street_unet import street_unet

from xfblas.cli import main
from xfblas.errors import InvalidValueError
from xfblas.image.boards import read_board
from xfblas.performance.map_estimate import estimate_maps
from xfblas.quantization.map_steps import ConvolutionStep


def test_the_network_is_the_one_of_the_street_scenes():
    network = street_unet()
    convolutions = [step for step in network.steps if isinstance(step, ConvolutionStep)]
    parameters = sum(step.weights.size + step.bias.size for step in convolutions)
    frame = estimate_maps(read_board("u250"), network)
    assert (len(convolutions), parameters) == (26, 25_856_900)
    macs = {
        step.name: step.weights.size * step.walk.output[0] * step.walk.output[1]
        for step in convolutions
    }
    assert sum(macs.values()) == pytest.approx(113.406e9, abs=1e6)
    # Four phases of an upsampled map take 1, 2, 2 and 4 products for the 16 of the whole.
    up = sum(macs[step.name] for step in convolutions if step.walk.upsampling == (2, 2))
    assert up > 14e9 and frame.macs == sum(macs.values()) - up * 7 // 16


def test_frames_per_second_of_a_u250():
    """Eight at least in int8; a unit alone has a quarter."""
    board = read_board("u250")
    frame = estimate_maps(board, street_unet())
    print(frame.to_text())
    assert frame.units == 4 and frame.frames_per_second >= 8
    alone = estimate_maps(board, street_unet(), units=1)
    assert alone.frames_per_second == pytest.approx(frame.frames_per_second / 4)
    wide = estimate_maps(board, street_unet(np.int16))
    # An SLR holds as many multipliers of int16, whose words hold half as many elements; arrays of
    # bytes have more columns, of which layers of 64 channels and less leave some without work.
    assert 0.8 < wide.frames_per_second / frame.frames_per_second < 1.1
    assert (
        "16 compute" not in frame.to_text() and "frames/s with 4 compute units" in frame.to_text()
    )


@pytest.mark.parametrize("board", ["u200", "u250", "u50", "u55c", "kv260"])
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_no_step_is_faster_than_the_array(board, dtype):
    frame = estimate_maps(read_board(board), street_unet(dtype))
    assert all(0 <= step.efficiency <= 1 for step in frame.steps)
    assert all(step.cycles > 0 for step in frame.steps)
    assert frame.seconds > sum(step.seconds for step in frame.steps)


def test_what_bounds_a_step():
    """Many products, or few of them for the words that are read and written."""
    steps = {step.name: step for step in estimate_maps(read_board("u250"), street_unet()).steps}
    assert steps["encoder 3 1"].bound == "array" and steps["encoder 3 1"].efficiency > 0.95
    assert steps["pool 0"].bound == "reads"
    assert steps["pool 0"].macs == 0


def test_impossible_steps_and_units_are_refused():
    board, network = read_board("u250"), street_unet()
    with pytest.raises(InvalidValueError, match="units is 5, expected 1 to 4"):
        estimate_maps(board, network, units=5)
    step = network.steps[0]
    broken = dataclasses.replace(step, walk=dataclasses.replace(step.walk, stride=(0, 1)))
    with pytest.raises(InvalidValueError, match="step 'encoder 0 0': the fields of the map"):
        estimate_maps(board, dataclasses.replace(network, steps=(broken,)))
    estimate_maps(board, network)


def test_the_command_estimates_a_model_with_convolutions(tmp_path, capsys, keras):
    """Frame by frame, every layer of the model, and what is not on the engine."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 12, 3)),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="seen"),
            layers.MaxPooling2D(name="pooled"),
            layers.Flatten(),
            layers.Dense(5, activation="softmax", name="classes"),
        ]
    )
    path = tmp_path / "model.keras"
    model.save(path)
    assert main(["estimate", "--model", str(path), "--dtype", "int8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (frame,) = told["frames"]
    # The classes' logits have two columns each, since these cost little.
    expected = [8 * 12 * 27 * 16, 0, 2 * 4 * 6 * 16 * 5]
    assert [step["macs"] for step in frame["steps"]] == expected
    assert [step["kind"] for step in frame["steps"]] == ["convolution", "max", "convolution"]
    assert main(["estimate", "--model", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "seen" in printed and "frames/s" in printed and "softmax" in printed
    assert main(["estimate", "--model", str(path), "-m", "3"]) == 2
    assert "-m is 3, but a model with convolutions is estimated frame by frame" in (
        capsys.readouterr().err
    )
