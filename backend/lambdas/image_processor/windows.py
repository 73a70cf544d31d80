"""Mean colours and covariances of 3 x 3 windows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Regularises the covariance; the value of the matting paper's authors and of pymatting.
EPSILON: Final = 1e-7
#: The same for colours of 0..255, per window of nine.
_RIDGE: Final = EPSILON * 255.0**2 / 9.0
#: The channels of a covariance's upper triangle.
_PAIRS: Final = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
_VARIANCES: Final = [0, 3, 5]

Floats = NDArray[np.float64]


def statistics(planes: NDArray[np.uint8], centres: NDArray[np.intp], shifts: Sequence[int]) -> Floats:
    """Return mean colours and the upper triangles of inverse covariances, (9, n) float64.

    In whole numbers until the last step. A window whose colours lie on a line has a covariance of rank one;
    the determinant of that plus the ridge is twelve orders smaller than its terms, and rounding would leave
    an inverse, and then a matrix, that is not positive definite.

    Args:
        planes: (3, pixels) uint8, channel by channel.
        centres: (n,) flat indices of the windows' centres.
        shifts: what leads from a centre to its nine pixels.

    """
    # Single precision holds whole numbers up to 2^24, and 9 * 9 * 255^2 is less.
    sums = np.zeros((3, len(centres)), np.float32)
    products = np.zeros((6, len(centres)), np.float32)
    for shift in shifts:
        colours = planes.take(centres + shift, axis=1).astype(np.float32)
        sums += colours
        for place, (one, other) in enumerate(_PAIRS):
            products[place] += colours[one] * colours[other]
    scaled = 9 * products - np.stack([sums[one] * sums[other] for one, other in _PAIRS])
    return np.concatenate([sums.astype(np.float64) / 9, _inverse(scaled.astype(np.int64))])


def _inverse(scaled: NDArray[np.int64]) -> Floats:
    """Return the upper triangles of (K / 81 + ridge I)^-1, (6, n) float64.

    By adj(A + r I) = adj A + r (tr A I - A) + r^2 I and det(A + r I) = det A + r tr adj A + r^2 tr A + r^3:
    minors and determinant of K are exact, and as K is positive semi-definite, no term of the last sum is
    negative.

    Args:
        scaled: (6, n) upper triangles of K, 81 times covariances of 8-bit colours.

    """
    a, b, c, d, e, f = scaled
    minors = np.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    )
    # Terms may wrap around in 64 bits; their sum, at most the product of three variances, does not.
    determinant = (a * minors[0] + b * minors[1] + c * minors[2]) / 81.0**3
    trace = (a + d + f) / 81.0
    adjugate = minors / 81.0**2
    spread = adjugate[_VARIANCES].sum(axis=0)
    adjugate -= scaled * (_RIDGE / 81.0)
    adjugate[_VARIANCES] += _RIDGE * trace + _RIDGE**2
    adjugate /= determinant + _RIDGE * spread + _RIDGE**2 * trace + _RIDGE**3
    return adjugate
