"""Sparse Cholesky by dense fronts. Pure.

I. S. Duff and J. K. Reid, "The multifrontal solution of indefinite sparse symmetric linear equations", 1983:
each part of a nested dissection is a small dense matrix over its own unknowns and the later ones they touch;
LAPACK eliminates its own, and what this does to the later ones is handed to the part above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas, lapack

from lambdas.image_processor.dissection import Part

#: Relative shifts of the diagonal, tried in turn: flat colours make equations that rounding leaves singular.
#: A larger one costs steps of refinement, never exactness.
SHIFTS: Final = (1e-6, 1e-4, 1e-2)

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Front:
    """One eliminated part."""

    #: Its unknowns are `start` .. `stop` of the elimination's order.
    start: int
    stop: int
    #: Later unknowns that it touches, ascending.
    border: Indices
    #: (n, n) upper Cholesky factor of its own block.
    own: Matrix
    #: (n, m) factor towards the border.
    towards: Matrix


@dataclass(frozen=True, slots=True)
class Factor:
    """A Cholesky factor in single precision."""

    order: NDArray[np.intp]
    fronts: Sequence[_Front]

    @classmethod
    def of(cls, upper: sparse.csr_array, parts: Sequence[Part], shift: float) -> Self:
        """Factor.

        Args:
            upper: (n, n) upper triangle of a symmetric positive definite matrix, float64.
            parts: a nested dissection of its unknowns.
            shift: added to the diagonal, relative: what rounding takes where the matrix is almost singular.

        Raises:
            numpy.linalg.LinAlgError: even so it is not positive definite in single precision.

        """
        order = np.concatenate([part.members for part in parts])
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        ordered = sparse.csr_array(upper + sparse.triu(upper, 1).T)[order]
        rows = _Rows(ordered.indptr, place[ordered.indices], ordered.data.astype(np.float32))
        fronts: list[_Front] = []
        # What each part left for the parts above; taken out as it is used.
        updates: dict[int, Matrix] = {}
        start = 0
        for number, part in enumerate(parts):
            stop = start + len(part.members)
            below = [(fronts[child].border, updates.pop(child)) for child in part.children]
            front, updates[number] = _eliminate(rows, start, stop, below, np.float32(1 + shift))
            fronts.append(front)
            start = stop
        return cls(order, fronts)

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x with `matrix @ x = right`, as exact as single precision is."""
        x = right[self.order].astype(np.float32)
        for front in self.fronts:
            own = lapack.strtrs(front.own, x[front.start : front.stop], trans=1)[0]
            x[front.start : front.stop] = own
            x[front.border] -= own @ front.towards
        for front in reversed(self.fronts):
            own = x[front.start : front.stop] - front.towards @ x[front.border]
            x[front.start : front.stop] = lapack.strtrs(front.own, own)[0]
        solution = np.empty(len(right))
        solution[self.order] = x
        return solution


@dataclass(frozen=True, slots=True)
class _Rows:
    """The matrix's rows in the order of elimination."""

    starts: Indices
    columns: Indices
    values: Vector

    def upper(self, start: int, stop: int) -> tuple[NDArray[np.intp], Indices, Vector]:
        """Return row (counted from `start`), column and value of the block's entries not left of it."""
        span = slice(self.starts[start], self.starts[stop])
        columns = self.columns[span]
        kept = np.flatnonzero(columns >= start)
        lengths = self.starts[start + 1 : stop + 1] - self.starts[start:stop]
        rows = np.repeat(np.arange(stop - start), lengths)
        return rows[kept], columns[kept], self.values[span][kept]


def _eliminate(
    rows: _Rows, start: int, stop: int, below: Sequence[tuple[Indices, Matrix]], raised: np.float32
) -> tuple[_Front, Matrix]:
    """Assemble one front from its rows and its children's updates, and eliminate its own unknowns.

    Only upper triangles are kept up to date.
    """
    own_rows, columns, values = rows.upper(start, stop)
    later = [columns[columns >= stop], *(border[np.searchsorted(border, stop) :] for border, _ in below)]
    # Not `unique`, which would import numpy's masked arrays.
    sorted_later = np.sort(np.concatenate(later))
    border = sorted_later[np.diff(sorted_later, prepend=-1) > 0]
    count = stop - start
    places = np.concatenate([np.arange(start, stop, dtype=np.int32), border])
    front = np.zeros((len(places), len(places)), np.float32, order="F")
    front[own_rows, np.searchsorted(places, columns)] = values
    diagonal = np.arange(count)
    front[diagonal, diagonal] *= raised
    for child_border, update in below:
        _add_upper(front, np.searchsorted(places, child_border), update)
    own, status = lapack.spotrf(front[:count, :count])
    if status:
        raise np.linalg.LinAlgError("the band's equations are not positive definite")
    towards = blas.strsm(1.0, own, front[:count, count:], trans_a=1)
    update = np.asfortranarray(front[count:, count:])
    if len(border):
        update = blas.ssyrk(-1.0, towards, beta=1.0, c=update, trans=1, overwrite_c=1)
    return _Front(start, stop, border, own, towards), update


def _add_upper(front: Matrix, here: NDArray[np.intp], update: Matrix) -> None:
    """Add an update's upper triangle at ascending places, run by run: most places are neighbours."""
    breaks = np.flatnonzero(np.diff(here) != 1) + 1
    ends = [*breaks.tolist(), len(here)]
    runs = [slice(first, last) for first, last in zip([0, *ends[:-1]], ends, strict=True) if last > first]
    targets = [slice(int(here[run.start]), int(here[run.start]) + run.stop - run.start) for run in runs]
    for number, (run, target) in enumerate(zip(runs, targets, strict=True)):
        for above, above_target in zip(runs[: number + 1], targets[: number + 1], strict=True):
            front[above_target, target] += update[above, run]
