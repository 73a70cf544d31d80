"""A look from farther away: what is shown, in whose frame the answer is, and who is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lambdas.image_processor.domain import Mask, Photo
from lambdas.image_processor.farther_look import differ, from_farther, likelier
from lambdas.image_processor.working_size import Patch
from tests import masks, scenes

Bytes = NDArray[np.uint8]
BOOK = Photo(scenes.scene(scenes.BOOK), "JPEG")
WHOLE = masks.mask_of(scenes.BOOK)
#: The book and what lies before it, down to the frame.
RUN_ON = masks.with_more(WHOLE, [(0.3, 0.7), (0.7, 0.7), (0.7, 1.0), (0.3, 1.0)])
LACKING = masks.without(WHOLE, [(0.1, 0.05), (0.9, 0.05), (0.9, 0.35), (0.1, 0.35)])


def bright(pixels: Bytes) -> Mask:
    """Find what is bright."""
    return Mask(np.where(pixels[..., 0] > 127, 255, 0).astype(np.uint8), np.zeros((4, 4), np.float32))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90))
def test_the_answer_is_in_the_pictures_own_frame(height: int, width: int) -> None:
    """Whatever is drawn out around it for the look."""
    pixels = np.random.default_rng(height * 100 + width).integers(0, 2, (height, width, 1), np.uint8) * 255
    found = from_farther(pixels.repeat(3, 2), bright)
    assert (found.alpha == pixels[..., 0]).all()


def test_borders_are_drawn_out_on_all_sides() -> None:
    """By a seventh of the longest side: what reaches a border reaches on, and no new edge is made."""
    shown: list[Bytes] = []

    def look(pixels: Bytes) -> Mask:
        shown.append(pixels)
        return bright(pixels)

    pixels = np.random.default_rng(2).integers(0, 255, (100, 200, 3), np.uint8)
    from_farther(pixels, look)
    (larger,) = shown
    assert larger.shape == (160, 260, 3)
    assert (larger[30:130, 30:230] == pixels).all()
    assert (larger[:30, 30:230] == pixels[0]).all()
    assert (larger[30:130, 230:] == pixels[:, -1:]).all()


def test_a_large_photo_is_shown_smaller() -> None:
    """The model asks for no more; the mask is as large as the photo all the same, and in the same place."""
    pixels = np.zeros((2500, 3101, 3), np.uint8)
    pixels[600:1800, 900:2400] = 220

    def look(shown: Bytes) -> Mask:
        assert max(shown.shape) < 1600
        return bright(shown)

    found = from_farther(pixels, look).alpha > 127
    assert found.shape == (2500, 3101)
    assert (found != (pixels[..., 0] > 127)).mean() < 0.001


def test_what_differs() -> None:
    """Less than nine tenths in common; an empty mask says nothing about where a subject ends."""
    empty = np.zeros_like(WHOLE.alpha)
    told = [differ(WHOLE.alpha, other) for other in (WHOLE.alpha, RUN_ON.alpha, LACKING.alpha, empty)]
    assert [False, True, True, False] == told


@pytest.mark.parametrize("wrong", [RUN_ON, LACKING], ids=["runs on", "lacks a side"])
def test_the_photo_decides(wrong: Mask) -> None:
    """The critic believes both; edges and colours know whether the piece in dispute belongs."""

    def credulous(alpha: Bytes) -> Patch:
        return replace(masks.patch(alpha), rightness=0.99)

    assert likelier(BOOK, wrong, WHOLE, credulous) == replace(WHOLE, rightness=0.99)
    assert likelier(BOOK, WHOLE, wrong, credulous) is WHOLE
    same = replace(WHOLE)
    assert likelier(BOOK, WHOLE, same, credulous) is WHOLE


def test_what_the_critic_does_not_find_right_is_not_taken() -> None:
    """Edges and colours alone do not make a row of books a book."""

    def undecided(alpha: Bytes) -> Patch:
        return replace(masks.patch(alpha), rightness=0.85)

    assert likelier(BOOK, LACKING, WHOLE, undecided) is LACKING


def test_what_the_judge_refuses_is_not_taken() -> None:
    """Of two wrong masks the first stands."""

    def doubting(alpha: Bytes) -> Patch:
        return replace(masks.patch(WHOLE.alpha), rightness=0.01)

    assert likelier(BOOK, RUN_ON, LACKING, doubting) is RUN_ON


def test_a_page_that_fills_the_frame_is_no_book() -> None:
    """However likely: from farther away a subject may end, but not be cut by more of the frame."""

    def credulous(alpha: Bytes) -> Patch:
        return replace(masks.patch(alpha), rightness=0.99)

    cropped: scenes.Corners = [(-0.2, -0.2), (1.2, -0.2), (1.2, 0.8), (-0.2, 0.75)]
    photo, whole = Photo(scenes.scene(cropped), "JPEG"), masks.mask_of(cropped)
    corner = masks.without(whole, [(-0.2, -0.2), (1.2, -0.2), (1.2, 0.4), (-0.2, 0.4)])
    assert likelier(photo, corner, whole, credulous) is corner
