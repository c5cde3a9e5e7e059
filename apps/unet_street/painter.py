"""A pinhole camera over a street, and the two pictures that it fills: colours and labels."""

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

PERSON, CAR, ROAD, BACKGROUND = range(4)


@dataclass(frozen=True)
class Camera:
    """Looks along Z, metres ahead; X is to the right of it and Y above the ground.

    Attributes:
        height: of the camera above the ground, in metres.
        focal: focal length in pixels.
        column, row: pixel of the vanishing point, so ``row`` is the horizon.
    """

    height: float
    focal: float
    column: float
    row: float

    def project(self, x, y, z):
        """Pixel column and row of a point; arrays broadcast."""
        return self.column + self.focal * x / z, self.row + self.focal * (self.height - y) / z


class Painter:
    """Draws what stands nearer over what stands farther, in both pictures at once.

    Attributes:
        camera: of the pictures.
        colours: RGB picture.
        labels: picture of labels 0..3.
        haze: colour that far things take.
        visibility: metres until two thirds of a thing's colour are haze.
    """

    def __init__(self, camera: Camera, size, haze, visibility: float):
        self.camera = camera
        self.haze, self.visibility = tuple(map(float, haze)), visibility
        self.labels = Image.new("L", size, BACKGROUND)
        self.show(Image.new("RGB", size, tuple(map(int, self.haze))))
        self._labels = ImageDraw.Draw(self.labels)

    def show(self, colours):
        """Goes on with this picture of colours."""
        self.colours = colours
        self._colours = ImageDraw.Draw(colours)

    def faded(self, colour, depth: float) -> tuple[int, ...]:
        """The colour of a thing at this depth, with the haze before it."""
        share = math.exp(-depth / self.visibility)
        mixed = (
            share * own + (1 - share) * far for own, far in zip(colour, self.haze, strict=True)
        )
        return tuple(min(max(int(value), 0), 255) for value in mixed)

    def polygon(self, points, colour, label: int | None = None):
        """Fills a polygon.

        Args:
            points: X, Y and Z of each corner, in metres.
            colour: RGB before haze.
            label: what its pixels are, None to leave their label.
        """
        corners = [self.camera.project(*point) for point in points]
        depth = sum(point[2] for point in points) / len(points)
        self._colours.polygon(corners, self.faded(colour, depth))
        if label is not None:
            self._labels.polygon(corners, label)

    def ellipse(self, center, radii, colour, label: int | None = None):
        """Fills an upright ellipse that faces the camera.

        Args:
            center: X, Y and Z in metres.
            radii: half of its width and height in metres.
            colour, label: as of a polygon.
        """
        x, y, z = center
        left, top = self.camera.project(x - radii[0], y + radii[1], z)
        right, bottom = self.camera.project(x + radii[0], y - radii[1], z)
        box = [left, top, right, bottom]
        self._colours.ellipse(box, self.faded(colour, z))
        if label is not None:
            self._labels.ellipse(box, label)
