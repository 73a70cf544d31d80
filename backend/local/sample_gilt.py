"""The gilt tooling of a book's cover: frames, corner flowers, a wreath and the title, as a mask."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from local.sample_noise import Field

_OVERSAMPLING: Final = 2
#: Capitals as strokes on a unit square, y downwards: (x0, y0, x1, y1, weight); thick stems, thin hairlines.
_THICK, _THIN = 0.15, 0.06
_LETTERS: Final[dict[str, list[tuple[float, float, float, float, float]]]] = {
    "H": [(0.18, 0, 0.18, 1, _THICK), (0.82, 0, 0.82, 1, _THICK), (0.18, 0.48, 0.82, 0.48, _THIN)],
    "A": [(0.5, 0, 0.12, 1, _THIN), (0.5, 0, 0.88, 1, _THICK), (0.25, 0.64, 0.74, 0.64, _THIN)],
    "M": [
        (0.14, 0, 0.14, 1, _THIN),
        (0.14, 0, 0.5, 0.92, _THICK),
        (0.86, 0, 0.5, 0.92, _THIN),
        (0.86, 0, 0.86, 1, _THICK),
    ],
    "L": [(0.25, 0, 0.25, 1, _THICK), (0.25, 0.97, 0.85, 0.97, _THIN), (0.85, 0.76, 0.85, 1, _THIN)],
    "E": [
        (0.22, 0, 0.22, 1, _THICK),
        (0.22, 0.03, 0.8, 0.03, _THIN),
        (0.22, 0.48, 0.66, 0.48, _THIN),
        (0.22, 0.97, 0.84, 0.97, _THIN),
        (0.8, 0, 0.8, 0.2, _THIN),
        (0.84, 0.8, 0.84, 1, _THIN),
        (0.66, 0.38, 0.66, 0.58, _THIN),
    ],
    "T": [
        (0.5, 0, 0.5, 1, _THICK),
        (0.08, 0.03, 0.92, 0.03, _THIN),
        (0.08, 0, 0.08, 0.2, _THIN),
        (0.92, 0, 0.92, 0.2, _THIN),
    ],
}
_FEET: Final[dict[str, list[tuple[float, float]]]] = {
    "H": [(0.18, 0), (0.82, 0), (0.18, 1), (0.82, 1)],
    "A": [(0.12, 1), (0.88, 1)],
    "M": [(0.14, 1), (0.86, 1), (0.1, 0), (0.9, 0)],
    "L": [(0.25, 0), (0.25, 1)],
    "E": [(0.22, 0), (0.22, 1)],
    "T": [(0.5, 1)],
}


class Tooling:
    """A finisher's tools on a cover of a given size; positions in pixels of the finished mask."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self._scale = _OVERSAMPLING
        self._size = (width_px, height_px)
        self._image = Image.new("L", (width_px * self._scale, height_px * self._scale))
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: list[tuple[float, float]], width_px: float) -> None:
        """Draw a line through points."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=255, width=max(round(width_px * self._scale), 1), joint="curve")

    def frame(self, inset_px: float, width_px: float) -> None:
        """Draw a fillet along the edges."""
        right, bottom = self._size[0] - inset_px, self._size[1] - inset_px
        corners = [(inset_px, inset_px), (right, inset_px), (right, bottom), (inset_px, bottom)]
        self.line([*corners, corners[0], corners[1]], width_px)

    def dot(self, x: float, y: float, radius_px: float) -> None:
        """Press a dot."""
        box = [
            (value) * self._scale for value in (x - radius_px, y - radius_px, x + radius_px, y + radius_px)
        ]
        self._draw.ellipse(box, fill=255)

    def leaf(self, x: float, y: float, angle: float, length_px: float, fullness: float = 0.24) -> None:
        """Press a pointed leaf that grows from (x, y), `fullness` of its length wide to each side."""
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        outline = []
        for step in range(25):
            position = step / 12 if step <= 12 else (24 - step) / 12
            side = 1 if step <= 12 else -1
            bulge = fullness * math.sin(math.pi * position**0.8) * side
            outline.append(
                (
                    (x + length_px * (position * along[0] + bulge * across[0])) * self._scale,
                    (y + length_px * (position * along[1] + bulge * across[1])) * self._scale,
                )
            )
        self._draw.polygon(outline, fill=255)

    def scroll(self, x: float, y: float, angle: float, size_px: float, turn: int) -> None:
        """Press a spiral tendril that ends in a dot."""
        points = []
        for step in range(46):
            phase = step / 45
            radius = size_px * (1 - 0.86 * phase) * 0.5
            bearing = angle + turn * phase * 3.6 * math.pi / 1.5
            centre = (x + size_px * 0.5 * math.cos(angle), y + size_px * 0.5 * math.sin(angle))
            points.append(
                (
                    centre[0] - radius * math.cos(bearing),
                    centre[1] - radius * math.sin(bearing),
                )
            )
        self.line(points, max(size_px * 0.05, 1.2))
        self.dot(*points[-1], size_px * 0.075)

    def word(self, text: str, centre: tuple[float, float], height_px: float) -> None:
        """Letter a word of the capitals A E H L M T."""
        pitch, width = height_px * 1.02, height_px * 0.8
        left = centre[0] - (pitch * (len(text) - 1) + width) / 2
        top = centre[1] - height_px / 2
        for index, letter in enumerate(text):
            x0 = left + index * pitch
            for ax, ay, bx, by, weight in _LETTERS[letter]:
                ends = [(x0 + ax * width, top + ay * height_px), (x0 + bx * width, top + by * height_px)]
                self.line(ends, weight * height_px)
            for fx, fy in _FEET[letter]:
                x, y = x0 + fx * width, top + fy * height_px
                self.line([(x - 0.13 * height_px, y), (x + 0.13 * height_px, y)], 0.055 * height_px)

    def mask(self) -> Field:
        """Return (height, width) float32, 1 where there is gold."""
        small = self._image.resize(self._size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.4))
        return np.asarray(small, np.float32) / 255


def cover(width_px: int, height_px: int) -> Field:
    """Return the front cover's tooling, (height_px, width_px) float32 in 0..1; row 0 is the book's head."""
    tools, unit = Tooling(width_px, height_px), width_px / 100
    for inset, weight in ((5.0, 0.9), (7.4, 0.35), (16.0, 0.4), (17.4, 0.9)):
        tools.frame(inset * unit, weight * unit)
    _band(tools, width_px, height_px, unit)
    for right in (False, True):
        for bottom in (False, True):
            _corner(tools, width_px, height_px, unit, (right, bottom))
    centre = (width_px / 2, height_px * 0.43)
    tools.word("HAMLET", centre, 7.0 * unit)
    _wreath(tools, centre, 25 * unit)
    _flower(tools, (width_px / 2, height_px * 0.73), 5.2 * unit)
    return tools.mask()


def _band(tools: Tooling, width_px: int, height_px: int, unit: float) -> None:
    """Fill the space between the two frames with dots and little leaves."""
    middle = 11.6 * unit
    for length, horizontal in ((width_px, True), (height_px, False)):
        count = round((length - 2 * middle) / (5.2 * unit))
        for index in range(1, count):
            along = middle + (length - 2 * middle) * index / count
            for across in (middle, (height_px if horizontal else width_px) - middle):
                x, y = (along, across) if horizontal else (across, along)
                if index % 2:
                    tools.dot(x, y, 0.55 * unit)
                else:
                    angle = 0.0 if horizontal else math.pi / 2
                    for turn in (0, math.pi):
                        tools.leaf(x, y, angle + turn, 2.6 * unit)


def _corner(tools: Tooling, width_px: int, height_px: int, unit: float, corner: tuple[bool, bool]) -> None:
    right, bottom = corner
    x = width_px - 20.5 * unit if right else 20.5 * unit
    y = height_px - 20.5 * unit if bottom else 20.5 * unit
    inwards = math.atan2(-1 if bottom else 1, -1 if right else 1)
    for spread, length in ((0.0, 13.0), (0.36, 10.0), (-0.36, 10.0), (0.7, 6.5), (-0.7, 6.5)):
        tools.leaf(x, y, inwards + spread, length * unit, 0.11)
    for turn in (1, -1):
        heading = inwards + turn * 0.62
        start = (x + 5 * unit * math.cos(heading), y + 5 * unit * math.sin(heading))
        tools.scroll(*start, heading, 8.0 * unit, -turn)
    tools.dot(x, y, 1.3 * unit)


def _wreath(tools: Tooling, centre: tuple[float, float], radius_px: float) -> None:
    x, y = centre
    for index in range(44):
        angle = 2 * math.pi * index / 44
        # Open at the top; the leaves climb both branches.
        if abs(angle - 1.5 * math.pi) < 0.22:
            continue
        heading = angle - math.pi / 2 if math.cos(angle) > 0 else angle + math.pi / 2
        stem = (x + radius_px * 1.12 * math.cos(angle), y + radius_px * math.sin(angle))
        for lean in (0.5, -0.5):
            tools.leaf(*stem, heading + lean, radius_px * 0.17)
    turns = [step / 60 * math.pi for step in range(121)]
    ring = [(x + radius_px * 0.96 * math.cos(turn), y + radius_px * 0.86 * math.sin(turn)) for turn in turns]
    tools.line(ring, radius_px * 0.012)


def _flower(tools: Tooling, centre: tuple[float, float], radius_px: float) -> None:
    for index in range(8):
        tools.leaf(*centre, index * math.pi / 4, radius_px * (1.0 if index % 2 else 1.6), 0.13)
    tools.dot(*centre, radius_px * 0.2)
    for side in (1, -1):
        heading = 0.0 if side > 0 else math.pi
        tools.scroll(centre[0] + side * 1.8 * radius_px, centre[1], heading, radius_px * 1.8, side)
        tools.dot(centre[0] + side * 4.2 * radius_px, centre[1], radius_px * 0.16)
