"""The seed's two checks, kept to be measured and compared with (docs/adr/0009). Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.domain import SUBJECT_ALPHA


def box_area(alpha: NDArray[np.uint8]) -> float:
    """Return the subject's box as a share of the frame, 0..1."""
    height, width = _box(alpha)
    return height * width / alpha.size


def aspect_difference(alpha: NDArray[np.uint8]) -> float:
    """Return how far the box's width / height is from the frame's, relative to that; 1 without a box."""
    height, width = _box(alpha)
    frame = alpha.shape[1] / alpha.shape[0]
    return abs(frame - width / height) / frame if height else 1.0


def _box(alpha: NDArray[np.uint8]) -> tuple[int, int]:
    subject = alpha > SUBJECT_ALPHA
    rows, columns = np.flatnonzero(subject.any(1)), np.flatnonzero(subject.any(0))
    return (int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1) if len(rows) else (0, 0)
