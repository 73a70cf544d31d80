"""The subject's own colours: no old background shines through a translucent edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.foreground import estimate_foreground

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SUBJECT, BACKGROUND = np.array((180, 30, 40)), np.array((40, 90, 200))


def mixture(size_px: tuple[int, int]) -> tuple[Pixels, Floats]:
    """Return a photo that mixes two colours by a ramp, and that ramp."""
    height, width = size_px
    ramp = np.clip((np.arange(width) - width / 2) / 12 + 0.5, 0, 1).astype(np.float32)
    alpha = np.repeat(ramp[None], height, axis=0)
    mixed = alpha[..., None] * SUBJECT + (1 - alpha[..., None]) * BACKGROUND
    return mixed.round().astype(np.uint8), alpha


@pytest.mark.parametrize("size_px", [(40, 60), (61, 47), (30, 700)])
def test_the_background_is_taken_out(size_px: tuple[int, int]) -> None:
    """Where something of the subject shows, its own colour comes back; in small and large photos."""
    pixels, alpha = mixture(size_px)
    found = estimate_foreground(pixels, alpha)
    shows = (alpha > 0.15) & (alpha < 1)
    assert np.abs(found[shows].astype(float) - SUBJECT).max() <= 12
    assert np.abs(pixels[shows].astype(float) - SUBJECT).max() > 60


def test_sure_pixels_keep_the_photos_colour() -> None:
    """Only translucent pixels are estimated."""
    pixels, alpha = mixture((50, 80))
    found = estimate_foreground(pixels, alpha)
    sure = (alpha == 0) | (alpha == 1)
    assert (found[sure] == pixels[sure]).all()


def test_nothing_translucent() -> None:
    """An all-or-nothing matte has nothing to estimate."""
    pixels, alpha = mixture((20, 30))
    assert (estimate_foreground(pixels, np.round(alpha)) == pixels).all()


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
        lambda size: st.tuples(
            hnp.arrays(np.dtype(np.uint8), (*size, 3)),
            hnp.arrays(np.float32, size, elements=st.floats(0, 1, width=32)),
        )
    )
)
def test_any_photo_and_matte(problem: tuple[Pixels, Floats]) -> None:
    """Whatever comes in: the photo's shape, 8 bits, and neither input is written to."""
    pixels, alpha = problem
    before = pixels.copy(), alpha.copy()
    found = estimate_foreground(pixels, alpha)
    assert (np.dtype(np.uint8), pixels.shape) == (found.dtype, found.shape)
    assert (pixels == before[0]).all()
    assert (alpha == before[1]).all()
