"""Both factors against dense algebra, and which of them a band gets."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lambdas.image_processor import banded, laplacian, multifrontal, solver
from lambdas.image_processor.dissection import dissect

SIDE = 64


def problem(unknown: tuple[slice, slice], seed: int = 1) -> laplacian.System:
    """Return the equations of a rectangle in a grainy photo, the subject above the middle."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    trimap = np.zeros((SIDE, SIDE), np.uint8)
    trimap[: SIDE // 2] = 255
    trimap[unknown] = 128
    return laplacian.assemble(pixels, trimap)


def dense(system: laplacian.System) -> NDArray[np.float64]:
    """Return the whole matrix."""
    upper = system.upper.toarray()
    return np.asarray(upper + np.triu(upper, 1).T)


def numbered(system: laplacian.System, reach_px: int = 1) -> banded.Numbering:
    """Return the numbering of a system's unknowns."""
    return banded.Numbering.of(system.upper, np.divmod(system.pixels, SIDE), reach_px)


@pytest.fixture(params=["thin", "wide"])
def system(request: pytest.FixtureRequest) -> laplacian.System:
    """Return a band along the middle, or nearly the whole frame."""
    return problem((slice(28, 36), slice(None)) if request.param == "thin" else (slice(4, 60), slice(4, 60)))


def test_the_matrix_is_multiplied_whole(system: laplacian.System) -> None:
    """The upper triangle stands for both."""
    x = np.random.default_rng(2).standard_normal(len(system.right))
    np.testing.assert_allclose(system.times(x), dense(system) @ x, atol=1e-10)


def test_banded_is_exact(system: laplacian.System) -> None:
    """Double precision leaves no work to the refinement."""
    numbering = numbered(system)
    found = banded.Factor.of(system.upper, numbering, 0.0).solve(system.right)
    np.testing.assert_allclose(found, np.linalg.solve(dense(system), system.right), atol=1e-7)


def test_multifrontal_is_near(system: laplacian.System) -> None:
    """Single precision, before refinement."""
    parts = dissect(*np.divmod(system.pixels, SIDE))
    found = multifrontal.Factor.of(system.upper, parts, 1e-6).solve(system.right)
    np.testing.assert_allclose(found, np.linalg.solve(dense(system), system.right), atol=1e-2)


def test_either_way_the_answer_is_the_same(system: laplacian.System) -> None:
    """A frame as wide as its bandwidth limit and one beyond it meet the same tolerance."""
    expected = np.linalg.solve(dense(system), system.right)
    np.testing.assert_allclose(solver.solve(system, SIDE), expected, atol=1e-5)


def test_a_band_is_numbered_along_itself() -> None:
    """Four times as long, as near to the diagonal."""
    short = numbered(problem((slice(30, 34), slice(0, 16))))
    long = numbered(problem((slice(30, 34), slice(0, 64))))
    assert short.bandwidth == long.bandwidth <= 2 * (2 * 4 + 2)
    assert long.size_bytes == len(long.order) * (long.bandwidth + 1) * 8


def test_a_gap_of_one_pixel_is_bridged() -> None:
    """Equations reach across it: parts that only they join are numbered together at the longer reach."""
    pixels = np.random.default_rng(4).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    trimap = np.zeros((SIDE, SIDE), np.uint8)
    trimap[: SIDE // 2] = 255
    trimap[28:31] = trimap[32:35] = 128
    system = laplacian.assemble(pixels, trimap)
    assert numbered(system).bandwidth > 100 > 2 * (2 * 7 + 2) >= numbered(system, reach_px=2).bandwidth


def test_a_matrix_that_is_not_definite_is_refused() -> None:
    """Both say so by the same error, so that a larger shift is tried."""
    system = problem((slice(28, 36), slice(None)))
    system.upper.setdiag(-1.0)
    with pytest.raises(np.linalg.LinAlgError):
        banded.Factor.of(system.upper, numbered(system), 0.0)
    with pytest.raises(np.linalg.LinAlgError):
        multifrontal.Factor.of(system.upper, dissect(*np.divmod(system.pixels, SIDE)), 0.0)


def test_only_a_thin_band_is_solved_banded() -> None:
    """A region as wide as it is long is parted instead."""
    thin = problem((slice(28, 36), slice(None)))
    assert isinstance(solver.factor(thin, SIDE), banded.Factor)
    trimap = np.pad(np.full((300, 300), 128, np.uint8), 4, constant_values=255)
    pixels = np.random.default_rng(3).integers(0, 256, (*trimap.shape, 3), np.uint8)
    wide = laplacian.assemble(pixels, trimap)
    assert isinstance(solver.factor(wide, trimap.shape[1]), multifrontal.Factor)
