"""What the critic alone is shown: closed, whole, and none of what the judge is measured on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import candidates, stumps
from training.arrangements import ARRANGEMENTS, Arrangement
from training.dice import Dice
from training.judging.objects import UNSEEN
from training.judging.scenes import compose
from training.judging.strangers import STRANGERS
from training.library import Library, Stock
from training.paint import Paint
from training.pillars import PILLARS, pillar
from training.prisms import PRISMS, drum, prism
from training.stumps import Stump
from training.tomes import TOMES, lying_tome, standing_tome

SMALL = Stock(covers=8, sheets=4, spines=5, edges=3, spreads=3, pages=2, surfaces=6)


@pytest.fixture(scope="module")
def library() -> Library:
    """A few textures."""
    return Library.printed(Paint(Dice(8)), SMALL)


def test_they_are_kinds_of_their_own() -> None:
    """The critic alone is taught with them: the judge is neither fitted nor measured on them."""
    assert not {*PRISMS, *PILLARS, *TOMES} & {*ARRANGEMENTS, *UNSEEN, *STRANGERS}
    assert {**ARRANGEMENTS, **PRISMS, **PILLARS, **TOMES} == candidates.SHOWN


@given(st.integers(0, 2**32 - 1))
def test_none_is_a_box(seed: int) -> None:
    """Of four sides, a corner at the least is far from a right angle."""
    corners = stumps.polygon(Dice(seed), 4)
    sides = np.roll(corners, -1, 0) - corners
    turns = np.arctan2(sides[:, 1], sides[:, 0])
    angles = np.degrees(turns - np.roll(turns, 1)) % 360
    assert np.isclose(angles.sum(), 360)
    assert np.abs(angles - 90).max() > 12


def test_a_stump_narrows_to_its_top() -> None:
    """Evenly along its axis."""
    square = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    stump = Stump(square, np.eye(3), np.zeros(3), 2.0, 0.5)
    np.testing.assert_allclose(stump.ring(0)[:, :2], square)
    np.testing.assert_allclose(stump.ring(1)[:, :2], square / 2)
    np.testing.assert_allclose(stump.ring(0.5), np.column_stack([square * 0.75, np.ones(4)]))


@pytest.mark.parametrize("arrangement", [prism, pillar])
@pytest.mark.parametrize("seed", range(6))
def test_every_side_looks_outwards(library: Library, arrangement: Arrangement, seed: int) -> None:
    """Faces are turned to the camera, and flat."""
    shown = arrangement(library, Dice(seed))
    for face in shown.faces:
        assert (shown.camera.position - face.corners.mean(0)) @ face.normal > 0
        # In one plane: what is painted is what stands there.
        spread = (face.corners - face.corners.mean(0)) @ face.normal
        assert np.abs(spread).max() < 1e-6


def test_each_can_be_shown(library: Library) -> None:
    """In a scene each, with sides that a mask may lose."""
    paint = Paint(Dice(8))
    for index, arrangement in enumerate((prism, drum, pillar, lying_tome, standing_tome)):
        scenes = [compose(library, paint.with_dice(Dice(8, index, n)), {arrangement: 1.0}) for n in range(4)]
        assert all(0.03 < scene.truth.mean() < 0.93 for scene in scenes)
        assert any(scene.layers["block"].any() for scene in scenes)
        assert all((scene.layers["block"] & ~scene.truth).mean() < 0.01 for scene in scenes)
