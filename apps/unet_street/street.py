"""A U-Net on the engine: street scenes in, masks, scores, frames per second and a timeline out.

With no options it takes generated scenes and the narrow model that was trained on others.
"""

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cityscapes import cityscapes
from scenes import scenes
from train_unet import HELD_OUT, MODEL, SEED
from unet import CLASSES, multiplications, preprocess

import xfblas
from xfblas.errors import InvalidValueError, XfblasError
from xfblas.notices import shown_notices
from xfblas.reporting.masks import write_mask_picture
from xfblas.scoring.keras_backends import import_keras
from xfblas.timeline import HOST, write_page, write_trace

HERE = Path(__file__).parent
#: Frames that are predicted at once.
BATCH = 4
#: Frames of the picture.
SHOWN = 4


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL, help="Keras file; default: the one kept here")
    parser.add_argument("--frames", type=int, default=40, help="how many to predict; default: 40")
    parser.add_argument(
        "--calibration-frames", type=int, default=20, help="how many to calibrate; default: 20"
    )
    parser.add_argument("--bits", type=int, default=8, choices=(8, 16), help="default: 8")
    parser.add_argument(
        "--cityscapes", metavar="FOLDER", help="take its scenes, not generated ones"
    )
    parser.add_argument("--split", default="val", help="of Cityscapes; default: val")
    parser.add_argument("--skip-bad", action="store_true", help="leave out pictures that are bad")
    parser.add_argument("--out", default=HERE / "data", help="folder of the results")
    args = parser.parse_args(arguments)
    for name in ("frames", "calibration_frames"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(args, name)}, expected 1 or more")
    return args


def scenes_of(args):
    """Images and labels to predict, and images to calibrate with, which are others."""
    count, more = args.frames, args.calibration_frames
    if not args.cityscapes:
        return (*scenes(count, HELD_OUT), scenes(more, SEED)[0])
    found = list(cityscapes(args.cityscapes, args.split, count + more, args.skip_bad))
    if len(found) < 2:
        raise InvalidValueError(
            f"{args.cityscapes} has {len(found)} picture of {args.split}, expected 2 or more: some "
            "to calibrate with, and others to predict"
        )
    # A small folder is shared in the same proportion.
    more = max(1, min(more, len(found) * more // (count + more)))
    images, labels = (np.stack(arrays) for arrays in zip(*found, strict=True))
    return images[more:], labels[more:], images[:more]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Masks of a model, and what they took.

    Attributes:
        masks: (n, 256, 512) uint8.
        seconds: of all frames, from images to masks.
    """

    masks: np.ndarray
    seconds: float

    @property
    def rate(self) -> float:
        """Frames per second."""
        return len(self.masks) / self.seconds


def predict(call, images) -> Prediction:
    """Masks by a function of a batch, in batches; a first one is not counted."""
    call(preprocess(images[:BATCH]))
    masks = np.empty(images.shape[:3], np.uint8)
    start = time.perf_counter()
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH]
        masks[first : first + BATCH] = np.asarray(call(preprocess(batch))).argmax(-1)
    return Prediction(masks, time.perf_counter() - start)


def print_scores(labels, found: dict[str, Prediction]):
    """Dice and IoU of every class and way, and where the ways differ."""
    scores = {way: xfblas.score_masks(labels, p.masks, len(CLASSES)) for way, p in found.items()}
    print(f"{'':24}" + "".join(f"{way:>12}" for way in scores))
    for index, name in enumerate(CLASSES):
        for kind in ("dice", "iou"):
            values = "".join(f"{getattr(score, kind)[index]:12.4f}" for score in scores.values())
            print(f"{f'{name} {kind}':24}{values}")
    for title, kind in (("mean Dice", "mean_dice"), ("mean IoU", "mean_iou")):
        print(f"{title:24}" + "".join(f"{getattr(score, kind):12.4f}" for score in scores.values()))
    counts = ("true_positives", "false_positives", "false_negatives")
    for way, score in scores.items():
        told = (getattr(score, count).tolist() for count in counts)
        print(f"{way}: TP {next(told)}, FP {next(told)}, FN {next(told)}")
    return scores


def main(arguments=None) -> int:
    args = parse_arguments(arguments)
    if not Path(args.model).is_file():
        raise InvalidValueError(f"--model is {args.model}, and there is no such file")
    keras = import_keras("the float model")
    images, labels, calibration = scenes_of(args)
    reference = keras.models.load_model(args.model, compile=False)
    macs = multiplications(reference)
    found = {"float": predict(reference.predict_on_batch, images)}
    start = time.perf_counter()
    compiled = xfblas.compile(args.model, calibration=preprocess(calibration), bits=args.bits)
    with compiled:
        engine = f"int{args.bits}"
        print(f"model     {Path(args.model).name}, {reference.count_params():,} parameters")
        print(f"work      {macs / 1e9:.3f} GMAC a frame, {2 * macs / 1e9:.3f} GOP")
        print(f"engine    {engine} on {compiled.device.target}", end=", ")
        print(f"calibrated with {len(calibration)} frames in {time.perf_counter() - start:.1f} s")
        found[engine] = predict(lambda batch: compiled.predict(batch, verbose=0), images)
        _, timeline = compiled.timeline(preprocess(images[:BATCH]))
    scores = print_scores(labels, found)
    both = xfblas.score_masks(found["float"].masks, found[engine].masks, len(CLASSES))
    lost = scores["float"].mean_dice - scores[engine].mean_dice
    print(f"pixels    {both.pixel_agreement:.4%} as float, Dice lost {lost:.4f}")
    for way, prediction in found.items():
        print(f"speed     {way}: {prediction.rate:.2f} frames/s from images to masks", end="")
        print(f", {prediction.rate * macs / 1e9:.1f} GMAC/s")
    device = max((timeline.busy(track) for track in timeline.tracks if track != HOST), default=0.0)
    if device:
        rate = min(BATCH, len(images)) / device * 1e6
        print(f"speed     {engine}: {rate:.2f} frames/s on the device")
    print(f"memory    {peak_memory() / 2**20:.0f} MiB at most, of this process with Keras")
    return write_results(args, images, labels, found, timeline)


def write_results(args, images, labels, found, timeline) -> int:
    """The picture of masks, the trace and its page."""
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    shown = slice(0, SHOWN)
    masks = {"true labels": labels} | {way: prediction.masks for way, prediction in found.items()}
    picture = folder / "batch_results.png"
    write_mask_picture(
        picture, images[shown], {way: mask[shown] for way, mask in masks.items()}, CLASSES
    )
    write_trace(folder / "trace.json", timeline)
    write_page(folder / "trace.html", timeline)
    print(f"wrote     {picture}, {folder / 'trace.json'}, {folder / 'trace.html'}")
    return 0


def peak_memory() -> int:
    """The most bytes that this process had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    try:
        with shown_notices(Path(__file__).name):
            sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
