"""Mask -> mask: where a side of a book is straight, the cut is straight and sits on the photo's edge. Pure.

A mask is born at 256 x 256: enlarged, its outline wavers by some pixels. Books have straight sides. Each
straight side of the outline looks for the line of strongest contrast near it, in the photo at its own size,
and moves there if that line holds along most of its length. Matting then has its band where the edge is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from lambdas.image_processor.polygon import Points, Side, straight_sides, trace

#: The outline is traced at this longest side.
_TRACE_SIDE_PX: Final = 512
#: How far a straight side's points may stray, and how short it may be; shares of the longest side.
_TOLERANCE: Final = 0.006
_SHORTEST: Final = 0.1
#: How far from the mask's side the photo's edge is sought, as a share of the longest side.
_REACH: Final = 0.009
#: A line so far from the mask's side needs 1.6 times the contrast of one at it; share of the longest side.
_DOUBT: Final = 0.007
#: Positions along a side at which the photo is looked at.
_POSITIONS: Final = 96
#: Offsets tried at either end of a side, from -reach to reach.
_OFFSETS: Final = 33
#: Contrast (0..255 per channel, summed) that makes an edge; more makes it no better: gilt is not the border.
_ENOUGH_CONTRAST: Final = 150.0
#: The line must show at least this contrast ...
_VISIBLE_CONTRAST: Final = 20.0
#: ... on this share of the positions.
_LEAST_SUPPORT: Final = 0.6
#: Two sides end in a common corner when their lines cross this near to both ends; share of the longest side.
_CORNER: Final = 0.025
_SUBJECT: Final = 127


def straighten(pixels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straighten a mask's straight sides and move them onto the photo's edges.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        mask: (height, width) uint8, 255 = subject.

    Returns:
        (height, width) uint8; the mask itself where no side is straight or no edge is near.

    """
    longest = max(mask.shape)
    scale = min(1.0, _TRACE_SIDE_PX / longest)
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    small = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BOX)) > _SUBJECT
    stretch = np.asarray([mask.shape[1] / size[0], mask.shape[0] / size[1]])
    points = trace(small) * stretch
    sides = straight_sides(points, _TOLERANCE * longest, _SHORTEST * longest)
    moved = [found for side in sides if (found := _moved(pixels, side, longest)) is not None]
    return _redrawn(mask, points, moved, longest) if moved else mask


def _moved(pixels: NDArray[np.uint8], side: Side, longest: int) -> Side | None:
    """Return the side on the photo's edge; None when it runs along the frame or finds no edge."""
    reach = max(3.0, _REACH * longest)
    offsets = np.linspace(-reach, reach, _OFFSETS)
    contrast = _contrast(pixels, side, offsets)
    if contrast is None:
        return None
    # Saturating, but never flat: the line must still find the middle of the edge.
    strength = contrast / (contrast + _ENOUGH_CONTRAST)
    doubt = max(2.0, _DOUBT * longest)
    start, end = _best_line(strength, offsets, doubt)
    along = np.linspace(0, 1, _POSITIONS)
    column = np.rint(np.interp(start + (end - start) * along, offsets, np.arange(_OFFSETS))).astype(int)
    visible = contrast[np.arange(_POSITIONS), column] > _VISIBLE_CONTRAST
    if float(visible.mean()) < _LEAST_SUPPORT:
        return None
    return replace(side, start=side.start + side.normal * start, end=side.end + side.normal * end)


def _contrast(pixels: NDArray[np.uint8], side: Side, offsets: Points) -> NDArray[np.float64] | None:
    """Return (positions, offsets) contrast across the side; None where it leaves the photo.

    The contrast at an offset is the colour's difference between the two sides of it, smoothed over some
    pixels across and along.
    """
    height, width = pixels.shape[:2]
    step = float(offsets[1] - offsets[0])
    # Away from the corners, where two edges meet.
    shares = np.linspace(0.04, 0.96, _POSITIONS)[:, None]
    bases = side.start + (side.end - side.start) * shares
    places = bases[:, None, :] + side.normal * offsets[None, :, None]
    inside = (places >= 1).all(2) & (places <= [width - 2, height - 2]).all(2)
    if inside.mean() < 0.8:
        return None
    coordinates = [places[..., 1] - 0.5, places[..., 0] - 0.5]
    profiles = np.stack(
        [
            ndimage.map_coordinates(pixels[..., c], coordinates, np.float64, order=1, mode="nearest")
            for c in range(3)
        ],
        -1,
    )
    smooth = ndimage.gaussian_filter1d(profiles, 1.0, axis=0)
    slopes = ndimage.gaussian_filter1d(smooth, max(1.0, 1.2 / step), axis=1, order=1)
    # A slope per sample, times the width of the smoothing: about the step's height.
    return np.asarray(np.abs(slopes).sum(2) * max(1.0, 1.2 / step) * 2.5 * inside)


