"""How sure a model was: from its raw output, before any stretching could invent a subject. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.quantiles import quantile
from lambdas.image_processor.working_size import View

#: Deeper inside the subject than this, in pixels at working size, a mask has no reason to be unsure.
_CORE_PX: Final = 4.0


def peak(probability: NDArray[np.float32]) -> float:
    """Return the 99.5th percentile of the raw output, 0..1: a few stray pixels are no subject."""
    return quantile(probability, 0.995) if probability.size else 0.0


def softness(seen: View) -> float:
    """Return the mean width of the outline's slope, in pixels at working size.

    A straight slope of width w holds 2w/3 of 4 m (1 - m) per pixel of outline.
    """
    edge = seen.region & ~ndimage.binary_erosion(seen.region, border_value=1)
    doubt = float((4 * seen.mask * (1 - seen.mask)).sum())
    return 1.5 * doubt / max(int(edge.sum()), 1)


def paleness(seen: View) -> float:
    """Return how far the subject's inside is from a sure one, 0..1."""
    core = seen.depth > _CORE_PX
    inside = core if core.any() else seen.region
    return float(1 - seen.mask[inside].mean()) if inside.any() else 1.0


def haze(seen: View) -> float:
    """Return what the mask leaves over the ground beside the subject, as a share of the subject."""
    return float(seen.mask[seen.depth < -2 * _CORE_PX].sum() / max(seen.area, 1))
