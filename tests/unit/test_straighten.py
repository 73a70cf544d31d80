"""The outline of a mask, and its straight sides on the photo's edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from lambdas.image_processor.polygon import straight_sides, trace
from lambdas.image_processor.straighten import straighten

CORNERS = [(120.0, 90.0), (420.0, 130.0), (380.0, 540.0), (90.0, 500.0)]


def polygon(corners: list[tuple[float, float]], size: tuple[int, int] = (500, 640)) -> NDArray[np.uint8]:
    """Return a mask with soft edges."""
    plane = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(plane).polygon([(x * 4, y * 4) for x, y in corners], fill=255)
    return np.asarray(plane.resize(size, Image.Resampling.BOX))


def photo(mask: NDArray[np.uint8], subject: int = 150, ground: int = 60) -> NDArray[np.uint8]:
    """Return an even subject on an even ground."""
    grey = ground + (subject - ground) * (mask / 255)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, 2)


def wavering(corners: list[tuple[float, float]], amplitude: float) -> NDArray[np.uint8]:
    """Return the polygon with sides that waver by some pixels, as an enlarged mask's do."""
    points = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = np.hypot(x1 - x0, y1 - y0)
        for share in np.linspace(0, 1, 40, endpoint=False):
            sway = amplitude * np.sin(share * 9 + x0)
            points.append(
                (
                    x0 + (x1 - x0) * share + sway * (y1 - y0) / length,
                    y0 + (y1 - y0) * share - sway * (x1 - x0) / length,
                )
            )
    return polygon(points)


def error(mask: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """Return the area of disagreement in pixels."""
    return float(np.abs(mask.astype(float) - true).sum() / 255)


def test_trace_follows_pixel_edges() -> None:
    """Clockwise from the top left corner, a point per pixel edge."""
    region = np.zeros((5, 6), np.bool_)
    region[1:3, 2:4] = True
    expected = [(2, 1), (3, 1), (4, 1), (4, 2), (4, 3), (3, 3), (2, 3), (2, 2)]
    assert expected == [tuple(int(v) for v in point) for point in trace(region)]
    assert len(trace(np.zeros((4, 4), np.bool_))) == 0


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_trace_encloses_the_largest_component(seed: int) -> None:
    """The traced area is the component's with its holes filled."""
    region = ndimage.gaussian_filter(np.random.default_rng(seed).random((24, 30)), 1.5) > 0.5
    labels, count = ndimage.label(region)
    if count == 0:
        return
    areas = np.bincount(labels.ravel())[1:]
    filled = ndimage.binary_fill_holes(labels == areas.argmax() + 1)
    x, y = trace(region).T
    enclosed = abs(float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())) / 2
    assert enclosed == filled.sum()


def test_a_quadrilateral_has_four_straight_sides() -> None:
    """Their ends are its corners; outwards is outwards."""
    points = trace(polygon(CORNERS) > 127)
    sides = straight_sides(points, 4, 60)
    assert len(sides) == 4
    middle = np.mean(CORNERS, axis=0)
    for side in sides:
        assert min(np.hypot(*(side.start - corner)) for corner in np.asarray(CORNERS)) < 3
        assert side.normal @ (side.start - middle) > 0


@pytest.mark.parametrize("amplitude", [1.0, 2.0])
def test_wavering_sides_become_straight_and_sit_on_the_edge(amplitude: float) -> None:
    """More than half of the error goes."""
    true = polygon(CORNERS)
    rough = wavering(CORNERS, amplitude)
    assert error(straighten(photo(true), rough), true) < 0.5 * error(rough, true)


def test_a_mask_that_is_too_large_shrinks_to_the_edge() -> None:
    """The photo decides, not the mask."""
    true = polygon(CORNERS)
    middle = np.mean(CORNERS, axis=0)
    grown = polygon([tuple(middle + (np.asarray(corner) - middle) * 1.012) for corner in CORNERS])
    assert error(straighten(photo(true), grown), true) < 0.35 * error(grown, true)


def test_without_an_edge_in_the_photo_the_mask_stays() -> None:
    """An even photo has nothing to say."""
    rough = wavering(CORNERS, 2)
    assert np.array_equal(straighten(np.full((640, 500, 3), 90, np.uint8), rough), rough)


def test_round_things_stay_round() -> None:
    """What has no straight side is not touched."""
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    disc = polygon([(250 + 160 * np.cos(a), 320 + 160 * np.sin(a)) for a in angles])
    refined = straighten(photo(disc), disc)
    assert error(refined, disc) < 0.004 * (disc > 127).sum()


def test_an_empty_mask_stays_empty() -> None:
    """Nothing is invented."""
    empty = np.zeros((640, 500), np.uint8)
    assert not straighten(photo(polygon(CORNERS)), empty).any()


def test_sides_on_the_frame_stay_there() -> None:
    """A book that runs out of the picture is cut by the frame and nothing else."""
    true = polygon([(-50.0, 100.0), (300.0, 100.0), (300.0, 700.0), (-50.0, 700.0)])
    refined = straighten(photo(true), true)
    assert (refined[110:, 0] > 127).all()
    assert (refined[-1, :290] > 127).all()
