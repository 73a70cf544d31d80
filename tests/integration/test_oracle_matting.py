"""Trimap, alpha and composite against rembg and pymatting, on bands of every shape."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion, gaussian_filter

from lambdas.image_processor.background import composite
from lambdas.image_processor.domain import Cutout
from lambdas.image_processor.foreground import estimate_foreground
from lambdas.image_processor.matting import closed_form_alpha, matte
from lambdas.image_processor.recipes import Matting
from lambdas.image_processor.trimap import BACKGROUND, FOREGROUND, UNKNOWN, trimap
from local import sample_photo
from tests import scenes

pytestmark = pytest.mark.oracle

#: rembg with what it took from pymatting.
oracle = pytest.importorskip("rembg.bg", reason="needs the dependency group `oracle`")

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Shape = Callable[[], NDArray[np.bool_]]

HEIGHT, WIDTH = 300, 360
_VIEW = replace(sample_photo.FRONT, width_px=WIDTH, height_px=HEIGHT)


def polygon(*parts: scenes.Corners) -> NDArray[np.bool_]:
    drawn = scenes.scene(*parts, size_px=(WIDTH, HEIGHT), noise=0)
    return np.asarray(drawn[..., 2] < 90)


def _holed() -> NDArray[np.bool_]:
    shape = polygon(scenes.BOOK)
    shape[120:170, 130:220] = False
    return shape


def _comb() -> NDArray[np.bool_]:
    """Teeth of 14 px: after erosion thin sure lines, and a band that fills the gaps."""
    shape = np.zeros((HEIGHT, WIDTH), np.bool_)
    shape[40:90, 40:320] = True
    for left in range(40, 320, 36):
        shape[90:260, left : left + 14] = True
    return shape


#: Name -> (shape, how soft its mask is in px, thresholds).
CASES: dict[str, tuple[Shape, float, Matting]] = {
    "book": (lambda: polygon(scenes.BOOK), 1.5, Matting()),
    "hard": (lambda: polygon(scenes.BOOK), 0.0, Matting()),
    "thin": (lambda: polygon(scenes.BOOK), 0.0, Matting(erode_size_px=3)),
    "one pixel": (lambda: polygon(scenes.BOOK), 0.6, Matting(erode_size_px=1)),
    "wide": (lambda: polygon(scenes.BOOK), 9.0, Matting()),
    "wider": (lambda: polygon(scenes.BOOK), 4.0, Matting(erode_size_px=28)),
    "holed": (_holed, 1.5, Matting()),
    "comb": (_comb, 1.0, Matting()),
    "at one edge": (lambda: polygon([(0.3, 0.2), (0.8, 0.2), (0.8, 1.1), (0.3, 1.1)]), 1.5, Matting()),
    "at three edges": (lambda: polygon([(-0.1, 0.3), (1.1, 0.35), (1.1, 1.1), (-0.1, 1.1)]), 2.0, Matting()),
    "corner": (lambda: polygon([(0.4, 0.4), (1.1, 0.3), (1.1, 1.1), (0.3, 1.1)]), 3.0, Matting()),
    "pieces": (lambda: polygon(*scenes.PIECES), 2.0, Matting()),
    "frame": (lambda: ~polygon(scenes.BOOK), 1.5, Matting()),
    "speck": (lambda: polygon(scenes.SPECK), 0.5, Matting(erode_size_px=5)),
}
EVERY_CASE = pytest.mark.parametrize("name", CASES)


@cache
def drawn_photo() -> Pixels:
    return np.asarray(Image.open(io.BytesIO(sample_photo.photographs(_VIEW)[0])))


def photo_of(name: str) -> Pixels:
    """Alternate between the drawn photograph (whose edges are elsewhere) and the shape's own photo."""
    shape, softness, _ = CASES[name]
    if list(CASES).index(name) % 3 == 2:
        return drawn_photo()
    part = gaussian_filter(shape().astype(np.float64), max(softness, 0.8))[..., None]
    rng = np.random.default_rng(len(name))
    grain = gaussian_filter(rng.normal(0, 22, (HEIGHT, WIDTH, 3)), (1.2, 1.2, 0)) + rng.normal(
        0, 3, (HEIGHT, WIDTH, 3)
    )
    mixed = part * scenes.LEATHER + (1 - part) * scenes.TABLE + grain
    return np.clip(mixed, 0, 255).astype(np.uint8)


def mask_of(name: str) -> Pixels:
    shape, softness, _ = CASES[name]
    return (gaussian_filter(shape().astype(np.float64), softness) * 255).round().astype(np.uint8)


