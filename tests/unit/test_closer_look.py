"""Where a second look is worth it, and when it is believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.closer_look import adopt, surroundings


def box(top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
    alpha = np.zeros((400, 300), np.uint8)
    alpha[top:bottom, left:right] = 255
    return alpha


def test_the_surroundings_are_the_box_and_a_margin() -> None:
    """15 % and four pixels on each side."""
    assert surroundings(box(100, 300, 120, 180)) == (slice(66, 334), slice(107, 193))


def test_the_margin_ends_at_the_frame() -> None:
    """A book cut by the frame stays cut there."""
    found = surroundings(box(0, 200, 250, 300))
    assert found is not None
    assert (found[0].start, found[1].stop) == (0, 300)


def test_no_second_look_without_a_subject_or_a_gain() -> None:
    """Nothing, nearly everything, and a speck."""
    assert surroundings(box(0, 0, 0, 0)) is None
    assert surroundings(box(10, 395, 5, 295)) is None
    assert surroundings(box(200, 203, 100, 103)) is None


def test_a_second_look_that_agrees_is_adopted() -> None:
    """In the photo's frame, empty outside the box."""
    first = box(100, 300, 120, 180)
    where = surroundings(first)
    assert where is not None
    closer = first[where].copy()
    closer[: 100 - where[0].start + 5] = 0
    adopted = adopt(first, closer, where)
    assert np.array_equal(adopted, box(105, 300, 120, 180))


def test_a_second_look_that_sees_something_else_is_not_believed() -> None:
    """The title alone, or nothing at all."""
    first = box(100, 300, 120, 180)
    where = surroundings(first)
    assert where is not None
    assert adopt(first, np.zeros_like(first[where]), where) is first
    title = np.zeros_like(first[where])
    title[50:90, 20:60] = 255
    assert adopt(first, title, where) is first
