"""Mask -> trimap: what is surely subject, surely background, and the band between. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.recipes import Matting

FOREGROUND: Final = 255
UNKNOWN: Final = 128
BACKGROUND: Final = 0
_SUBJECT: Final = 127


def trimap(mask: NDArray[np.uint8], matting: Matting) -> NDArray[np.uint8]:
    """Return the (height, width) uint8 trimap of a mask: 255 subject, 0 background, 128 unknown.

    Equal to rembg's by the thresholds and the square alone: the sure regions are thresholded and eroded by a
    square of ones, whose centre is at `size // 2`; beyond the frame lies background, so a subject is unknown
    along the frame it touches. What is solid reaches to the frame.

    Args:
        mask: (height, width) uint8, 255 = subject.
        matting: the thresholds, the square's side in pixels, and what is surer than rembg knows.

    """
    regions = np.full(mask.shape, UNKNOWN, np.uint8)
    regions[_erode(mask > matting.foreground_threshold, matting.erode_size_px, beyond=False)] = FOREGROUND
    if matting.solid_share is not None:
        depth = max(matting.erode_size_px, round(matting.solid_share * max(mask.shape)))
        regions[_erode(mask > _SUBJECT, 2 * depth + 1, beyond=True)] = FOREGROUND
    regions[_erode(mask < matting.background_threshold, matting.erode_size_px, beyond=True)] = BACKGROUND
    if matting.keeps_frame_strips and matting.erode_size_px > 1:
        regions[_frame_strips(mask, regions, matting.erode_size_px)] = BACKGROUND
    return regions


def _frame_strips(
    mask: NDArray[np.uint8], regions: NDArray[np.uint8], erode_size_px: int
) -> NDArray[np.bool_]:
    """Return the strips of background along the frame of which erosion has left nothing, by half as much.

    Without any of it, matting has nothing to tell it that such a strip is not the subject.
    """
    doubtful = np.zeros(mask.shape, np.bool_)
    first, last = slice(erode_size_px), slice(-erode_size_px, None)
    for part in np.s_[first, :], np.s_[last, :], np.s_[:, first], np.s_[:, last]:
        doubtful[part] = (regions[part] == UNKNOWN) & (mask[part] <= _SUBJECT)
    # Most frames have nothing but sure ground along them.
    if not doubtful.any():
        return doubtful
    is_far = _erode(regions != BACKGROUND, 2 * erode_size_px + 1, beyond=True)
    return doubtful & is_far & _erode(mask <= _SUBJECT, erode_size_px // 2, beyond=True)


def _erode(region: NDArray[np.bool_], size_px: int, *, beyond: bool) -> NDArray[np.bool_]:
    """Erode by a square of ones: separable, and each axis by doubling runs, so a dozen ANDs in all."""
    if size_px <= 1:
        return region
    before, after = size_px // 2, size_px - 1 - size_px // 2
    runs = np.pad(region, ((before, after), (before, after)), constant_values=beyond)
    return _and_runs(_and_runs(runs, size_px).T, size_px).T


def _and_runs(rows: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Return, per row i, whether rows i .. i + length - 1 are all true; length - 1 rows fewer."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        rows = rows[:-step] & rows[step:]
        covered += step
    return rows
