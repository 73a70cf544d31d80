"""The trimap: what is sure, what is not, and the frame's edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.recipes import Matting
from lambdas.image_processor.trimap import BACKGROUND, FOREGROUND, UNKNOWN, trimap

Pixels = NDArray[np.uint8]

masks = hnp.arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)))
settings = st.builds(Matting, st.integers(128, 254), st.integers(1, 127), st.integers(0, 12))


def by_definition(mask: Pixels, matting: Matting) -> Pixels:
    """Look at every pixel's square in turn."""
    size = max(matting.erode_size_px, 1)
    rows, columns = mask.shape
    regions = np.full(mask.shape, UNKNOWN, np.uint8)
    for row in range(rows):
        for column in range(columns):
            window = [
                int(mask[y, x]) if 0 <= y < rows and 0 <= x < columns else 0
                for y in range(row - size // 2, row - size // 2 + size)
                for x in range(column - size // 2, column - size // 2 + size)
            ]
            if min(window) > matting.foreground_threshold:
                regions[row, column] = FOREGROUND
            elif max(window) < matting.background_threshold:
                regions[row, column] = BACKGROUND
    return regions


@given(masks, settings)
def test_as_defined(mask: Pixels, matting: Matting) -> None:
    """Every pixel of the square must be sure; beyond the frame lies background."""
    assert (by_definition(mask, matting) == trimap(mask, matting)).all()


def test_the_band_of_a_straight_edge() -> None:
    """Ten pixels of erosion: five on each side of an edge, and the thresholds themselves are not sure."""
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 30:] = 255
    row = trimap(mask, Matting())[20]
    assert [BACKGROUND] * 26 + [UNKNOWN] * 9 + [FOREGROUND] * 21 + [UNKNOWN] * 4 == row.tolist()


@pytest.mark.parametrize(
    ("level", "region"),
    [(255, FOREGROUND), (241, FOREGROUND), (240, UNKNOWN), (10, UNKNOWN), (9, BACKGROUND), (0, BACKGROUND)],
)
def test_constant_masks(level: int, region: int) -> None:
    """The middle of a constant mask shows the thresholds; both bounds are exclusive."""
    assert region == trimap(np.full((31, 31), level, np.uint8), Matting())[15, 15]


def test_a_subject_at_the_frame_is_unsure_along_it() -> None:
    """What touches the frame may go on beyond it."""
    regions = trimap(np.full((30, 30), 255, np.uint8), Matting())
    assert (UNKNOWN, FOREGROUND) == (regions[0, 15], regions[15, 15])


def test_a_solid_subject_is_sure_inside() -> None:
    """Ink on a page leaves grey in its mask; a book has no holes. Its outline stays unknown."""
    mask = np.zeros((100, 120), np.uint8)
    mask[:, 40:] = 200
    mask[50, 80] = 130
    solid = trimap(mask, Matting(solid_share=0.125))
    assert not (trimap(mask, Matting()) == FOREGROUND).any()
    # An eighth of 120 pixels from the outline, but none from the frame.
    assert (solid[:, 55:] == FOREGROUND).all()
    assert (solid[:, 40:55] == UNKNOWN).all()


@given(masks, settings, st.floats(0, 0.5))
def test_solid_adds_to_what_is_sure(mask: Pixels, matting: Matting, share: float) -> None:
    """Nothing that was background becomes unknown or subject, and no subject is lost."""
    before, after = trimap(mask, matting), trimap(mask, replace(matting, solid_share=share))
    assert (after[before == FOREGROUND] == FOREGROUND).all()
    assert (after[before == BACKGROUND] == BACKGROUND).all()
    assert (mask[(after == FOREGROUND) & (before != FOREGROUND)] > 127).all()


def test_a_strip_along_the_frame_stays_background() -> None:
    """Four pixels between a sheet and the frame are lost to erosion; the middle stays where that is asked."""
    mask = np.zeros((200, 160), np.uint8)
    mask[:, 40:156] = 255
    kept = trimap(mask, Matting(keeps_frame_strips=True))
    assert not (trimap(mask, Matting())[:, 150:] == BACKGROUND).any()
    assert (kept[:, 158:] == BACKGROUND).all()
    assert (kept[:, :158] == trimap(mask, Matting())[:, :158]).all()


def test_a_gap_far_from_the_frame_is_eroded_as_ever() -> None:
    """Between two parts of a subject rembg's rule holds."""
    mask = np.full((200, 160), 255, np.uint8)
    mask[:30] = mask[:150, 78:84] = 0
    assert (trimap(mask, Matting()) == trimap(mask, Matting(keeps_frame_strips=True))).all()


@given(masks, settings)
def test_strips_only_add_background(mask: Pixels, matting: Matting) -> None:
    """Nothing sure is undone, and nothing that the mask calls subject becomes background."""
    before, after = trimap(mask, matting), trimap(mask, replace(matting, keeps_frame_strips=True))
    assert (after[before != UNKNOWN] == before[before != UNKNOWN]).all()
    assert (mask[(after != before)] <= 127).all()
    assert (after[after != before] == BACKGROUND).all()
