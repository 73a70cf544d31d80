"""The matting Laplacian's equations for the unknown pixels only. Pure.

A. Levin, D. Lischinski and Y. Weiss, "A closed-form solution to natural image matting", 2008, equation 12:
over every 3 x 3 window w that holds pixels i and j,

    L_ij = sum_w  delta_ij - 1/9 (1 + (I_i - mu_w)^T (Sigma_w + eps/9 I)^-1 (I_j - mu_w)).

Known pixels move to the right-hand side, so a row is needed only for each unknown pixel, and a window only
where it touches one: cost grows with the band, not with the photo. The same system as pymatting's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lambdas.image_processor.trimap import FOREGROUND, UNKNOWN

#: Regularises the windows' covariance; the value of the paper's authors and of pymatting.
EPSILON: Final = 1e-7
#: Unknown pixels whose equations are written at once: small enough for the cache.
_CHUNK_PX: Final = 4096
_REACH: Final = 2
#: The 3 x 3 window offsets, and the 5 x 5 offsets of pixels that share a window.
_WINDOWS: Final = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_NEIGHBOURS: Final = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_SELF: Final = _NEIGHBOURS.index((0, 0))

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
    """The unknown pixels of one frame, with a margin so that no index leaves it."""

    def __init__(self, pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> None:
        self.height, self.width = (side + 2 * _REACH for side in trimap.shape)
        margins = ((_REACH, _REACH), (_REACH, _REACH))
        known = np.pad(trimap, margins, constant_values=0)
        self._colours = np.pad(pixels, (*margins, (0, 0))).reshape(-1, 3)
        self._is_subject = known.ravel() == FOREGROUND
        self._unknown = np.flatnonzero(known.ravel() == UNKNOWN)
        #: Flat index -> row of the system, -1 where known.
        self._row = np.full(known.size, -1, np.int32)
        self._row[self._unknown] = np.arange(len(self._unknown), dtype=np.int32)
        self._shifts = [dy * self.width + dx for dy, dx in _NEIGHBOURS]
        self._window_of, self._means, self._inverses = self._windows()

    def equations(self) -> tuple[sparse.csr_array, Floats]:
        """Return the matrix and the right-hand side."""
        count = len(self._unknown)
        right = np.empty(count)
        values, columns, lengths = [], [], []
        for start in range(0, count, _CHUNK_PX):
            centres = self._unknown[start : start + _CHUNK_PX]
            around = centres[:, None] + np.asarray(self._shifts)
            stencil = self._stencil(centres, around)
            right[start : start + len(centres)] = -(stencil * self._is_subject[around]).sum(axis=1)
            rows = self._row[around]
            is_unknown = rows >= 0
            values.append(stencil[is_unknown])
            columns.append(rows[is_unknown])
            lengths.append(is_unknown.sum(axis=1))
        starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32)
        parts = (np.concatenate(values), np.concatenate(columns), starts)
        return sparse.csr_array(parts, shape=(count, count)), right

    def _windows(self) -> tuple[Indices, Floats, Floats]:
        """Return each window's number by its centre (the last number is an empty one), means and inverses."""
        touched = np.zeros((self.height, self.width), np.bool_)
        unknown = (self._row >= 0).reshape(touched.shape)
        for dy, dx in _WINDOWS:
            touched[1:-1, 1:-1] |= unknown[1 + dy : self.height - 1 + dy, 1 + dx : self.width - 1 + dx]
        # A window lies within the frame: its centre is not on the frame's own border.
        rim = _REACH + 1
        inside = np.zeros_like(touched)
        inside[rim:-rim, rim:-rim] = touched[rim:-rim, rim:-rim]
        centres = np.flatnonzero(inside)
        number = np.full(inside.size, len(centres), np.int32)
        number[centres] = np.arange(len(centres), dtype=np.int32)
        means, inverses = np.zeros((len(centres) + 1, 3)), np.zeros((len(centres) + 1, 6))
        for start in range(0, len(centres), _CHUNK_PX):
            part = slice(start, min(start + _CHUNK_PX, len(centres)))
            means[part], inverses[part] = self._statistics(centres[part])
        return number, means, inverses

    def _statistics(self, centres: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return the windows' mean colours and the upper triangles of their inverse covariances."""
        shifts = np.array([dy * self.width + dx for dy, dx in _WINDOWS])
        colours = self._colours[centres[:, None] + shifts].astype(np.float64) / 255.0
        means = colours.mean(axis=1)
        red, green, blue = np.moveaxis(colours - means[:, None], 2, 0)
        a = ((red * red).sum(1) + EPSILON) / 9
        b = (red * green).sum(1) / 9
        c = (red * blue).sum(1) / 9
        d = ((green * green).sum(1) + EPSILON) / 9
        e = (green * blue).sum(1) / 9
        f = ((blue * blue).sum(1) + EPSILON) / 9
        cofactors = np.stack(
            [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
        )
        determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
        return means, (cofactors / determinant).T

    def _stencil(self, centres: NDArray[np.intp], around: NDArray[np.intp]) -> Floats:
        """Return the (n, 25) entries L_ij of each pixel i with the pixels j of its 5 x 5 neighbourhood.

        A pixel's part in a window is affine in the other pixel's colour, so the windows that two pixels share
        (a rectangle of the 3 x 3) are summed before the colours are multiplied.
        """
        own = self._colours[centres].astype(np.float64) / 255.0
        parts = np.empty((3, 3, len(centres), 4))
        valid = np.zeros(len(centres))
        for (dy, dx), part in self._parts(centres, own):
            parts[dy + 1, dx + 1] = part
            valid += part[:, 3] != 0
        by_rows = _shared(parts)
        by_both = [_shared(rows) for rows in by_rows]
        stencil = np.empty((len(centres), len(_NEIGHBOURS)))
        for place, (dy, dx) in enumerate(_NEIGHBOURS):
            shared = by_both[dy + _REACH][dx + _REACH]
            step = self._colours[around[:, place]] / 255.0 - own
            stencil[:, place] = (shared[:, 3] + np.einsum("nc,nc->n", shared[:, :3], step)) / -9.0
        stencil[:, _SELF] += valid
        return stencil

    def _parts(self, centres: NDArray[np.intp], own: Floats) -> Iterator[tuple[tuple[int, int], Floats]]:
        """Yield, per window around each pixel, v = Sigma^-1 (I_i - mu) and 1 + v . (I_i - mu), or zeros."""
        for dy, dx in _WINDOWS:
            number = self._window_of[centres + dy * self.width + dx]
            centred = own - self._means[number]
            a, b, c, d, e, f = self._inverses[number].T
            red, green, blue = centred.T
            part = np.empty((len(centres), 4))
            part[:, 0] = a * red + b * green + c * blue
            part[:, 1] = b * red + d * green + e * blue
            part[:, 2] = c * red + e * green + f * blue
            part[:, 3] = 1.0 + np.einsum("nc,nc->n", part[:, :3], centred)
            part[number == len(self._means) - 1] = 0.0
            yield (dy, dx), part


def _shared(parts: NDArray[np.float64] | list[Floats]) -> list[Floats]:
    """Sum the three along the first axis over the windows that pixels -2, -1, 0, 1, 2 apart share."""
    first, middle, last = parts
    return [first, first + middle, first + middle + last, middle + last, last]