def _best_line(strength: NDArray[np.float64], offsets: Points, doubt: float) -> tuple[float, float]:
    """Return the offsets, at start and end, of the line with most contrast, discounted by its distance."""
    along = np.linspace(0, 1, len(strength))
    starts, ends = (grid.ravel() for grid in np.meshgrid(offsets, offsets, indexing="ij"))
    lines = starts[:, None] + (ends - starts)[:, None] * along[None]
    columns = (lines - offsets[0]) / (offsets[1] - offsets[0])
    low = np.clip(np.floor(columns).astype(int), 0, len(offsets) - 2)
    part = columns - low
    rows = np.arange(len(strength))[None]
    values = strength[rows, low] * (1 - part) + strength[rows, low + 1] * part
    distance = np.sqrt((starts**2 + ends**2) / 2)
    score = np.log(values.mean(1) + 1e-2) - (distance / doubt) ** 2 / 2
    best = int(score.argmax())
    return float(starts[best]), float(ends[best])


def _redrawn(mask: NDArray[np.uint8], points: Points, sides: list[Side], longest: int) -> NDArray[np.uint8]:
    """Return the mask with its outline replaced near the moved sides."""
    size = (mask.shape[1] * 2, mask.shape[0] * 2)
    fresh = Image.new("L", size, 0)
    ring = _polygon(points, sides, _CORNER * longest)
    ImageDraw.Draw(fresh).polygon([tuple(point) for point in ring * 2 - 0.5], fill=255)
    near = Image.new("L", (mask.shape[1], mask.shape[0]), 0)
    pen = ImageDraw.Draw(near)
    band = max(8, round(4 * _REACH * longest))
    for side in sides:
        pen.line([tuple(side.start), tuple(side.end)], fill=255, width=band)
    drawn = np.array(fresh.resize(near.size, Image.Resampling.BOX))
    for side in sides:
        _sharpen(drawn, side)
    return np.where(np.asarray(near) > 0, drawn, mask).astype(np.uint8)


def _sharpen(drawn: NDArray[np.uint8], side: Side) -> None:
    """Give the pixels on a side, away from its corners, exactly the share of them that lies inside."""
    along = (side.end - side.start) / side.length
    # Row by row for a steep side, column by column for a level one.
    major = int(abs(along[1]) > abs(along[0]))
    first, last = sorted((side.start[major], side.end[major]))
    lines = np.arange(int(np.ceil(first)) + 3, int(np.floor(last)) - 3)
    lines = lines[(lines >= 0) & (lines < drawn.shape[1 - major])]
    crossing = side.start[1 - major] + (lines + 0.5 - side.start[major]) * along[1 - major] / along[major]
    places = np.floor(crossing).astype(int)[:, None] + np.arange(-3, 4)
    offset = (places + 0.5 - crossing[:, None]) * side.normal[1 - major]
    inside = (places >= 0) & (places < drawn.shape[major])
    share = np.clip(0.5 - offset, 0, 1) * 255
    grid = np.broadcast_to(lines[:, None], places.shape)
    rows, columns = (grid, places) if major else (places, grid)
    drawn[rows[inside], columns[inside]] = np.rint(share[inside]).astype(np.uint8)


def _polygon(points: Points, sides: list[Side], near: float) -> Points:
    """Return the outline with each moved side as one line; neighbours meet where their lines cross nearby."""
    ordered = sorted(sides, key=lambda side: side.first)
    pieces: list[Points] = []
    for side, following in zip(ordered, [*ordered[1:], ordered[0]], strict=True):
        pieces.append(side.start[None])
        crossing = _crossing(side, following)
        if crossing is not None and _is_corner(crossing, side, following, near):
            pieces.append(crossing[None])
            continue
        pieces.append(side.end[None])
        between = _between(len(points), side.last, following.first)
        pieces.append(points[between])
    return np.concatenate(pieces)


def _between(count: int, begin: int, stop: int) -> NDArray[np.int64]:
    """Return the indices from `begin` to `stop` around a closed outline."""
    return np.arange(begin, stop if stop >= begin else stop + count, dtype=np.int64) % count


def _crossing(first: Side, second: Side) -> Points | None:
    """Return where two sides' lines meet; None for lines that are nearly one."""
    one, other = first.end - first.start, second.end - second.start
    turn = float(one[0] * other[1] - one[1] * other[0])
    if abs(turn) < 0.17 * first.length * second.length:
        return None
    gap = second.start - first.start
    share = float(gap[0] * other[1] - gap[1] * other[0]) / turn
    return np.asarray(first.start + one * share, np.float64)


def _is_corner(crossing: Points, first: Side, second: Side, near: float) -> bool:
    """Whether two sides' lines cross so near to their ends that the outline has its corner there."""
    gaps = np.linalg.norm(crossing - first.end), np.linalg.norm(crossing - second.start)
    return float(max(gaps)) <= near
