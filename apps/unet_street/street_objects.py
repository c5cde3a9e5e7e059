"""What stands in a street: cars, persons, trees, poles and boxes, each drawn by a painter.

Each has a place on the ground, ``x`` and ``z`` in metres, and for its shadow ``height``.
"""

from dataclasses import dataclass

from painter import BACKGROUND, CAR, PERSON, Painter

GLASS, TYRE, SKIN = (52, 62, 74), (24, 24, 26), ((232, 190, 160), (190, 140, 105), (110, 75, 55))
PAINTS = (
    (196, 198, 202), (28, 29, 33), (92, 96, 102), (158, 26, 30), (26, 54, 120), (228, 228, 224),
    (30, 84, 62), (178, 148, 60), (120, 150, 184),
)  # fmt: skip


def box(x0, x1, y0, y1, z0, z1):
    """Corners of a box's faces: the one towards the camera, the two sides, and the top."""
    near = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)]
    left, right = ([(x, y0, z0), (x, y0, z1), (x, y1, z1), (x, y1, z0)] for x in (x0, x1))
    top = [(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)]
    return near, left, right, top


def shaded(colour, factor):
    """The colour in another light."""
    return tuple(min(float(value) * factor, 255.0) for value in colour)


@dataclass(frozen=True)
class Car:
    """A car that is seen from behind, from the front, or from its side where it crosses."""

    x: float
    z: float
    paint: tuple
    is_crossing: bool
    is_oncoming: bool
    height: float
    length: float

    width = 1.8

    @property
    def footprint(self):
        """Half of its extent in X, and its extent in Z."""
        return (self.length / 2, self.width) if self.is_crossing else (self.width / 2, self.length)

    @classmethod
    def draw_from(cls, rng, x, z, is_crossing=False, is_oncoming=False):
        paint = PAINTS[rng.integers(len(PAINTS))]
        tint = shaded(paint, rng.uniform(0.85, 1.15))
        height, length = rng.uniform(1.4, 1.9), rng.uniform(3.7, 4.8)
        return cls(x, z, tint, is_crossing, is_oncoming, height, length)

    def paint_by(self, painter: Painter):
        half, deep = self.footprint
        z0, z1, waist = self.z, self.z + deep, 0.55 * self.height
        self._wheels(painter, half, z0, z1)
        self._block(painter, self.x - half, self.x + half, 0.22, waist, z0, z1, self.paint)
        # The cabin is narrower than the body, and shorter.
        inset, back = (0.22 * self.length, 0.12) if self.is_crossing else (0.14, 0.22 * self.length)
        x0, x1, c0, c1 = self.x - half + inset, self.x + half - inset, z0 + back / 2, z1 - back
        self._block(painter, x0, x1, waist, self.height, c0, c1, self.paint)
        near, left, right, _ = box(
            x0 + 0.1, x1 - 0.1, waist + 0.04, self.height - 0.1, c0, max(c1 - 0.2, c0 + 0.1)
        )
        painter.polygon(near, GLASS, CAR)
        side = self._seen(left, right)
        if side is not None:
            offset = -0.1 if side is left else 0.1
            pane = [(x + offset, y, z) for x, y, z in side]
            painter.polygon(pane, shaded(GLASS, 0.8), CAR)
        if not self.is_crossing:
            self._lights(painter, half, z0, waist)
        else:
            pillar = box(self.x - 0.05, self.x + 0.05, waist, self.height - 0.1, c0, c1)[0]
            painter.polygon(pillar, shaded(self.paint, 0.9), CAR)

    def _block(self, painter, x0, x1, y0, y1, z0, z1, colour):
        near, left, right, top = box(x0, x1, y0, y1, z0, z1)
        if y1 < painter.camera.height:
            painter.polygon(top, shaded(colour, 1.15), CAR)
        side = self._seen(left, right)
        if side is not None:
            painter.polygon(side, shaded(colour, 0.7), CAR)
        painter.polygon(near, shaded(colour, 0.92), CAR)

    @staticmethod
    def _seen(left, right):
        """The side that the camera, at X = 0, sees."""
        if left[0][0] > 0:
            return left
        return right if right[0][0] < 0 else None

    def _wheels(self, painter, half, z0, z1):
        if self.is_crossing:
            for x in (self.x - 0.62 * half, self.x + 0.62 * half):
                painter.ellipse((x, 0.32, z0), (0.32, 0.32), TYRE, CAR)
                painter.ellipse((x, 0.32, z0 - 0.01), (0.17, 0.17), (120, 122, 126), CAR)
            return
        for x in (self.x - half, self.x + half - 0.25):
            for z in (z1 - 0.9, z0 + 0.25):
                for face in box(x, x + 0.25, 0.0, 0.5, z, z + 0.5)[:3]:
                    painter.polygon(face, TYRE, CAR)

    def _lights(self, painter, half, z0, waist):
        colour = (240, 240, 215) if self.is_oncoming else (190, 24, 20)
        for x0 in (self.x - half + 0.05, self.x + half - 0.4):
            painter.polygon(box(x0, x0 + 0.35, waist - 0.28, waist - 0.1, z0, z0)[0], colour, CAR)
        plate = box(self.x - 0.26, self.x + 0.26, 0.35, 0.48, z0, z0)[0]
        painter.polygon(plate, (215, 215, 200), CAR)
        bumper = box(self.x - half, self.x + half, 0.22, 0.33, z0, z0)[0]
        painter.polygon(bumper, shaded(self.paint, 0.45), CAR)


