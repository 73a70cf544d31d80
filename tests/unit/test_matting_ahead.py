"""Matting begun before the verdict: the same picture, and nothing left of a mask that is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lambdas.image_processor import matting
from lambdas.image_processor.domain import Cutout, Photo
from lambdas.image_processor.matting_ahead import MattingAhead
from lambdas.image_processor.recipes import Matting
from tests import masks, scenes

PHOTO = Photo(scenes.scene(scenes.BOOK), "JPEG")
MASK = masks.mask_of(scenes.BOOK)
#: Of another size than the photo: matting it fails.
BROKEN = masks.mask_of(scenes.BOOK, size_px=(40, 30))


def same(one: Cutout, other: Cutout) -> bool:
    return bool((one.alpha == other.alpha).all() and (one.foreground == other.foreground).all())


@pytest.mark.parametrize("is_begun", [True, False])
def test_the_cutout_is_the_same(is_begun: bool) -> None:
    """Begun before or after the verdict."""
    with MattingAhead(PHOTO) as ahead:
        if is_begun:
            ahead.begin(MASK, Matting())
        cutout, seconds = ahead.finish(MASK, Matting())
    assert same(matting.matte(PHOTO.pixels, MASK.alpha, Matting()), cutout)
    assert seconds > 0


def test_a_refused_mask_is_forgotten() -> None:
    """Even where its matting fails; the next mask's is what counts."""
    with MattingAhead(PHOTO) as ahead:
        ahead.begin(BROKEN, Matting())
        ahead.drop()
        ahead.begin(MASK, Matting())
        assert ahead.finish(MASK, Matting())[0].is_matted


def test_what_fails_ahead_fails_in_the_end() -> None:
    """An error is no silent fallback: whoever asks for the cut-out gets it."""
    with MattingAhead(PHOTO) as ahead:
        ahead.begin(BROKEN, Matting())
        with pytest.raises((ValueError, IndexError)):
            ahead.finish(BROKEN, Matting())


def test_nothing_runs_on() -> None:
    """Whatever happens in the block, its thread ends with it."""
    before = threading.active_count()
    with pytest.raises(KeyError, match="the judge failed"):
        _fail_while_matting()
    assert before == threading.active_count()


def _fail_while_matting() -> None:
    with MattingAhead(PHOTO) as ahead:
        ahead.begin(MASK, Matting())
        raise KeyError("the judge failed")


def test_a_large_photo_is_matted_after_the_verdict() -> None:
    """Judge and solver together would be its peak."""
    pixels = np.zeros((1500, 3000, 3), np.uint8)
    pixels[300:1200, 500:2500] = (150, 30, 30)
    alpha = np.zeros((1500, 3000), np.uint8)
    alpha[300:1200, 500:2500] = 255
    before = threading.active_count()
    with MattingAhead(Photo(pixels, "PNG")) as ahead:
        ahead.begin(masks.from_alpha(alpha), Matting())
        assert before == threading.active_count()
        assert ahead.finish(masks.from_alpha(alpha), Matting())[0].is_matted
