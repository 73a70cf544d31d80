"""What touches the subject is painted around it and is never counted as part of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from training.arrangements import Staging, standing
from training.camera import Framing
from training.canvas import Canvas, filled
from training.dice import Dice
from training.library import Library, Stock
from training.mix import Mix
from training.neighbours import NEIGHBOURS, Neighbour, Subject, reflection
from training.paint import Paint
from training.scenes import render

SIDE = 128
STOCK = Stock(covers=4, sheets=3, spines=3, edges=2, spreads=2, pages=1, surfaces=4)
#: A square in the middle.
OUTLINE = np.asarray([[40.0, 40.0], [88.0, 40.0], [88.0, 88.0], [40.0, 88.0]])
SUBJECT = Subject(OUTLINE, np.full(3, 150, np.float32))


@pytest.fixture(scope="module")
def library() -> Library:
    """A small stock of textures."""
    return Library.printed(Paint(Dice(11)), STOCK)


def painted(neighbour: Neighbour, library: Library, paint: Paint, count: int) -> Iterator[Canvas]:
    """Yield bare canvases with one neighbour each."""
    for index in range(count):
        canvas = Canvas.over(np.full((SIDE, SIDE, 3), 90, np.float32))
        neighbour(canvas, library, paint.with_dice(Dice(11, index)), SUBJECT)
        yield canvas


@pytest.mark.parametrize("neighbour", list(NEIGHBOURS), ids=lambda neighbour: neighbour.__name__)
def test_a_neighbour_shows_beside_the_subject_and_is_not_counted(
    neighbour: Neighbour, library: Library
) -> None:
    """Something is seen outside the outline, almost always, and the coverage stays empty."""
    outside = filled(SIDE, OUTLINE) == 0
    seen = 0
    for canvas in painted(neighbour, library, Paint(Dice(12)), 24):
        assert not canvas.coverage.any()
        assert np.isfinite(canvas.pixels).all()
        seen += bool((np.abs(canvas.pixels - 90).max(2)[outside] > 4).any())
    assert seen >= 20


def test_the_subjects_tone_is_its_nearest_faces(library: Library) -> None:
    """Neighbours of like tone need the mean colour of what is painted last."""
    staging = standing(library, Dice(4))
    tone = Subject.of(staging, OUTLINE).tone
    nearest = staging.faces[-1].texture[..., :3].reshape(-1, 3).mean(0)
    assert np.abs(tone - nearest).max() < 12


def test_a_reflection_lies_below_what_stands(library: Library) -> None:
    """The mirror image shows under the book's foot, never above its head, and is not counted."""
    staging = standing(library, Dice(5))
    framing = _fitted(staging)
    canvas = Canvas.over(np.full((SIDE, SIDE, 3), 90, np.float32))
    reflection(canvas, staging, framing, Paint(Dice(13)))
    changed = np.abs(canvas.pixels - 90).max(2) > 1
    rows = np.flatnonzero(changed.any(1))
    top = framing.to_pixels(staging.camera.project(staging.extent))[:, 1].min()
    assert changed.any()
    assert rows.mean() > SIDE / 2
    assert rows.min() > top
    assert not canvas.coverage.any()


def test_scenes_with_neighbours_keep_the_subjects_own_mask(library: Library) -> None:
    """Neighbours in every scene change the share of the frame that counts as the subject by little."""
    coverages = []
    for share in (0.0, 1.0):
        mix = Mix(negatives=0, neighbour=share)
        paint = Paint(Dice(14))
        samples = [render(library, paint.with_dice(Dice(14, index)), SIDE, mix) for index in range(40)]
        coverages.append(np.mean([sample.mask.mean() / 255 for sample in samples]))
    assert coverages[1] == pytest.approx(coverages[0], rel=0.35)


def _fitted(staging: Staging) -> Framing:
    """Frame a subject in the upper half of the picture."""
    points = staging.camera.project(staging.extent)
    low, high = points.min(0), points.max(0)
    scale = np.full(2, SIDE * 0.4 / (high - low).max())
    return Framing(scale, np.asarray([SIDE / 2, SIDE * 0.3]) - (low + high) / 2 * scale)
