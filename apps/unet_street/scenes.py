"""Street scenes out of a seed: 256x512 RGB pictures and their labels, made with numpy and Pillow.

python apps/unet_street/scenes.py --count 4 --seed 0 --out folder
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
from painter import BACKGROUND, ROAD, Camera, Painter
from PIL import Image, ImageDraw, ImageFilter
from street_objects import Car, Person, Post, Tree, box, shaded

from xfblas.errors import XfblasError

HEIGHT, WIDTH = 256, 512
#: In metres: nothing is seen of the ground before the one, nor of houses behind the other.
NEAR, FAR = 3.0, 90.0
PAVEMENT = 3.5


def scenes(count: int, seed: int = 0):
    """Scenes of one seed; the first n of them are the same for every count.

    Args:
        count: how many.
        seed: 0 or more. Scenes of different seeds are different.

    Returns:
        (count, 256, 512, 3) uint8 RGB and (count, 256, 512) uint8 labels: 0 person, 1 car, 2 road
        and 3 background.
    """
    images = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    labels = np.empty((count, HEIGHT, WIDTH), np.uint8)
    for index in range(count):
        images[index], labels[index] = scene(seed, index)
    return images, labels


def scene(seed: int, index: int = 0):
    """One picture (256, 512, 3) and its labels (256, 512), both uint8."""
    rng = np.random.default_rng([seed, index])
    camera = Camera(
        rng.uniform(1.3, 1.8), rng.uniform(300, 380), WIDTH / 2 + rng.normal(0, 35),
        rng.uniform(88, 118),
    )  # fmt: skip
    haze = np.array([176, 190, 206]) * rng.uniform(0.7, 1.15) + rng.normal(0, 10, 3)
    painter = Painter(camera, (WIDTH, HEIGHT), haze.clip(0, 255), rng.uniform(60, 220))
    half_road = rng.uniform(3.2, 6.5)
    sun = rng.uniform(-1.6, 1.6), rng.uniform(-0.6, 0.8)
    _sky(painter, rng)
    _ground(painter, rng, half_road)
    objects = sorted(_objects(rng, half_road), key=lambda thing: -thing.z)
    _light_ground(painter, rng, objects, sun, half_road)
    for side in (-1, 1):  # no house hides what stands on the ground, which is nearer to the middle
        _houses(painter, rng, side * (half_road + PAVEMENT), side)
    for thing in objects:
        thing.paint_by(painter)
    return _photograph(painter.colours, rng), np.asarray(painter.labels)


def _sky(painter, rng):
    clouds = _noise(rng, 6, 3)[..., np.newaxis]
    top = np.array([90, 130, 190]) * rng.uniform(0.5, 1.2)
    share = np.linspace(1, 0, HEIGHT, dtype=np.float32)[:, np.newaxis, np.newaxis] ** 2
    colours = np.float32(painter.haze) + share * np.float32(top - painter.haze) + 40 * clouds
    painter.show(Image.fromarray(colours.clip(0, 255).astype(np.uint8)))


def _houses(painter, rng, x, side):
    """A row of houses, the far ones first; now and then there is a gap for a side street."""
    edges = [FAR]
    while edges[-1] > NEAR:
        edges.append(edges[-1] - rng.uniform(7, 16))
    for far, near in itertools.pairwise(edges):
        near = max(near, 1.0)
        if rng.random() < 0.18 or far - near < 1:
            continue
        wall = rng.uniform(70, 200) * np.array([1, rng.uniform(0.8, 1), rng.uniform(0.6, 1)])
        height, setback = rng.uniform(6, 18), x + side * rng.uniform(0, 1.5)
        outer = setback + side * 10
        front = box(min(setback, outer), max(setback, outer), 0, height, near, far)
        painter.polygon(front[0], shaded(wall, 0.8), BACKGROUND)
        painter.polygon(front[1 if side > 0 else 2], wall, BACKGROUND)
        glass = shaded((70, 84, 100), rng.uniform(0.5, 1.6))
        stride, tall = rng.uniform(2.2, 3.6), rng.uniform(1.2, 1.8)
        for z in np.arange(near + 0.8, far - 1.2, stride):
            for y in np.arange(0.9, height - tall, 3.0):
                window = box(setback, setback, y, y + tall, z, z + stride * 0.5)[1]
                shade = shaded(glass, 0.8 + 0.4 * rng.random())
                painter.polygon(window, shade, BACKGROUND)


def _ground(painter, rng, half_road):
    """Pavements and the road with its markings, which are road."""
    pavement, asphalt = rng.uniform(110, 175), rng.uniform(60, 110)

    def strip(x0, x1, colour, label, z0=1.5, z1=400.0):
        painter.polygon([(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1)], colour, label)

    # Haze is of the mean depth, which for a strip up to the horizon would be far too much.
    haze, painter.visibility = painter.visibility, np.inf
    tint = rng.normal(0, 5, 3)
    strip(-60, 60, np.array([pavement] * 3) + tint, BACKGROUND)
    strip(-half_road - 0.15, half_road + 0.15, np.array([pavement * 1.15] * 3), BACKGROUND)
    strip(-half_road, half_road, np.array([asphalt] * 3) + rng.normal(0, 4, 3), ROAD)
    paint = [rng.uniform(170, 235)] * 3
    if rng.random() < 0.8:
        for z in np.arange(rng.uniform(2, 5), 60, 6.0):
            strip(-0.08, 0.08, paint, ROAD, z, z + 3)
    if rng.random() < 0.5:
        for x in (-half_road + 0.35, half_road - 0.35):
            strip(x - 0.06, x + 0.06, paint, ROAD)
    if rng.random() < 0.35:
        z = rng.uniform(6, 20)
        for x in np.arange(-half_road + 0.4, half_road - 0.4, 1.0):
            strip(x, x + 0.5, paint, ROAD, z, z + 3)
    painter.visibility = haze


def _objects(rng, half_road) -> list:
    """Everything that stands on the ground, drawn at random where it belongs."""
    found: list = []

    def place(make, x, z, **kind):
        thing = make(rng, x, z, **kind)
        # Things may hide one another, yet not stand in one another.
        if not any(_touch(thing, other) for other in found):
            found.append(thing)

    for _ in range(rng.integers(1, 6)):
        side = rng.choice([-1, 1])
        z = rng.uniform(5, 45)
        place(Car.draw_from, side * half_road * rng.uniform(0.3, 0.55), z, is_oncoming=side < 0)
    for side in (-1, 1):
        if rng.random() < 0.6:  # a row of parked cars, with gaps
            for z in np.arange(rng.uniform(4, 12), rng.uniform(15, 50), 5.6):
                if rng.random() < 0.7:
                    x = side * (half_road - 1.0 + rng.normal(0, 0.1))
                    place(Car.draw_from, x, z, is_oncoming=bool(rng.random() < 0.2))
    if rng.random() < 0.25:
        place(Car.draw_from, rng.uniform(-4, 4), rng.uniform(9, 25), is_crossing=True)
    for _ in range(rng.integers(3, 11)):
        z = rng.uniform(4.5, 26)
        x = rng.choice([-1, 1]) * (half_road + rng.uniform(0.3, PAVEMENT - 0.3))
        place(Person.draw_from, rng.uniform(-half_road, half_road) if rng.random() < 0.3 else x, z)
    for kind, count in ((Tree, 5), (Post, 7)):
        for _ in range(rng.integers(0, count + 1)):
            x = rng.choice([-1, 1]) * (half_road + rng.uniform(0.4, PAVEMENT))
            place(kind.draw_from, x, rng.uniform(5, 50))
    return found


def _touch(one, other) -> bool:
    """Whether footprints overlap."""
    (half, deep), (other_half, other_deep) = one.footprint, other.footprint
    return abs(one.x - other.x) <= half + other_half and (
        one.z - other_deep < other.z < one.z + deep
    )


def _light_ground(painter, rng, objects, sun, half_road):
    """Gives the ground its grain, in perspective, and the shadows of things and houses."""
    camera = painter.camera
    first = int(np.ceil(camera.row)) + 1
    rows = np.arange(first, HEIGHT, dtype=np.float32)[:, np.newaxis]
    depth = np.float32(camera.focal * camera.height) / (rows - np.float32(camera.row))
    across = (np.arange(WIDTH, dtype=np.float32) - np.float32(camera.column)) * depth
    across /= np.float32(camera.focal)
    # A tile of 256x256 texels, 25 to the metre; far texels are mixed away, as a lens does.
    tile = rng.standard_normal((256, 256), np.float32)
    coarse = np.asarray(
        Image.fromarray(tile[:32, :32]).resize((256, 256), Image.Resampling.BICUBIC)
    )
    texel = (depth * 25).astype(np.int32) & 255, (across * 25).astype(np.int32) & 255
    grain = tile[texel] * np.minimum(1, 6 / depth) + np.float32(1.5) * coarse[texel]
    grain *= np.float32(rng.uniform(0.02, 0.07))
    shadow = Image.new("L", (WIDTH, HEIGHT), 0)
    draw = ImageDraw.Draw(shadow)
    for thing in objects:
        _cast(draw, camera, thing, sun)
    if rng.random() < 0.5:  # of the houses on one side, across a part of the road
        side, z = rng.choice([-1, 1]), 1.5
        while z < FAR:
            far, reach = z + rng.uniform(6, 16), rng.uniform(0.0, 1.3)
            edge = side * (half_road + PAVEMENT) - side * reach * half_road
            corners = [(edge, z), (edge, far), (side * 40, far), (side * 40, z)]
            draw.polygon([camera.project(x, 0, z) for x, z in corners], 255)
            z = far
    softness = rng.uniform(0.3, 0.65) if rng.random() < 0.8 else 0.1
    shadow = np.asarray(shadow.filter(ImageFilter.BoxBlur(1.5)))[first:] / np.float32(255)
    colours = np.array(painter.colours)
    share = np.exp(-depth / np.float32(painter.visibility))[..., np.newaxis]
    light = (1 + grain) * (1 - np.float32(softness) * shadow)
    ground = colours[first:] * (light[..., np.newaxis] * share)
    ground += np.float32(painter.haze) * (1 - share)
    colours[first:] = ground.clip(0, 255)
    painter.show(Image.fromarray(colours))


def _cast(draw, camera, thing, sun):
    """A thing's shadow: the ground that its footprint sweeps on the way to where its top falls."""
    half, deep = thing.footprint
    tall = min(thing.height, 4.0)
    corners = (-half, 0), (half, 0), (half, deep), (-half, deep)
    for step in range(9):
        x, z = thing.x + sun[0] * tall * step / 8, thing.z + sun[1] * tall * step / 8
        swept = [(x + across, max(z + ahead, NEAR / 2)) for across, ahead in corners]
        draw.polygon([camera.project(right, 0, ahead) for right, ahead in swept], 255)


