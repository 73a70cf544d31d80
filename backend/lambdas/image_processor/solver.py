"""Solves the band's equations: a direct factor, refined by conjugate gradients. Pure.

A thin band has a small bandwidth, and LAPACK's banded Cholesky is exact at once (`banded.py`). A wide one is
parted (`dissection.py`, `multifrontal.py`): that factor is in single precision, right to about 1e-5, and as
a preconditioner brings the residual below 1e-8 in one or two steps, at half the memory and time of one in
double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lambdas.image_processor import banded, multifrontal
from lambdas.image_processor.dissection import dissect
from lambdas.image_processor.laplacian import System

#: Relative residual at which the solution is taken; the reference stops at 1e-7.
TOLERANCE: Final = 1e-8
#: Where the banded factor is the faster one, and what it may take.
MAX_BANDWIDTH: Final = 256
MAX_BANDED_BYTES: Final = 288 << 20
_MAX_STEPS: Final = 30

Vector = NDArray[np.float64]


class Factor(Protocol):
    """A factored matrix."""

    def solve(self, right: Vector) -> Vector:
        """Return x with `matrix @ x = right`, nearly."""


class NotConvergedError(ArithmeticError):
    """The residual stayed above the tolerance."""


def solve(system: System, width_px: int) -> Vector:
    """Return the opacity of the unknown pixels, (n,) float64, not clipped.

    Args:
        system: the equations; they couple pixels at most two apart.
        width_px: the photo's.

    Raises:
        NotConvergedError: the residual stayed above the tolerance.
        numpy.linalg.LinAlgError: the matrix is far from positive definite.

    """
    # Panels and fronts are too small to share: more BLAS threads would only spin.
    with threadpool_limits(1, user_api="blas"):
        return _refine(system, factor(system, width_px).solve)


def factor(system: System, width_px: int) -> Factor:
    """Factor with the smallest shift of the diagonal that leaves it positive definite."""
    *attempts, last = _attempts(system, width_px)
    for attempt in attempts:
        with suppress(np.linalg.LinAlgError):
            return attempt()
    return last()


def _attempts(system: System, width_px: int) -> Iterator[Callable[[], Factor]]:
    place = np.divmod(system.pixels, width_px)
    for reach_px in (1, 2):
        numbering = banded.Numbering.of(system.upper, place, reach_px)
        if numbering.bandwidth <= MAX_BANDWIDTH and numbering.size_bytes <= MAX_BANDED_BYTES:
            for shift in banded.SHIFTS:
                yield partial(banded.Factor.of, system.upper, numbering, shift)
            return
    parts = dissect(*place)
    for shift in multifrontal.SHIFTS:
        yield partial(multifrontal.Factor.of, system.upper, parts, shift)


def _refine(system: System, precondition: Callable[[Vector], Vector]) -> Vector:
    """Run preconditioned conjugate gradients (Hestenes and Stiefel, 1952) from the first answer on."""
    enough = TOLERANCE * float(np.linalg.norm(system.right))
    x = precondition(system.right)
    residual = system.right - system.times(x)
    direction, energy = np.zeros_like(x), 1.0
    for _ in range(_MAX_STEPS):
        if np.linalg.norm(residual) <= enough:
            return x
        corrected = precondition(residual)
        energy, before = float(residual @ corrected), energy
        direction = corrected + (energy / before) * direction
        image = system.times(direction)
        step = energy / float(direction @ image)
        x += step * direction
        residual -= step * image
    raise NotConvergedError(f"the residual is still above {TOLERANCE:g} after {_MAX_STEPS} steps")
