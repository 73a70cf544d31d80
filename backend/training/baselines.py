"""What the model must beat: a rectangle in the middle, and GrabCut begun from it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.measures import Region

#: The rectangle's share of each side.
_SHARE: Final = 0.8
#: GrabCut runs on pictures of this longest side.
_GRABCUT_SIDE_PX: Final = 400
_GRABCUT_ROUNDS: Final = 5


def rectangle(pixels: NDArray[np.uint8]) -> Region:
    """Return (height, width), true in a centred rectangle: sellers put books in the middle."""
    region = np.zeros(pixels.shape[:2], np.bool_)
    left, top, width, height = _box(pixels)
    region[top : top + height, left : left + width] = True
    return region


def grabcut(pixels: NDArray[np.uint8]) -> Region:
    """Return (height, width), what GrabCut finds inside that rectangle by colour alone."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _GRABCUT_SIDE_PX / max(height, width))
    size = (round(width * scale), round(height * scale))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    labels = np.zeros(small.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(small[..., ::-1]),
        labels,
        _box(small),
        *models,
        _GRABCUT_ROUNDS,
        cv2.GC_INIT_WITH_RECT,
    )
    found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    return np.asarray(Image.fromarray(found).resize((width, height), Image.Resampling.BILINEAR)) >= 128


def _box(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    inset_x, inset_y = round(width * (1 - _SHARE) / 2), round(height * (1 - _SHARE) / 2)
    return inset_x, inset_y, width - 2 * inset_x, height - 2 * inset_y