def _noise(rng, cells: int, octaves: int):
    """Smooth noise of the picture's size, about -1..1: random grids, each twice as fine."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        shape = cells << octave, 2 * cells << octave
        grid = Image.fromarray(rng.uniform(-1, 1, shape).astype(np.float32))
        total += np.asarray(grid.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)) / 2**octave
    return total / 2


def _photograph(colours, rng):
    """What a camera makes of it: uneven surfaces, a lens, exposure, and a sensor's noise."""
    colours = colours.filter(ImageFilter.BoxBlur(rng.uniform(0.2, 0.8)))
    light = np.array(colours, np.float32)
    rows = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, np.newaxis]
    columns = np.linspace(-1, 1, WIDTH, dtype=np.float32)
    corners = 1 - np.float32(rng.uniform(0, 0.15)) * (rows**2 + columns**2)
    surfaces = 1 + np.float32(rng.uniform(0.02, 0.08)) * _noise(rng, 16, 3)
    balance = rng.uniform(0.75, 1.2) * (1 + rng.normal(0, 0.05, 3))
    light *= (corners * surfaces)[..., np.newaxis]
    light *= balance.astype(np.float32)
    # Photons' noise grows with the root of the light, the sensor's own does not.
    deviation = np.sqrt(light)
    deviation *= np.float32(rng.uniform(0.1, 0.7))
    deviation += np.float32(rng.uniform(0.3, 2.5))
    deviation *= rng.standard_normal(light.shape, np.float32)
    light += deviation
    return light.clip(0, 255).astype(np.uint8)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4, help="scenes; default: 4")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--out", default=Path(__file__).parent / "data", help="folder to write to")
    args = parser.parse_args()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    for index, (image, labels) in enumerate(zip(*scenes(args.count, args.seed), strict=True)):
        Image.fromarray(image).save(folder / f"scene_{index:03d}.png")
        Image.fromarray(labels).save(folder / f"scene_{index:03d}_labels.png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
