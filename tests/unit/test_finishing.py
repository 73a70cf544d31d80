"""What is made of the embedded model's mask once it has looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.finishing import finished
from lambdas.image_processor.recipes import BOOK, CRITIC, ModelSpec
from tests import masks, scenes

PLAIN = replace(BOOK, corrected_by=None, looks_farther=False, straightens_sides=False)
HEIGHT, WIDTH = 720, 960


def board(left: int, right: int) -> NDArray[np.uint8]:
    """Return a mask of an upright rectangle."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[120:600, left:right] = 255
    return alpha


BOARD = board(240, 660)
PHOTO = Photo(np.where(BOARD[..., None] > 0, 190, 40).repeat(3, 2).astype(np.uint8), "PNG")
MASK = Mask(BOARD, np.zeros((4, 4), np.float32))


def never(spec: ModelSpec, pixels: NDArray[np.uint8]) -> Mask:
    """Refuse a further look."""
    raise AssertionError("looked again")


def nothing(spec: ModelSpec, pixels: NDArray[np.uint8]) -> Mask:
    """Find no subject."""
    del spec
    return replace(MASK, alpha=np.zeros(pixels.shape[:2], np.uint8))


def silent(spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
    """Refuse to criticise."""
    raise AssertionError("the critic was asked")


def test_nothing_is_made_of_it_unasked() -> None:
    """A model whose spec asks for nothing keeps its mask."""
    assert (finished(PLAIN, MASK, PHOTO, never, silent).alpha == BOARD).all()


def test_straight_sides_are_put_on_the_photos_edges() -> None:
    """A side that wavers by up to six pixels beside an edge is nearly on it afterwards; raw output stays."""
    wavering = BOARD.copy()
    for row in range(120, 600):
        wavering[row, 660 : 660 + (row // 9) % 7] = 255
    mask = Mask(wavering, MASK.probability)
    result = finished(replace(PLAIN, straightens_sides=True), mask, PHOTO, never, silent)
    errors = [int(((alpha > 127) != (BOARD > 127))[150:570].sum()) for alpha in (wavering, result.alpha)]
    assert errors[0] > 1200
    assert errors[1] <= 420
    assert result.probability is mask.probability


def test_a_critic_that_agrees_is_asked_both_ways() -> None:
    """Once as it is and once in a mirror, of the part around the mask; the mask stays as it was drawn."""
    asked: list[NDArray[np.uint8]] = []

    def agreeing(spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        assert spec is CRITIC
        asked.append(alpha)
        steps = [np.arange(spec.input_side_px) * size // spec.input_side_px for size in alpha.shape]
        return Critique((alpha[np.ix_(*steps)] / 255).astype(np.float32), 0.97)

    uneven = board(240, 900)
    uneven[: uneven.shape[0] // 2, 500:] = 0
    result = finished(
        replace(PLAIN, corrected_by=CRITIC), replace(MASK, alpha=uneven), PHOTO, never, agreeing
    )
    assert (result.alpha == uneven).all()
    first, second = asked
    assert (first[::-1] == second).all()
    assert not (first == second).all()


def test_how_right_the_critic_finds_it_is_told() -> None:
    """The judge has nobody else to ask about this model's masks."""

    def doubtful(spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        del part, alpha
        return Critique(np.zeros((spec.input_side_px,) * 2, np.float32), 0.04)

    spec = replace(PLAIN, corrected_by=CRITIC)
    result = finished(spec, MASK, PHOTO, nothing, doubtful)
    assert (result.alpha == BOARD).all()
    assert result.rightness == pytest.approx(0.04)
    assert finished(PLAIN, MASK, PHOTO, never, silent).rightness is None


def test_a_farther_look_is_taken_where_it_is_likelier() -> None:
    """It is looked at in full only where a glance differs; the critic says of it how right it is."""
    asked: list[ModelSpec] = []
    spec = replace(PLAIN, corrected_by=CRITIC, looks_farther=True)
    photo, whole = Photo(scenes.scene(scenes.BOOK), "JPEG"), masks.mask_of(scenes.BOOK)
    run_on = masks.with_more(whole, [(0.3, 0.7), (0.7, 0.7), (0.7, 1.0), (0.3, 1.0)])

    def look(given: ModelSpec, pixels: NDArray[np.uint8]) -> Mask:
        asked.append(given)
        red = pixels[..., 0].astype(int) - pixels[..., 1] > 50
        return masks.from_alpha(np.where(red, 255, 0).astype(np.uint8))

    def credulous(given: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        del part
        steps = [np.arange(given.input_side_px) * size // given.input_side_px for size in alpha.shape]
        return Critique((alpha[np.ix_(*steps)] / 255).astype(np.float32), 0.97)

    result = finished(spec, run_on, photo, look, credulous)
    assert [spec.asked_once(), spec] == asked
    assert ((result.alpha > 127) ^ (whole.alpha > 127)).mean() < 0.01
    assert result.rightness == pytest.approx(0.97)
    assert (finished(spec, whole, photo, look, credulous).alpha == whole.alpha).all()
    assert 3 == len(asked)
