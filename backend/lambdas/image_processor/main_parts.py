"""What of a raw mask is the subject, and what is a speck beside it or a hole in it. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

#: Components smaller than this share of the largest are dropped.
_COMPONENT_SHARE: Final = 0.15


def keep_main_parts(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Drop components much smaller than the largest, and fill holes; both are decided at 0.5.

    Args:
        probability: (S, S) float32, 0..1.

    """
    labels, count = ndimage.label(probability > 0.5)
    if count == 0:
        return probability
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    kept = (areas >= _COMPONENT_SHARE * areas.max())[labels]
    filled = ndimage.binary_fill_holes(kept)
    # Soft edges around what stays are kept; what was dropped goes with its own fringe.
    near = ndimage.binary_dilation(filled, iterations=3)
    cleaned = np.where(near, probability, 0.0)
    return np.asarray(np.where(filled & (probability <= 0.5), 1.0, cleaned), np.float32)
