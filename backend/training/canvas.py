"""The picture being painted, and the strokes that all scenes share: textured quadrilaterals, soft shadows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.bindings import Texture
from training.paint import Colour, Picture, Plane, as_weight

#: (n, 2) float, x and y in pixels.
Points = NDArray[np.float64]

#: OpenCV takes polygon corners in sixteenths of a pixel.
_SUBPIXEL_BITS: Final = 4
_SUBPIXELS: Final = 1 << _SUBPIXEL_BITS


@dataclass
class Canvas:
    """A square picture under way."""

    #: (S, S, 3) float32.
    pixels: Picture
    #: (S, S) uint8: how much of each pixel the subject covers.
    coverage: NDArray[np.uint8]

    @classmethod
    def over(cls, background: Picture) -> Canvas:
        """Return a canvas that shows a background and no subject."""
        return cls(background.copy(), np.zeros(background.shape[:2], np.uint8))

    @property
    def side(self) -> int:
        """Width and height in pixels."""
        return int(self.pixels.shape[0])


def clip_box(points: Points, side: int) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of the points' box inside the canvas; None when they lie outside."""
    low = np.maximum(np.floor(points.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 2, side)
    return None if (high <= low).any() else (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def filled(side: int, points: Points) -> NDArray[np.uint8]:
    """Return (side, side) uint8, 255 inside the polygon, with soft edges."""
    plane = np.zeros((side, side), np.uint8)
    corners = np.round(np.clip(points, -4 * side, 5 * side) * _SUBPIXELS).astype(np.int32)
    cv2.fillPoly(plane, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    return plane


def paste(canvas: Canvas, texture: Texture, quad: Points, shade: float) -> NDArray[np.uint8] | None:
    """Lay a texture into a quadrilateral.

    Args:
        canvas: painted on; its coverage is left alone.
        texture: RGBA.
        quad: corners of the texture's top left, top right, bottom right, bottom left.
        shade: multiplies the texture.

    Returns:
        (S, S) uint8, what of each pixel was painted; None when the quadrilateral lies outside.

    """
    box = clip_box(quad, canvas.side)
    if box is None:
        return None
    left, top, right, bottom = box
    texture = _shrunk(texture, quad)
    rows, columns = texture.shape[:2]
    source = np.asarray([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(source, (quad - [left, top]).astype(np.float32))
    size = (right - left, bottom - top)
    colours = cv2.warpPerspective(
        np.ascontiguousarray(texture[..., :3]),
        matrix,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    shape = cv2.warpPerspective(np.ascontiguousarray(texture[..., 3]), matrix, size, flags=cv2.INTER_LINEAR)
    region = canvas.pixels[top:bottom, left:right]
    region += (colours.astype(np.float32) * shade - region) * as_weight(shape)[..., None]
    painted = np.zeros((canvas.side, canvas.side), np.uint8)
    painted[top:bottom, left:right] = shape
    return painted


def paste_subject(canvas: Canvas, texture: Texture, quad: Points, shade: float) -> None:
    """Lay a face of the subject into a quadrilateral, and count it as covered."""
    painted = paste(canvas, texture, quad, shade)
    if painted is not None:
        np.maximum(canvas.coverage, painted, out=canvas.coverage)


def cover_with(canvas: Canvas, colours: Picture | Colour, weight: Plane) -> None:
    """Blend colours over the picture where the (S, S) weight, 0..1, says so."""
    canvas.pixels += (colours - canvas.pixels) * weight[..., None]


def darken(canvas: Canvas, points: Points, softness: float, depth: float) -> None:
    """Cast a shadow.

    Args:
        canvas: painted on.
        points: the shadow's convex hull is taken.
        softness: of its edge, as a share of the canvas's side.
        depth: 0 (none) .. 1 (black).

    """
    # A quarter of the resolution: what is blurred needs no more.
    small = max(8, canvas.side // 4) if softness > 0.006 else canvas.side
    corners = np.clip(points, -4 * canvas.side, 5 * canvas.side) * (small / canvas.side * _SUBPIXELS)
    plane = np.zeros((small, small), np.float32)
    hull = cv2.convexHull(np.round(corners).astype(np.int32).reshape(-1, 1, 2))
    cv2.fillConvexPoly(plane, hull, 1.0, cv2.LINE_8, _SUBPIXEL_BITS)
    blurred = cv2.GaussianBlur(plane, (0, 0), max(0.5, softness * small))
    full = cv2.resize(blurred, (canvas.side, canvas.side), interpolation=cv2.INTER_LINEAR)
    canvas.pixels *= (1 - depth * full)[..., None]


def round_corners(texture: NDArray[np.uint8], radius_px: int) -> None:
    """Make a texture, (height, width, 4), transparent outside corners of this radius."""
    rows, columns = texture.shape[:2]
    shape = np.zeros((rows, columns), np.uint8)
    cv2.rectangle(shape, (radius_px, 0), (columns - 1 - radius_px, rows - 1), 255, -1)
    cv2.rectangle(shape, (0, radius_px), (columns - 1, rows - 1 - radius_px), 255, -1)
    for x in (radius_px, columns - 1 - radius_px):
        for y in (radius_px, rows - 1 - radius_px):
            cv2.circle(shape, (x, y), radius_px, 255, -1, cv2.LINE_AA)
    texture[..., 3] = shape


def solid(colour: Colour) -> Texture:
    """Return a texture of one colour."""
    texture = np.full((6, 6, 4), 255, np.uint8)
    texture[..., :3] = np.clip(colour, 0, 255).astype(np.uint8)
    return texture


def _shrunk(texture: Texture, quad: Points) -> Texture:
    """Return the texture reduced to about its size in the picture, against aliasing."""
    rows, columns = texture.shape[:2]
    lengths = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    across, down = (max(1.0, float(lengths[first::2].max())) for first in (0, 1))
    if columns <= 1.6 * across and rows <= 1.6 * down:
        return texture
    size = (max(2, int(min(columns, across))), max(2, int(min(rows, down))))
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
