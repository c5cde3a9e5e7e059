"""The U-Net as published: its convolutions, multiplications and parameters, and its kin."""

import numpy as np
import pytest
from unet import VARIANTS, build_unet, convolutions, multiplications, preprocess

from xfblas.errors import InvalidValueError

#: Parameters and multiplications of each variant at full width.
FACTS = {
    "upsampling": (25_856_900, 113_405_591_552),
    "transposed": (25_856_900, 102_131_302_400),
    "separable": (3_189_060, 15_914_500_096),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_figures(keras, variant):
    model = build_unet(variant)
    assert len(convolutions(model)) == 26
    assert (model.count_params(), multiplications(model)) == FACTS[variant]
    assert model.output_shape == (None, 256, 512, 4)


def test_encoder_and_decoder(keras):
    """Sizes on the way: halved four times, doubled four times, beside the map of that size."""
    model = build_unet(width=1 / 8)
    pools = [layer for layer in model.layers if layer.name.endswith("pool")]
    assert [pool.output.shape[1:] for pool in pools] == [
        (128, 256, 8), (64, 128, 16), (32, 64, 32), (16, 32, 64),
    ]  # fmt: skip
    skips = [model.get_layer(f"up{stage}_skip") for stage in (1, 2, 3, 4)]
    assert [skip.output.shape[1:] for skip in skips] == [
        (32, 64, 128), (64, 128, 64), (128, 256, 32), (256, 512, 16),
    ]  # fmt: skip
    assert [skip.input[0].name.split("_")[0] for skip in skips] == [
        model.get_layer(f"block{stage}_conv{last}").output.name.split("_")[0]
        for stage, last in ((4, 3), (3, 3), (2, 2), (1, 2))
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_width_and_size(keras, variant):
    """A narrow network has the same layers, and runs on pictures of any multiple of 16."""
    model = build_unet(variant, 1 / 32, 32, 48)
    assert len(convolutions(model)) == 26
    found = model.predict(np.zeros((2, 32, 48, 3), np.float32), verbose=0)
    assert found.shape == (2, 32, 48, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "unet"}, "variant 'unet' is unknown, expected one of"),
        ({"width": 0}, "width is 0, expected a factor"),
        ({"width": -1}, "width is -1, expected a factor"),
        ({"width": 1 / 128}, "width is 0.0078125, expected a factor"),
        ({"height": 250}, "height is 250, expected a multiple of 16"),
        ({"height": 0}, "height is 0, expected a multiple of 16"),
        ({"image_width": 8}, "image_width is 8, expected a multiple of 16"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(InvalidValueError, match=message):
        build_unet(**arguments)


def test_preprocessing():
    found = preprocess(np.array([0, 51, 255], np.uint8))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32([-1, 51 / 127.5 - 1, 1]))
