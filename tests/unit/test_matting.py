"""Closed-form alpha by its laws, and every way a mask becomes a cut-out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor import smoke
from lambdas.image_processor.matting import closed_form_alpha, matte
from lambdas.image_processor.recipes import BOOK, EMBEDDED_RECIPE, ISNET, RECIPES, Matting
from lambdas.image_processor.trimap import BACKGROUND, FOREGROUND, UNKNOWN, trimap
from tests import scenes

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

#: The regularisation of the paper's authors.
EPSILON = 1e-7


@st.composite
def problems(draw: st.DrawFn) -> tuple[Pixels, Pixels]:
    """Return a small photo of any colours, and a trimap of it with both sure regions."""
    size = draw(st.tuples(st.integers(3, 9), st.integers(3, 9)))
    pixels = draw(hnp.arrays(np.dtype(np.uint8), (*size, 3)))
    regions = draw(hnp.arrays(np.dtype(np.uint8), size, elements=st.sampled_from([0, 128, 128, 128, 255])))
    regions[0, 0], regions[-1, -1] = BACKGROUND, FOREGROUND
    return pixels, regions


def dense_alpha(pixels: Pixels, regions: Pixels) -> Floats:
    """Solve the paper's equation 12, window by window and entry by entry, over every pixel."""
    rows, columns = regions.shape
    colours = pixels.reshape(-1, 3) / 255.0
    matrix = np.zeros((rows * columns, rows * columns))
    for row, column in itertools.product(range(1, rows - 1), range(1, columns - 1)):
        window = [(row + y) * columns + column + x for y in (-1, 0, 1) for x in (-1, 0, 1)]
        centred = colours[window] - colours[window].mean(axis=0)
        covariance = centred.T @ centred / 9 + EPSILON / 9 * np.eye(3)
        shares = (1 + centred @ np.linalg.inv(covariance) @ centred.T) / 9
        matrix[np.ix_(window, window)] += np.eye(9) - shares
    known = (regions != UNKNOWN).ravel()
    alpha = (regions == FOREGROUND).ravel().astype(np.float64)
    right = -matrix[np.ix_(~known, known)] @ alpha[known]
    alpha[~known] = np.linalg.solve(matrix[np.ix_(~known, ~known)], right)
    return np.asarray(np.clip(alpha.reshape(regions.shape), 0, 1))


@pytest.mark.parametrize("seed", range(6))
def test_equation_12(seed: int) -> None:
    """The band's answer is the whole photo's: known pixels may move to the right-hand side."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (14, 17, 3), np.uint8)
    regions = np.full((14, 17), UNKNOWN, np.uint8)
    regions[:, :4], regions[:, -5:] = BACKGROUND, FOREGROUND
    # A hole, and a sure pixel amid the unsure.
    regions[6:9, 14:16], regions[5, 8] = UNKNOWN, FOREGROUND
    alpha, notes = closed_form_alpha(pixels, regions)
    assert np.abs(alpha - dense_alpha(pixels, regions)).max() < 1e-4
    assert int((regions == UNKNOWN).sum()) == notes["unknown_px"]


@settings(deadline=None)
@given(problems())
def test_alpha_is_an_opacity(problem: tuple[Pixels, Pixels]) -> None:
    """Float32, 0..1, finite; exactly 0 and 1 where the trimap is sure."""
    pixels, regions = problem
    alpha, _ = closed_form_alpha(pixels, regions)
    assert (np.dtype(np.float32), regions.shape) == (alpha.dtype, alpha.shape)
    assert np.isfinite(alpha).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1
    assert (alpha[regions == FOREGROUND] == 1).all()
    assert (alpha[regions == BACKGROUND] == 0).all()


@settings(deadline=None)
@given(problems())
def test_subject_and_background_are_symmetric(problem: tuple[Pixels, Pixels]) -> None:
    """Swapped regions swap the opacity: the Laplacian's rows sum to zero."""
    pixels, regions = problem
    swapped = np.where(regions == UNKNOWN, UNKNOWN, 255 - regions).astype(np.uint8)
    alpha, opposite = closed_form_alpha(pixels, regions)[0], closed_form_alpha(pixels, swapped)[0]
    assert np.abs(alpha + opposite - 1).max() < 5e-3