@dataclass(frozen=True)
class Person:
    """Somebody who stands or walks."""

    x: float
    z: float
    height: float
    build: float
    stride: float
    coat: tuple
    trousers: tuple
    skin: tuple
    has_bag: bool

    @property
    def footprint(self):
        return 0.2 * self.build, 0.3

    @classmethod
    def draw_from(cls, rng, x, z):
        coat, trousers = (tuple((rng.integers(20, 230, 3) * part).tolist()) for part in (1.0, 0.6))
        skin = SKIN[rng.integers(len(SKIN))]
        return cls(
            x, z, rng.uniform(1.5, 1.95), rng.uniform(0.95, 1.35), rng.uniform(-0.35, 0.35),
            coat, trousers, skin, bool(rng.random() < 0.3),
        )  # fmt: skip

    def paint_by(self, painter: Painter):
        tall, wide = self.height, 0.22 * self.build

        def limb(x0, y0, x1, y1, thick, colour):
            ends = [(x0 - thick, y0), (x0 + thick, y0), (x1 + thick, y1), (x1 - thick, y1)]
            painter.polygon([(self.x + x, tall * y, self.z) for x, y in ends], colour, PERSON)

        hip, swing = 0.5 * wide, self.stride * tall / 2
        for side, shade in ((-1, 0.85), (1, 1.0)):
            colour = shaded(self.trousers, shade)
            limb(side * hip, 0.5, side * (hip + swing * 0.6), 0.04, 0.09 * self.build, colour)
            foot = side * (hip + swing * 0.6)
            limb(foot + 0.03, 0.05, foot + 0.05, 0.0, 0.12 * self.build, TYRE)
        limb(0, 0.82, 0, 0.46, wide, self.coat)
        for side in (-1, 1):
            arm = side * (wide + 0.05)
            colour = shaded(self.coat, 0.8)
            limb(side * wide, 0.81, arm - side * self.stride * 0.4, 0.47, 0.065, colour)
        if self.has_bag:
            limb(wide + 0.1, 0.48, wide + 0.14, 0.3, 0.13, shaded(self.trousers, 0.7))
        head = (self.x, 0.915 * tall, self.z)
        painter.ellipse(head, (0.12, 0.075 * tall), shaded(self.coat, 0.3), PERSON)
        painter.ellipse((self.x, 0.9 * tall, self.z), (0.105, 0.06 * tall), self.skin, PERSON)


@dataclass(frozen=True)
class Tree:
    """A trunk and leaves; ``leaves`` are offsets and radii of ellipses, in metres."""

    x: float
    z: float
    height: float
    green: tuple
    leaves: tuple

    footprint = (0.9, 1.5)

    @classmethod
    def draw_from(cls, rng, x, z):
        height = rng.uniform(4.5, 8)
        leaves = rng.uniform((-1.3, -0.3, 0.6, 0.7), (1.3, 1.4, 1.4, 0.72), (7, 4))
        green = (rng.uniform(40, 110), rng.uniform(70, 130), rng.uniform(20, 60))
        return cls(x, z, height, green, tuple(map(tuple, leaves.tolist())))

    def paint_by(self, painter: Painter):
        trunk = box(self.x - 0.14, self.x + 0.14, 0, 0.7 * self.height, self.z, self.z)[0]
        painter.polygon(trunk, (72, 56, 42), BACKGROUND)
        for index, (x, y, radius, flat) in enumerate(self.leaves):
            center = (self.x + x, 0.68 * self.height + y, self.z)
            colour = shaded(self.green, 0.75 + 0.07 * index)
            painter.ellipse(center, (radius, radius * flat), colour, BACKGROUND)


@dataclass(frozen=True)
class Post:
    """A lamp, a sign, a bin or a box: a background thing of about a person's place and colours."""

    x: float
    z: float
    height: float
    width: float
    colour: tuple
    sign: tuple | None

    @property
    def footprint(self):
        return self.width / 2, self.width

    @classmethod
    def draw_from(cls, rng, x, z):
        colour = tuple(rng.integers(40, 190, 3).tolist())
        if rng.random() < 0.4:  # a bin or a box, as wide as a person
            return cls(x, z, rng.uniform(0.8, 1.5), rng.uniform(0.4, 0.9), colour, None)
        sign = tuple(rng.integers(60, 240, 3).tolist()) if rng.random() < 0.6 else None
        return cls(x, z, rng.uniform(2.3, 6), rng.uniform(0.09, 0.16), colour, sign)

    def paint_by(self, painter: Painter):
        half = self.width / 2
        faces = box(self.x - half, self.x + half, 0, self.height, self.z, self.z + self.width)
        side = faces[1] if self.x - half > 0 else faces[2]
        painter.polygon(side, shaded(self.colour, 0.65), BACKGROUND)
        painter.polygon(faces[0], self.colour, BACKGROUND)
        if self.sign is not None:
            center = (self.x, self.height - 0.3, self.z - 0.01)
            painter.ellipse(center, (0.33, 0.33), self.sign, BACKGROUND)
            painter.ellipse(center, (0.24, 0.24), (235, 235, 235), BACKGROUND)
