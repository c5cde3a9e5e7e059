"""Trains the narrow U-Net with Keras on generated scenes and saves it, without its optimizer.

python apps/unet_street/train_unet.py [--out model.keras] [--crops steps] [--frames steps]

First on crops of a quarter of a scene, then on whole ones. The model is saved every fifty steps;
--resume goes on from the file.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scenes import HEIGHT, WIDTH, scene
from unet import CLASSES, build_unet, preprocess

from xfblas.errors import XfblasError
from xfblas.scoring import score_masks
from xfblas.scoring.keras_backends import import_keras

MODEL = Path(__file__).parent / "models" / "unet_street.keras"
NARROW = 1 / 8
#: Scenes of this seed are for training, those of HELD_OUT never.
SEED, HELD_OUT = 1, 2
HELD_OUT_SCENES = 200
SAVED_EVERY = 50
#: Largest learning rates, on crops and on whole scenes.
PEAKS = (2e-3, 7e-4)
#: A pixel of these classes counts so much in the loss, for persons are few.
WEIGHTS = (2.5, 1.5, 1.0, 1.0)


def train(path, crop_steps: int, frame_steps: int, resume: bool = False, told=print) -> Path:
    """Trains the narrow network and keeps saving it.

    Args:
        path: of the ``.keras`` file; its folder is made if missing.
        crop_steps: steps of 8 crops of 128x256.
        frame_steps: steps of 2 whole scenes after these.
        resume: whether to start with the weights in the file.
        told: is called with a line every fifty steps.

    Raises:
        NotSupportedError: Keras or its backend is not installed.
    """
    keras, path = import_keras("training"), Path(path)
    keras.utils.set_random_seed(SEED)
    model = build_unet(width=NARROW)
    if resume:
        model.set_weights(keras.models.load_model(path, compile=False).get_weights())
    first_scene = 0
    for steps, height, width, peak in (
        (crop_steps, HEIGHT // 2, WIDTH // 2, PEAKS[0]), (frame_steps, HEIGHT, WIDTH, PEAKS[1]),
    ):  # fmt: skip
        if not steps:
            continue
        trained = build_unet(width=NARROW, height=height, image_width=width)
        trained.set_weights(model.get_weights())
        rate = keras.optimizers.schedules.CosineDecay(
            peak / 20, steps, alpha=0.02, warmup_target=peak, warmup_steps=min(100, steps // 4)
        )
        trained.compile(keras.optimizers.Adam(rate, clipnorm=1.0), dice_and_entropy(keras))
        losses, start = [], time.perf_counter()
        for step, batch in enumerate(_batches(steps, height, width, first_scene), 1):
            losses.append(float(trained.train_on_batch(*batch)))
            if step % SAVED_EVERY == 0 or step == steps:
                model.set_weights(trained.get_weights())
                _save(model, path)
                minutes = (time.perf_counter() - start) / 60
                told(
                    f"{height}x{width} step {step} of {steps}: loss "
                    f"{np.mean(losses[-SAVED_EVERY:]):.4f}, {minutes:.1f} minutes"
                )
        first_scene += 4 * steps
    return path


def dice_and_entropy(keras):
    """The loss: weighted cross entropy, and one minus the mean Dice of the batch's soft masks."""
    ops = keras.ops
    weights = np.float32(WEIGHTS)

    def loss(labels, logits):
        # Keras hands labels over as floats, which one_hot is not meant for.
        true = ops.one_hot(ops.cast(ops.squeeze(labels, -1), "int32"), len(CLASSES))
        spread = ops.log_softmax(logits)
        entropy = -ops.mean(ops.sum(true * spread * weights, axis=-1))
        predicted = ops.exp(spread)
        both = ops.sum(true * predicted, axis=(0, 1, 2))
        each = ops.sum(true, axis=(0, 1, 2)) + ops.sum(predicted, axis=(0, 1, 2))
        return entropy + 1 - ops.mean((2 * both + 1) / (each + 1))

    return loss


def _batches(steps, height, width, first):
    """Images and labels of each step, the next ones made while these are learned."""
    with ThreadPoolExecutor(1) as pool:
        jobs = [pool.submit(_batch, step, height, width, first) for step in range(min(2, steps))]
        for step in range(len(jobs), steps + len(jobs)):
            yield jobs.pop(0).result()
            if step < steps:
                jobs.append(pool.submit(_batch, step, height, width, first))


def _batch(step, height, width, first):
    """Crops of as many pixels as two scenes have, two from each scene, half of them mirrored."""
    rng = np.random.default_rng([SEED, first, step])
    count = 2 * (HEIGHT // height) * (WIDTH // width)
    per_scene = 1 if height == HEIGHT else 2
    images = np.empty((count, height, width, 3), np.float32)
    labels = np.empty((count, height, width, 1), np.int32)
    for index in range(count):
        if index % per_scene == 0:
            picture, mask = scene(SEED, first + step * (count // per_scene) + index // per_scene)
        top, left = rng.integers(HEIGHT - height + 1), rng.integers(WIDTH - width + 1)
        place = slice(top, top + height), slice(left, left + width)
        turn = rng.choice([-1, 1])
        images[index] = preprocess(picture[place][:, ::turn])
        labels[index, :, :, 0] = mask[place][:, ::turn]
    return images, labels


def _save(model, path):
    """Writes the model, which has no optimizer, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        model.save(Path(folder) / path.name)
        os.replace(Path(folder) / path.name, path)


def evaluate(path, count: int = HELD_OUT_SCENES):
    """The score of a model's file on held-out scenes, predicted by Keras."""
    model = import_keras("evaluating").models.load_model(path, compile=False)
    scores = None
    for index in range(count):
        picture, labels = scene(HELD_OUT, index)
        logits = model.predict_on_batch(preprocess(picture)[np.newaxis])
        score = score_masks(labels, np.asarray(logits)[0].argmax(-1), len(CLASSES))
        scores = score if scores is None else scores + score
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=MODEL, help="file to write; default: the one kept here")
    parser.add_argument("--crops", type=int, default=2200, help="steps on crops; default: 2200")
    parser.add_argument("--frames", type=int, default=1600, help="steps on scenes; default: 1600")
    parser.add_argument("--resume", action="store_true", help="go on from the file's weights")
    args = parser.parse_args()
    train(args.out, args.crops, args.frames, args.resume, lambda line: print(line, flush=True))
    score = evaluate(args.out)
    for name, dice, iou in zip(CLASSES, score.dice, score.iou, strict=True):
        print(f"{name:10} Dice {dice:.4f}, IoU {iou:.4f}")
    print(f"mean Dice {score.mean_dice:.4f}, mean IoU {score.mean_iou:.4f}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