@settings(deadline=None)
@given(problems())
def test_directions_are_symmetric(problem: tuple[Pixels, Pixels]) -> None:
    """A mirrored or turned photo has the mirrored or turned matte: the Laplacian is symmetric."""
    pixels, regions = problem
    alpha = closed_form_alpha(pixels, regions)[0]
    mirrored = closed_form_alpha(pixels[:, ::-1].copy(), regions[:, ::-1].copy())[0]
    turned = closed_form_alpha(
        np.ascontiguousarray(pixels.transpose(1, 0, 2)), np.ascontiguousarray(regions.T)
    )[0]
    assert np.abs(alpha - mirrored[:, ::-1]).max() < 5e-3
    assert np.abs(alpha - turned.T).max() < 5e-3


def test_nothing_unknown() -> None:
    """A trimap that is sure everywhere is its own matte."""
    regions = np.zeros((20, 20), np.uint8)
    regions[5:15, 5:15] = FOREGROUND
    alpha, notes = closed_form_alpha(scenes.scene(size_px=(20, 20)), regions)
    assert (alpha == regions / 255).all()
    assert 0 == notes["unknown_px"]


def test_a_linear_mix_is_recovered() -> None:
    """Where colours mix two constant ones, the paper's assumption holds and the mix is the matte."""
    mix = np.clip((np.arange(60) - 20) / 20, 0, 1)
    colours = mix[:, None] * (200, 40, 30) + (1 - mix[:, None]) * (30, 60, 190)
    pixels = np.repeat(colours.round().astype(np.uint8)[None], 24, axis=0)
    regions = np.full((24, 60), UNKNOWN, np.uint8)
    regions[:, :15], regions[:, 45:] = BACKGROUND, FOREGROUND
    assert np.abs(closed_form_alpha(pixels, regions)[0] - mix).max() < 0.01


def test_a_band_too_wide_for_one_pass_is_still_a_matte() -> None:
    """Nearly everything unsure in a long photo: solved coarser, the sure pixels kept."""
    width, height = size_px = (2600, 170)
    pixels = scenes.scene(scenes.BOOK, size_px=size_px)
    regions = np.full((height, width), UNKNOWN, np.uint8)
    regions[:, :40], regions[70:110, 1000:1600] = BACKGROUND, FOREGROUND
    alpha, notes = closed_form_alpha(pixels, regions)
    assert int((regions == UNKNOWN).sum()) == notes["unknown_px"]
    assert (0, 1) == (alpha[regions == BACKGROUND].max(), alpha[regions == FOREGROUND].min())
    book = _mask_of_the_book(size_px) > 128
    assert alpha[book].mean() > alpha[~book].mean() + 0.5


def test_matted() -> None:
    """A book's soft mask: opaque inside, transparent outside, between them the edge."""
    pixels = scenes.scene(scenes.BOOK)
    mask = _mask_of_the_book()
    cutout = matte(pixels, mask, Matting())
    assert cutout.is_matted
    assert (np.dtype(np.uint8), mask.shape) == (cutout.alpha.dtype, cutout.alpha.shape)
    assert (np.dtype(np.uint8), pixels.shape) == (cutout.foreground.dtype, cutout.foreground.shape)
    assert (255, 0) == (cutout.alpha[150, 200], cutout.alpha[10, 10])
    sure = trimap(mask, Matting())
    assert (cutout.alpha[sure != UNKNOWN] == sure[sure != UNKNOWN]).all()
    assert int((sure == UNKNOWN).sum()) == cutout.notes["unknown_px"]
    opaque = (cutout.alpha == 0) | (cutout.alpha == 255)
    assert (cutout.foreground[opaque] == pixels[opaque]).mean() > 0.99


