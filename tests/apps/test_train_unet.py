"""Training of the U-Net: what it sees, and that it saves, goes on and learns."""

import numpy as np
import pytest
import train_unet
from scenes import scene
from train_unet import SEED, train
from unet import preprocess


@pytest.mark.parametrize(("height", "width", "count"), [(128, 256, 8), (256, 512, 2)])
def test_batches(height, width, count):
    """Each example is a part of one of the seed's scenes or its mirror image, with its labels."""
    images, labels = train_unet._batch(3, height, width, 100)
    assert (images.shape, images.dtype) == ((count, height, width, 3), np.float32)
    assert (labels.shape, labels.dtype) == ((count, height, width, 1), np.int32)
    scenes_of_step = count if height == 256 else count // 2
    for index in range(count):
        number = 100 + 3 * scenes_of_step + index * scenes_of_step // count
        picture, mask = scene(SEED, number)
        places = [
            (top, left, turn)
            for turn in (1, -1)
            for top in range(257 - height)
            for left in range(513 - width)
            if np.array_equal(
                preprocess(picture[top, left : left + width][::turn]), images[index, 0]
            )
        ]
        assert len(places) == 1
        ((top, left, turn),) = places
        part = slice(top, top + height), slice(left, left + width)
        np.testing.assert_array_equal(preprocess(picture[part][:, ::turn]), images[index])
        np.testing.assert_array_equal(mask[part][:, ::turn], labels[index, :, :, 0])


def test_batches_of_one_training_differ():
    steps = [train_unet._batch(step, 128, 256, first) for step, first in ((0, 0), (1, 0), (0, 8))]
    assert len({images.tobytes() for images, _ in steps}) == 3


def test_order_of_batches():
    """As many as were asked for, in their order, though they are made beside the training."""
    found = list(train_unet._batches(3, 256, 512, 0))
    assert len(found) == 3
    for step, (images, _) in enumerate(found):
        np.testing.assert_array_equal(images, train_unet._batch(step, 256, 512, 0)[0])
    assert list(train_unet._batches(0, 256, 512, 0)) == []


@pytest.mark.exhaustive
def test_training(keras, tmp_path):
    """It saves as it goes, goes on from the file, and the loss falls."""
    told = []
    path = tmp_path / "models" / "m.keras"
    train(path, 2, 1, told=told.append)
    first = keras.models.load_model(path)
    assert first.count_params() == 405_236 and getattr(first, "optimizer", None) is None
    assert len(told) == 2 and told[0].startswith("128x256 step 2 of 2: loss ")
    train(path, 0, 20, resume=True, told=told.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in told]
    assert losses[-1] < losses[0]
    assert [entry.name for entry in path.parent.iterdir()] == ["m.keras"]
