"""Solves the band's equations directly: pixels along an outline make a matrix of small bandwidth. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import solveh_banded
from scipy.sparse.csgraph import reverse_cuthill_mckee
from threadpoolctl import threadpool_limits


def solve(matrix: sparse.csr_array, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x with `matrix @ x = right`.

    Reverse Cuthill-McKee orders the unknowns along the band, LAPACK's banded Cholesky factors them.

    Args:
        matrix: (n, n) symmetric positive definite, float64.
        right: (n,) float64.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite.

    """
    order = reverse_cuthill_mckee(matrix, symmetric_mode=True)
    place = np.empty_like(order)
    place[order] = np.arange(len(order), dtype=order.dtype)
    rows = place[np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))]
    columns = place[matrix.indices]
    upper = columns >= rows
    rows, columns = rows[upper], columns[upper]
    bandwidth = int((columns - rows).max())
    banded = np.zeros((bandwidth + 1, matrix.shape[0]), order="F")
    banded[bandwidth + rows - columns, columns] = matrix.data[upper]
    solution = np.empty(len(right))
    # Its blocks are too small to share: more threads would only spin.
    with threadpool_limits(1, user_api="blas"):
        solution[order] = solveh_banded(
            banded, right[order], overwrite_ab=True, overwrite_b=True, check_finite=False
        )
    return solution
