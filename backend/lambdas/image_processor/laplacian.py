"""The matting Laplacian's equations for the unknown pixels only. Pure.

A. Levin, D. Lischinski and Y. Weiss, "A closed-form solution to natural image matting", 2008, equation 12:
over every 3 x 3 window w that holds pixels i and j,

    L_ij = sum_w  delta_ij - 1/9 (1 + (I_i - mu_w)^T (Sigma_w + eps/9 I)^-1 (I_j - mu_w)).

Known pixels move to the right-hand side, so a row is needed only for each unknown pixel, and a window only
where it touches one: cost grows with the band, not with the photo. The same system as pymatting's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lambdas.image_processor.trimap import FOREGROUND, UNKNOWN

#: Regularises the windows' covariance; the value of the paper's authors and of pymatting.
EPSILON: Final = 1e-7
#: The same for colours of 0..255, per window of nine.
_RIDGE: Final = EPSILON * 255.0**2 / 9.0
#: Unknown pixels whose equations are written at once: small enough for the cache.
_CHUNK_PX: Final = 4096
_REACH: Final = 2
#: The 3 x 3 window offsets, and the 5 x 5 offsets of pixels that share a window.
_WINDOWS: Final = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_NEIGHBOURS: Final = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_SELF: Final = _NEIGHBOURS.index((0, 0))
#: The channels of a covariance's upper triangle.
_PAIRS: Final = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
_VARIANCES: Final = [0, 3, 5]

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class System:
    """`matrix @ alpha = right` for the unknown pixels."""

    #: (n, n) symmetric positive semi-definite, float64.
    matrix: sparse.csr_array
    #: (n,) float64.
    right: Floats
    #: (n,) flat indices of the unknown pixels in the photo, ascending.
    pixels: NDArray[np.intp]


def assemble(pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> System:
    """Write the equations of the unknown pixels.

    Args:
        pixels: (height, width, 3) uint8 RGB, at least 3 x 3.
        trimap: (height, width) uint8: 255 subject, 0 background, 128 unknown.

    """
    unknown = np.flatnonzero(trimap == UNKNOWN)
    width = trimap.shape[1]
    top, left = int(unknown[0] // width), int((unknown % width).min())
    bottom, right = int(unknown[-1] // width), int((unknown % width).max())
    box = (
        slice(max(top - _REACH, 0), bottom + _REACH + 1),
        slice(max(left - _REACH, 0), right + _REACH + 1),
    )
    matrix, constants = _Band(pixels[box], trimap[box]).equations()
    return System(matrix, constants, unknown)


class _Band:
    """The unknown pixels of one frame, with a margin so that no index leaves it.

    Arrays are laid out component by component, so that every operation runs along the pixels.
    """

    def __init__(self, pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> None:
        height, width = (side + 2 * _REACH for side in trimap.shape)
        margins = ((_REACH, _REACH), (_REACH, _REACH))
        known = np.pad(trimap, margins, constant_values=0)
        #: (3, height * width) uint8.
        self._planes = np.pad(np.moveaxis(pixels, 2, 0), ((0, 0), *margins)).reshape(3, -1)
        self._is_subject = known.ravel() == FOREGROUND
        self._unknown = np.flatnonzero(known.ravel() == UNKNOWN)
        #: Flat index -> row of the system, -1 where known.
        self._row = np.full(known.size, -1, np.int32)
        self._row[self._unknown] = np.arange(len(self._unknown), dtype=np.int32)
        self._window_shifts = [dy * width + dx for dy, dx in _WINDOWS]
        self._shifts = np.array([dy * width + dx for dy, dx in _NEIGHBOURS])[:, None]
        self._window_of, self._statistics = self._windows((height, width))

    def equations(self) -> tuple[sparse.csr_array, Floats]:
        """Return the matrix and the right-hand side."""
        count = len(self._unknown)
        right = np.empty(count)
        values, columns, lengths = [], [], []
        for start in range(0, count, _CHUNK_PX):
            centres = self._unknown[start : start + _CHUNK_PX]
            around = centres + self._shifts
            stencil = self._stencil(centres, around)
            right[start : start + len(centres)] = -(stencil * self._is_subject[around]).sum(axis=0)
            rows = np.ascontiguousarray(self._row[around].T)
            is_unknown = rows >= 0
            values.append(np.ascontiguousarray(stencil.T)[is_unknown])
            columns.append(rows[is_unknown])
            lengths.append(is_unknown.sum(axis=1))
        starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32)
        parts = (np.concatenate(values), np.concatenate(columns), starts)
        return sparse.csr_array(parts, shape=(count, count)), right

    def _windows(self, size: tuple[int, int]) -> tuple[Indices, Floats]:
        """Return each window's number by its centre, and its statistics; the last is an empty window."""
        height, width = size
        touched = np.zeros(size, np.bool_)
        unknown = (self._row >= 0).reshape(size)
        # A window lies within the frame: its centre is not on the frame's own border.
        rim = _REACH + 1
        for dy, dx in _WINDOWS:
            touched[rim:-rim, rim:-rim] |= unknown[rim + dy : height - rim + dy, rim + dx : width - rim + dx]
        centres = np.flatnonzero(touched)
        number = np.full(touched.size, len(centres), np.int32)
        number[centres] = np.arange(len(centres), dtype=np.int32)
        statistics = np.zeros((9, len(centres) + 1))
        for start in range(0, len(centres), _CHUNK_PX):
            part = slice(start, min(start + _CHUNK_PX, len(centres)))
            statistics[:, part] = self._measure(centres[part])
        return number, statistics

    def _measure(self, centres: NDArray[np.intp]) -> Floats:
        """Return windows' mean colours and the upper triangles of their inverse covariances, (9, n).

        In whole numbers until the last step. A window whose colours lie on a line has a covariance of rank
        one; the determinant of that plus the ridge is twelve orders smaller than its terms, and rounding
        would leave an inverse, and then a matrix, that is not positive definite.
        """
        sums = np.zeros((3, len(centres)), np.int64)
        products = np.zeros((6, len(centres)), np.int64)
        for shift in self._window_shifts:
            colours = self._planes[:, centres + shift].astype(np.int64)
            sums += colours
            for place, (one, other) in enumerate(_PAIRS):
                products[place] += colours[one] * colours[other]
        scaled = 9 * products - np.stack([sums[one] * sums[other] for one, other in _PAIRS])
        return np.concatenate([sums / 9.0, _inverse(scaled)])

    def _stencil(self, centres: NDArray[np.intp], around: NDArray[np.intp]) -> Floats:
        """Return the (25, n) entries L_ij of each pixel i with the pixels j of the 5 x 5 around it.

        A pixel's part in a window is affine in the other pixel's colour, so the windows that two pixels share
        (a rectangle of the 3 x 3) are summed before the colours are multiplied.
        """
        own = self._planes[:, centres].astype(np.float64)
        parts = np.empty((3, 3, 4, len(centres)))
        windows = np.zeros(len(centres))
        for shift, part in zip(self._window_shifts, parts.reshape(9, 4, -1), strict=True):
            number = self._window_of[centres + shift]
            is_window = number < self._statistics.shape[1] - 1
            self._part(number, own, part)
            part[3] += is_window
            windows += is_window
        by_both = [_shared(rows) for rows in _shared(parts)]
        stencil = np.empty((len(_NEIGHBOURS), len(centres)))
        for entry, place, (dy, dx) in zip(stencil, around, _NEIGHBOURS, strict=True):
            red, green, blue, constant = by_both[dy + _REACH][dx + _REACH]
            step = self._planes[:, place] - own
            entry[:] = red * step[0] + green * step[1] + blue * step[2] + constant
        stencil *= -1.0 / 9.0
        stencil[_SELF] += windows
        return stencil

    def _part(self, number: Indices, own: Floats, part: Floats) -> None:
        """Write v = Sigma^-1 (I_i - mu) and v . (I_i - mu) into a (4, n) array; zeros without a window."""
        statistics = self._statistics[:, number]
        a, b, c, d, e, f = statistics[3:]
        red, green, blue = own - statistics[:3]
        part[0] = a * red + b * green + c * blue
        part[1] = b * red + d * green + e * blue
        part[2] = c * red + e * green + f * blue
        part[3] = part[0] * red + part[1] * green + part[2] * blue


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


def _shared(parts: Floats) -> list[Floats]:
    """Sum the three along the first axis over the windows that pixels -2, -1, 0, 1, 2 apart share."""
    first, middle, last = parts
    return [first, first + middle, first + middle + last, middle + last, last]