def test_without_matting_the_mask_is_the_opacity() -> None:
    """The recipe says so; nothing is computed."""
    pixels, mask = scenes.scene(scenes.BOOK), _mask_of_the_book()
    cutout = matte(pixels, mask, None)
    assert not cutout.is_matted
    assert (cutout.alpha == mask).all()
    assert (cutout.foreground == pixels).all()
    assert "why" not in cutout.notes


@pytest.mark.parametrize(
    ("level", "why"), [(0, "no_sure_subject"), (128, "no_sure_subject"), (200, "no_sure_subject")]
)
def test_degenerate_masks_are_not_matted(level: int, why: str) -> None:
    """Without a sure subject there is no matte; the cut-out says why, and what ran is what is recorded."""
    mask = np.full((300, 400), level, np.uint8)
    cutout = matte(scenes.scene(), mask, Matting())
    assert (False, why) == (cutout.is_matted, cutout.notes["why"])
    assert (cutout.alpha == mask).all()


def test_a_subject_without_a_sure_background_is_not_matted() -> None:
    """A mask that fills the frame has nothing to be told from."""
    cutout = matte(scenes.scene(), np.full((300, 400), 255, np.uint8), Matting())
    assert (False, "no_sure_background") == (cutout.is_matted, cutout.notes["why"])


def test_a_subject_thinner_than_the_erosion_is_not_matted() -> None:
    """Eroded away: the mask itself is the opacity."""
    mask = np.zeros((300, 400), np.uint8)
    mask[100:108, 50:350] = 255
    cutout = matte(scenes.scene(), mask, Matting())
    assert (False, "no_sure_subject") == (cutout.is_matted, cutout.notes["why"])


def test_the_recorded_recipe_is_the_one_that_ran() -> None:
    """Only a recipe that wanted a matte and got none goes by another name."""
    first, second = RECIPES
    assert ["u2net-alpha", "u2net-unmatted"] == [first.ran_as(is_matted=done) for done in (True, False)]
    assert {ISNET.name} == {second.ran_as(is_matted=done) for done in (True, False)}
    assert f"{BOOK.name}-unmatted" == EMBEDDED_RECIPE.ran_as(is_matted=False)


def _mask_of_the_book(size_px: tuple[int, int] = (400, 300)) -> Pixels:
    """Return the book's shape as a model shows it: soft over some pixels."""
    blue = scenes.scene(scenes.BOOK, size_px=size_px, noise=0)[..., 2].astype(np.float64)
    return np.clip((105 - blue) * 8, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("erode_px", [20, 30])
def test_flat_colours_do_not_stop_the_matte(erode_px: int) -> None:
    """Without grain the equations are singular after rounding: a matte all the same, or the mask and why."""
    pixels = smoke.embedded_picture().pixels
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[40:204, 90:236] = 255
    cutout = matte(pixels, mask, Matting(erode_size_px=erode_px))
    assert cutout.is_matted or cutout.notes["why"] == "singular_band"
    # The subject's middle and the photo's rim are sure either way.
    assert (cutout.alpha[100:140, 140:180].min(), cutout.alpha[:20].max()) == (255, 0)


def test_ground_between_a_sheet_and_the_frame_is_not_the_sheet() -> None:
    """Without a sure pixel of it, matting gives a strip of ground to the white sheet beside it."""
    grey = np.full((200, 160), 200, np.uint8)
    grey[:, :40] = grey[:, -4:] = 30
    pixels, mask = np.repeat(grey[..., None], 3, 2), np.where(grey > 100, 255, 0).astype(np.uint8)
    assert matte(pixels, mask, Matting()).alpha[:, -4:].mean() > 60
    assert matte(pixels, mask, Matting(keeps_frame_strips=True)).alpha[:, -4:].mean() < 8