def reference_trimap(mask: Pixels, matting: Matting) -> Pixels:
    """Return the trimap by rembg's formula (rembg.bg.alpha_matting_cutout has it inline)."""
    ones = np.ones((matting.erode_size_px, matting.erode_size_px), np.uint8)
    regions = np.full(mask.shape, UNKNOWN, np.uint8)
    regions[binary_erosion(mask > matting.foreground_threshold, structure=ones)] = FOREGROUND
    surely_not = binary_erosion(mask < matting.background_threshold, structure=ones, border_value=1)
    regions[surely_not] = BACKGROUND
    return regions


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
    st.builds(Matting, st.integers(128, 254), st.integers(1, 127), st.integers(1, 14)),
)
def test_any_trimap(mask: Pixels, matting: Matting) -> None:
    """Equal, pixel by pixel, for every size of the square."""
    assert (reference_trimap(mask, matting) == trimap(mask, matting)).all()


@EVERY_CASE
def test_trimap(name: str) -> None:
    """Equal, pixel by pixel; and each case has a subject, a background and a band."""
    found = trimap(mask_of(name), CASES[name][2])
    assert (reference_trimap(mask_of(name), CASES[name][2]) == found).all()
    assert {BACKGROUND, UNKNOWN, FOREGROUND} == set(np.unique(found))


@EVERY_CASE
def test_alpha(name: str) -> None:
    """The band alone gives the whole photo's closed form: MAE 1e-4, two levels on 99.99 % of the pixels."""
    pixels, regions = photo_of(name), trimap(mask_of(name), CASES[name][2])
    expected = oracle.estimate_alpha_cf(pixels / 255.0, regions / 255.0)
    found, _ = closed_form_alpha(pixels, regions)
    off = np.abs(expected - found)
    assert off[regions == UNKNOWN].mean() <= 1e-4
    assert (off * 255 <= 2).mean() >= 0.9999


@EVERY_CASE
def test_composite(name: str) -> None:
    """On black and on white, the finished picture is rembg's within 48 dB."""
    pixels, mask, matting = photo_of(name), mask_of(name), CASES[name][2]
    theirs = np.asarray(
        oracle.alpha_matting_cutout(
            Image.fromarray(pixels),
            Image.fromarray(mask),
            matting.foreground_threshold,
            matting.background_threshold,
            matting.erode_size_px,
        )
    )
    reference = Cutout(theirs[..., 3], theirs[..., :3], is_matted=True)
    ours = matte(pixels, mask, matting)
    assert ours.is_matted
    for ground in ("black", "white"):
        assert 48 <= psnr_db(composite(reference, ground), composite(ours, ground))


@pytest.mark.parametrize("name", ["book", "wide", "comb", "at one edge"])
def test_foreground(name: str) -> None:
    """Given the same matte, what of the subject's colours shows is pymatting's within a level on average."""
    pixels = photo_of(name)
    alpha = gaussian_filter(CASES[name][0]().astype(np.float32), 3.0)
    expected = oracle.estimate_foreground_ml(pixels / 255.0, alpha.astype(np.float64)) * 255
    off = np.abs(np.floor(np.clip(expected, 0, 255)) - estimate_foreground(pixels, alpha))
    shown = off * alpha[..., None]
    assert shown[(alpha > 0) & (alpha < 1)].mean() <= 1


def psnr_db(first: Pixels, second: Pixels) -> float:
    """Return the peak signal-to-noise ratio, 255 being the peak; infinite for equal pictures."""
    error = float(((first.astype(np.float64) - second) ** 2).mean())
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


@pytest.mark.parametrize(("times_the_cap", "most"), [(1.1, 0.02), (2.0, 0.02), (4.0, 0.04)])
def test_alpha_above_the_cap(times_the_cap: float, most: float) -> None:
    """A band 90 px wide around the drawn book, solved smaller: near the exact solution on average."""
    size_px = (900, 700)
    view = replace(sample_photo.FRONT, width_px=size_px[0], height_px=size_px[1])
    photo = np.asarray(Image.open(io.BytesIO(sample_photo.photographs(view)[0])))
    book = Image.fromarray(mask_of("book")).resize(size_px, Image.Resampling.BILINEAR)
    regions = trimap(np.asarray(book), Matting(erode_size_px=90))
    unknown = regions == UNKNOWN
    exact, _ = closed_form_alpha(photo, regions)
    coarse, notes = closed_form_alpha(photo, regions, int(unknown.sum() / times_the_cap))
    assert "coarse" == notes["solver"]
    assert np.abs(coarse - exact)[unknown].mean() <= most


def test_the_oracle_is_not_blind() -> None:
    """The comparison fails for a matte that is a little wrong: its trimap is one pixel off."""
    pixels, regions = photo_of("book"), trimap(mask_of("book"), Matting())
    shifted = np.roll(regions, 1, axis=1)
    expected = oracle.estimate_alpha_cf(pixels / 255.0, shifted / 255.0)
    off = np.abs(expected - closed_form_alpha(pixels, regions)[0])
    assert (off * 255 <= 2).mean() < 0.9999
