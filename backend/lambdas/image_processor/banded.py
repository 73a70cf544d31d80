"""Banded Cholesky in double precision: fastest where a thin band can be numbered along itself. Pure.

E. Cuthill and J. McKee, "Reducing the bandwidth of sparse symmetric matrices", 1969: unknowns numbered by
their distance along the band touch only unknowns with near numbers, and LAPACK's `pbtrf` works on these
diagonals alone. Around a closed outline the numbers run both ways at once, so a diagonal is about twice as
far out as the band is wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse.csgraph import reverse_cuthill_mckee

#: Relative shifts of the diagonal, tried in turn: flat colours make equations that rounding leaves singular.
SHIFTS: Final = (1e-13, 1e-9, 1e-5)

_CHUNK_ROWS: Final = 16384

Indices = NDArray[np.int32]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Numbering:
    """In which order the unknowns are eliminated."""

    #: (n,) the unknowns in their new order, and each unknown's new number.
    order: Indices
    number: Indices
    #: How far from the diagonal the farthest entry lies.
    bandwidth: int

    @classmethod
    def of(cls, upper: sparse.csr_array, place: tuple[Places, Places], reach_px: int = 1) -> Self:
        """Return a numbering of small bandwidth.

        Args:
            upper: (n, n) upper triangle of the matrix.
            place: row and column of each unknown in the photo.
            reach_px: unknowns this far apart count as neighbours. With 1 steps are half as long as equations
                reach: eight neighbours instead of 24, a third of the time, and a finer order. What hangs
                together only across a known pixel needs 2.

        """
        order = reverse_cuthill_mckee(_neighbours(*place, reach_px), symmetric_mode=True)
        number = np.empty_like(order)
        number[order] = np.arange(len(order), dtype=order.dtype)
        reaches = [np.abs(rows - columns).max() for rows, columns, _ in _entries(upper, number)]
        return cls(order, number, int(max(reaches)))

    @property
    def size_bytes(self) -> int:
        """Return what the factor takes."""
        return len(self.order) * (self.bandwidth + 1) * np.dtype(np.float64).itemsize


@dataclass(frozen=True, slots=True)
class Factor:
    """A Cholesky factor in LAPACK's lower band storage."""

    order: Indices
    #: (bandwidth + 1, n) float64, column by column.
    band: NDArray[np.float64]

    @classmethod
    def of(cls, upper: sparse.csr_array, numbering: Numbering, shift: float) -> Self:
        """Factor.

        Args:
            upper: (n, n) upper triangle of a symmetric positive definite matrix, float64.
            numbering: of its unknowns.
            shift: added to the diagonal, relative.

        Raises:
            numpy.linalg.LinAlgError: even so it is not positive definite in double precision.

        """
        depth = numbering.bandwidth + 1
        band = np.zeros((depth, len(numbering.order)), order="F")
        flat = band.ravel(order="K")
        for rows, columns, values in _entries(upper, numbering.number):
            places = np.minimum(rows, columns).astype(np.intp)
            places *= depth
            places += np.abs(rows - columns)
            flat[places] = values
        band[0] *= 1 + shift
        factor, status = lapack.dpbtrf(band, lower=1, overwrite_ab=1)
        if status:
            raise np.linalg.LinAlgError("the band's equations are not positive definite")
        return cls(numbering.order, factor)

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x with `matrix @ x = right`, as exact as double precision is."""
        solution = np.empty_like(right)
        solution[self.order] = lapack.dpbtrs(self.band, right[self.order], lower=1, overwrite_b=1)[0]
        return solution


def _neighbours(rows: Places, columns: Places, reach_px: int) -> sparse.csr_array:
    """Return (n, n), which unknowns are at most `reach_px` rows and columns apart."""
    rows, columns = rows - rows.min() + reach_px, columns - columns.min() + reach_px
    width = int(columns.max()) + 1 + reach_px
    places = rows * width + columns
    number = np.full((int(rows.max()) + 1 + reach_px) * width, -1, np.int32)
    number[places] = np.arange(len(places), dtype=np.int32)
    steps = range(-reach_px, reach_px + 1)
    shifts = np.array([down * width + right for down in steps for right in steps])
    around = number.take(places[:, None] + shifts)
    around[:, len(steps) ** 2 // 2] = -1
    is_there = around >= 0
    starts = np.concatenate([[0], np.cumsum(is_there.sum(axis=1))]).astype(np.int32)
    found = around[is_there]
    return sparse.csr_array((np.ones(len(found), np.int8), found, starts), shape=(len(places),) * 2)


def _entries(
    upper: sparse.csr_array, number: Indices
) -> Iterator[tuple[Indices, Indices, NDArray[np.float64]]]:
    """Yield new rows, new columns and values, some rows at a time: they need room beside the band."""
    for start in range(0, len(number), _CHUNK_ROWS):
        starts = upper.indptr[start : start + _CHUNK_ROWS + 1]
        span = slice(starts[0], starts[-1])
        rows = np.repeat(number[start : start + _CHUNK_ROWS], np.diff(starts))
        yield rows, number.take(upper.indices[span]), upper.data[span]
