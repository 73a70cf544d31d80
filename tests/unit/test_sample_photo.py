"""The drawn photograph: deterministic, a real JPEG, and a book where a book should be."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from local import sample_gilt, sample_photo
from local.sample_noise import cloudy, ramp, sample, smooth
from local.sample_photo import FRONT
from local.sample_scene import PAGES, SPINE, TABLE, UPPER_BOARD, Book, trace

_SMALL = replace(FRONT, width_px=320, height_px=240)


@pytest.fixture(scope="module")
def photograph() -> bytes:
    """The demo's photograph, a fifth as wide."""
    return sample_photo.photographs(_SMALL)[0]


def test_the_same_photograph_every_time(photograph: bytes) -> None:
    """Same view, same bytes."""
    assert sample_photo.photographs(_SMALL, _SMALL) == [photograph, photograph]


def test_it_is_a_jpeg_of_the_asked_size(photograph: bytes) -> None:
    """The camera's format and frame."""
    with Image.open(io.BytesIO(photograph)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (320, 240))


def test_a_red_book_lies_on_brown_boards(photograph: bytes) -> None:
    """The middle is leather, every corner is table, and the tones span a photograph's range."""
    pixels = np.asarray(Image.open(io.BytesIO(photograph)), np.float32)
    leather = pixels[122:127, 161:176].mean(axis=(0, 1))
    assert leather[0] > 2 * max(leather[1], leather[2])
    for corner in (pixels[:20, :20], pixels[:20, -20:], pixels[-20:, :20], pixels[-20:, -20:]):
        red, green, blue = corner.mean(axis=(0, 1))
        assert 1.05 < red / green < 1.9 > green / blue > 1.05
    luma = pixels.mean(axis=2)
    assert np.percentile(luma, 1) < 60
    assert np.percentile(luma, 99) > 150


def test_two_more_views_of_the_same_book() -> None:
    """The gallery's company, in frames of their own."""
    files = sample_photo.photographs(sample_photo.FORE_EDGE, sample_photo.FROM_ABOVE)
    assert [Image.open(io.BytesIO(file)).size for file in files] == [(800, 600), (600, 800)]


@pytest.mark.parametrize(
    ("towards", "part"),
    [
        ((6.8, 10.0, 3.4), UPPER_BOARD),
        ((6.8, 0.32, 1.7), PAGES),
        ((6.8, -4.0, 0.0), TABLE),
        ((13.5, 0.05, 3.4), TABLE),
    ],
)
def test_rays_meet_what_stands_in_their_way(towards: tuple[float, float, float], part: int) -> None:
    """Seen from the foot: the cover, the pages below it, the table before it and at its round corner."""
    eye = np.array((6.8, -20.0, 25.0), np.float32)
    ray = np.array([towards], np.float32) - eye
    assert trace(Book(), eye, ray).part.tolist() == [part]


def test_the_spine_is_round() -> None:
    """Seen from the left, the spine's normal turns from upwards to sideways."""
    eye, book = np.array((-20.0, 10.0, 12.0), np.float32), Book()
    rays = np.array([(-0.3, 10, 3.1), (-0.7, 10, 1.7)], np.float32) - eye
    hits = trace(book, eye, rays)
    assert hits.part.tolist() == [SPINE, SPINE]
    assert hits.normal[0, 2] > 0.5 > hits.normal[1, 2]


def test_the_tooling_is_symmetric_but_for_the_title() -> None:
    """Frames and corners mirror; a fifth of the cover at most is gold."""
    gold = sample_gilt.cover(408, 612)
    assert gold.shape == (612, 408)
    assert np.abs(gold[:150] - gold[:150, ::-1]).mean() < 0.02
    assert 0.05 < gold.mean() < 0.2


def test_noise_is_standard_and_seeded() -> None:
    """Mean 0, deviation 1, and the seed decides."""
    fields = [make(np.random.default_rng(7)) for make in (_clouds, _clouds, _fibres, _fibres)]
    assert (fields[0] == fields[1]).all()
    assert (fields[2] == fields[3]).all()
    for field in fields:
        assert (round(float(field.mean()), 3), round(float(field.std()), 3)) == (0, 1)


def test_ramp_and_sample_at_known_places() -> None:
    """A smooth step's ends and middle; a texture between four pixels."""
    assert ramp(np.array([-1.0, 0.5, 3.0]), 0, 1).tolist() == [0, 0.5, 1]
    assert ramp(np.array([0.0, 1.0]), 1, 0).tolist() == [1, 0]
    texture = np.array([[0.0, 2.0], [4.0, 6.0]], np.float32)
    assert sample(texture, np.array([0.5]), np.array([0.5])).tolist() == [3]


def _clouds(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
    return cloudy(rng, (60, 80), 5)


def _fibres(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
    return smooth(rng, (60, 80), (1, 12))
