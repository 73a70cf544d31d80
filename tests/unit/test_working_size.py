"""Opinions at their own size, laid over the part of the photo that is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lambdas.image_processor.working_size import Patch, look
from tests import masks, scenes

ALPHA = masks.mask_of(scenes.BOOK, size_px=(800, 600)).alpha
FRAME = slice(0, 600), slice(0, 800)


def box(top: int, bottom: int, left: int, right: int) -> tuple[slice, slice]:
    return slice(top, bottom), slice(left, right)


@pytest.mark.parametrize("shown", [FRAME, box(60, 540, 100, 700), box(0, 600, 150, 650)])
@pytest.mark.parametrize("wanted", [FRAME, box(40, 580, 90, 720), box(100, 500, 200, 640)])
def test_a_patch_is_what_it_shows_of_the_photo(
    shown: tuple[slice, slice], wanted: tuple[slice, slice]
) -> None:
    """Small and squeezed out of shape, it still lies where it was seen, to a pixel of its own."""
    small = np.asarray(Image.fromarray(ALPHA[shown]).resize((256, 256), Image.Resampling.BOX))
    found = Patch(small, shown).within(wanted, (256, 192))
    there = np.zeros_like(ALPHA)
    there[shown] = ALPHA[shown]
    expected = np.asarray(Image.fromarray(there[wanted]).resize((256, 192), Image.Resampling.BOX))
    assert np.abs(found.astype(int) - expected).mean() < 2
    assert ((found > 127) == (expected > 127)).mean() > 0.993


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 600), min_size=2, max_size=2, unique=True),
    st.lists(st.integers(0, 800), min_size=2, max_size=2, unique=True),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_any_part_at_any_size(rows: list[int], columns: list[int], size_px: tuple[int, int]) -> None:
    """Whatever is asked for comes in the size that was asked for; nothing is where the patch is not."""
    wanted = slice(*sorted(rows)), slice(*sorted(columns))
    patch = Patch(np.full((37, 21), 255, np.uint8), box(150, 450, 200, 600))
    found = patch.within(wanted, size_px)
    assert size_px[::-1] == found.shape
    apart = wanted[0].stop <= 150 or wanted[0].start >= 450 or wanted[1].stop <= 200 or wanted[1].start >= 600
    assert not (apart and found.any())


def test_inside_the_patch_all_is_seen() -> None:
    """A part that lies within the patch has no rim of its own."""
    patch = Patch(np.full((37, 21), 255, np.uint8), box(150, 450, 200, 600))
    assert (patch.within(box(151, 449, 203, 598), (90, 71)) == 255).all()


def test_what_is_looked_at_holds_mask_and_opinions() -> None:
    """The box is drawn around all that any of them calls subject."""
    photo = scenes.scene(scenes.BOOK, size_px=(800, 600))
    half = ALPHA.copy()
    half[:, 400:] = 0
    sight = look(photo, half, (masks.patch(ALPHA),))
    assert sight.seen.region.shape == sight.opinions[0].region.shape == sight.pixels.shape[:2]
    assert 0.4 < sight.seen.area / sight.opinions[0].area < 0.6
    assert not any(edge.any() for edge in (sight.opinions[0].region[:, 0], sight.opinions[0].region[:, -1]))
