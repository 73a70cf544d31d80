"""The matting Laplacian's equations for the unknown pixels only. Pure.

A. Levin, D. Lischinski and Y. Weiss, "A closed-form solution to natural image matting", 2008, equation 12:
over every 3 x 3 window w that holds pixels i and j,

    L_ij = sum_w  delta_ij - 1/9 (1 + (I_i - mu_w)^T (Sigma_w + eps/9 I)^-1 (I_j - mu_w)).

Known pixels move to the right-hand side, so a row is needed only for each unknown pixel, and a window only
where it touches one: cost grows with the band, not with the photo. The same system as pymatting's. It is
symmetric, so each pair of pixels is written once, by the one that comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lambdas.image_processor import windows
from lambdas.image_processor.trimap import FOREGROUND, UNKNOWN

#: Unknown pixels whose equations are written at once: small enough for the cache.
_CHUNK_PX: Final = 4096
_REACH: Final = 2
#: Instead of a row: a pixel of the subject, and one whose opacity adds nothing.
_SUBJECT: Final = -1
_NOTHING: Final = -2
#: The offsets of the 3 x 3 windows around a pixel.
_WINDOWS: Final = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
#: The offsets of pixels that share a window with a pixel and do not come before it; itself first.
_FORWARD: Final = [(dy, dx) for dy in (0, 1, 2) for dx in range(-2, 3) if (dy, dx) >= (0, 0)]

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class System:
    """`A @ alpha = right` for the unknown pixels; A is symmetric positive semi-definite."""

    #: (n, n) upper triangle of A with its diagonal, float64.
    upper: sparse.csr_array
    #: (n,) float64.
    right: Floats
    #: (n,) flat indices of the unknown pixels in the photo, ascending.
    pixels: NDArray[np.intp]

    def times(self, x: Floats) -> Floats:
        """Return A @ x."""
        return np.asarray(self.upper @ x + self.upper.T @ x - self.upper.diagonal() * x)


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
    upper, constants = _Band(pixels[box], trimap[box]).equations()
    return System(upper, constants, unknown)


class _Band:
    """The unknown pixels of one frame, with a margin so that no index leaves it.

    Arrays are laid out component by component, so that every operation runs along the pixels.
    """

    def __init__(self, pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> None:
        width = trimap.shape[1] + 2 * _REACH
        margins = ((_REACH, _REACH), (_REACH, _REACH))
        known = np.pad(trimap, margins, constant_values=0)
        unknown = known == UNKNOWN
        #: (3, height * width) uint8.
        self._planes = np.pad(np.moveaxis(pixels, 2, 0), ((0, 0), *margins)).reshape(3, -1)
        self._unknown = np.flatnonzero(unknown)
        #: The subject's pixels that share a window with an unknown one; the background's say nothing.
        self._subject = np.flatnonzero((known == FOREGROUND) & _near(unknown, _REACH))
        #: Flat index -> row of the system; `_SUBJECT` and `_NOTHING` beyond it.
        self._row = np.full(known.size, _NOTHING, np.int32)
        self._row[self._subject] = _SUBJECT
        self._row[self._unknown] = np.arange(len(self._unknown), dtype=np.int32)
        self._window_shifts = [dy * width + dx for dy, dx in _WINDOWS]
        self._shifts = np.array([dy * width + dx for dy, dx in _FORWARD])[:, None]
        # A window lies within the frame: its centre is not on the frame's own border.
        touched = np.zeros_like(unknown)
        rim = (slice(_REACH + 1, -_REACH - 1),) * 2
        touched[rim] = _near(unknown, 1)[rim]
        self._window_of, self._statistics = self._windows(touched.ravel())

    def equations(self) -> tuple[sparse.csr_array, Floats]:
        """Return the matrix's upper triangle and the right-hand side."""
        count = len(self._unknown)
        right = np.zeros(count)
        values, columns, lengths = [], [], []
        for start, centres in _chunks(self._unknown):
            rows, stencil = self._stencil(centres)
            right[start : start + len(centres)] = -np.where(rows == _SUBJECT, stencil, 0.0).sum(axis=0)
            rows, stencil = np.ascontiguousarray(rows.T), np.ascontiguousarray(stencil.T)
            is_unknown = rows >= 0
            values.append(stencil[is_unknown])
            columns.append(rows[is_unknown])
            lengths.append(is_unknown.sum(axis=1))
        for _, centres in _chunks(self._subject):
            rows, stencil = self._stencil(centres)
            is_unknown = rows >= 0
            right -= np.bincount(rows[is_unknown], stencil[is_unknown], count)
        starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32)
        parts = (np.concatenate(values), np.concatenate(columns), starts)
        return sparse.csr_array(parts, shape=(count, count)), right

    def _windows(self, touched: NDArray[np.bool_]) -> tuple[Indices, Floats]:
        """Return each window's number by its centre, and its statistics; the last is an empty window."""
        centres = np.flatnonzero(touched)
        number = np.full(touched.size, len(centres), np.int32)
        number[centres] = np.arange(len(centres), dtype=np.int32)
        statistics = np.zeros((9, len(centres) + 1))
        for start, part in _chunks(centres):
            statistics[:, start : start + len(part)] = windows.statistics(
                self._planes, part, self._window_shifts
            )
        return number, statistics

    def _stencil(self, centres: NDArray[np.intp]) -> tuple[Indices, Floats]:
        """Return the rows of the 13 pixels j from each pixel i on, (13, n), and the entries L_ij.

        A pixel's part in a window is affine in the other pixel's colour, so the windows that two pixels share
        (a rectangle of the 3 x 3) are summed before the colours are multiplied.
        """
        around = centres + self._shifts
        own = self._planes.take(centres, axis=1).astype(np.float64)
        parts = np.empty((3, 3, 4, len(centres)))
        shared = np.zeros(len(centres))
        for shift, part in zip(self._window_shifts, parts.reshape(9, 4, -1), strict=True):
            number = self._window_of.take(centres + shift)
            is_window = number < self._statistics.shape[1] - 1
            self._part(number, own, part)
            part[3] += is_window
            shared += is_window
        by_both = [_shared(rows) for rows in _shared(parts)[_REACH:]]
        stencil = np.empty((len(_FORWARD), len(centres)))
        for entry, place, (dy, dx) in zip(stencil, around, _FORWARD, strict=True):
            red, green, blue, constant = by_both[dy][dx + _REACH]
            step = self._planes.take(place, axis=1) - own
            entry[:] = red * step[0] + green * step[1] + blue * step[2] + constant
        stencil *= -1.0 / 9.0
        stencil[0] += shared
        return self._row.take(around), stencil

    def _part(self, number: Indices, own: Floats, part: Floats) -> None:
        """Write v = Sigma^-1 (I_i - mu) and v . (I_i - mu) into a (4, n) array; zeros without a window."""
        statistics = self._statistics.take(number, axis=1)
        a, b, c, d, e, f = statistics[3:]
        red, green, blue = own - statistics[:3]
        part[0] = a * red + b * green + c * blue
        part[1] = b * red + d * green + e * blue
        part[2] = c * red + e * green + f * blue
        part[3] = part[0] * red + part[1] * green + part[2] * blue


def _shared(parts: Floats) -> list[Floats]:
    """Sum the three along the first axis over the windows that pixels -2, -1, 0, 1, 2 apart share."""
    first, middle, last = parts
    return [first, first + middle, first + middle + last, middle + last, last]


def _near(region: NDArray[np.bool_], reach_px: int) -> NDArray[np.bool_]:
    """Return the (height, width) pixels at most `reach_px` rows and columns from a region."""
    for _ in range(reach_px):
        rows = region.copy()
        rows[1:] |= region[:-1]
        rows[:-1] |= region[1:]
        region = rows.copy()
        region[:, 1:] |= rows[:, :-1]
        region[:, :-1] |= rows[:, 1:]
    return region


def _chunks(places: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield where a chunk begins, and its members."""
    for start in range(0, len(places), _CHUNK_PX):
        yield start, places[start : start + _CHUNK_PX]
