"""Every file that a seller can upload: decoded right, or refused with its own code and a helpful sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from lambdas.image_processor import photo
from lambdas.image_processor.errors import FailureCode, PermanentError
from tests import pictures
from tests.icc import ADOBE_RGB, DISPLAY_P3, ColourSpace
from tests.pictures import COLOURS, HEIGHT_PX, WIDTH_PX, corner_colours, oriented, quarters, save

_GOOD = pictures.good_files()
_BAD = pictures.bad_files()


def _expected(name: str) -> list[tuple[float, ...]]:
    if "grey" in name:
        return [(luma,) * 3 for luma in (np.array(COLOURS) @ (0.299, 0.587, 0.114))]
    return list(COLOURS)


def _refusal(data: bytes) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        photo.decode(data)
    return caught.value


@pytest.mark.parametrize("name", _GOOD)
def test_a_file_that_is_taken_shows_its_colours(name: str) -> None:
    """Upright sRGB of the picture's size, each quarter its colour, whatever the container."""
    decoded = photo.decode(_GOOD[name])
    assert decoded.pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.flags.c_contiguous
    found = corner_colours(decoded.pixels)
    if "transparent" in name:
        # One of the palette's colours is.
        assert max(sum(colour) for colour in found) == 3 * 255
        return
    np.testing.assert_allclose(found, _expected(name), atol=6)


@pytest.mark.parametrize("name", _BAD)
def test_a_file_that_is_refused_has_its_code_and_a_sentence(name: str) -> None:
    """One code each; the sentence says what was wrong and what to do."""
    bad = _BAD[name]
    error = _refusal(bad.data)
    assert error.code == bad.code
    assert bad.told in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_photo_upright(orientation: int, form: str) -> None:
    """All eight orientations, in each container that carries EXIF."""
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    if form in {"JPEG", "AVIF"}:
        options["quality"] = 95
    decoded = photo.decode(oriented(orientation, form, **options))
    assert decoded.size == (WIDTH_PX, HEIGHT_PX)
    np.testing.assert_allclose(corner_colours(decoded.pixels), COLOURS, atol=6)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 40])
def test_damaged_exif_leaves_the_photo_as_it_lies(exif: bytes) -> None:
    """The picture is whole; only its turn is unknown."""
    assert photo.decode(save(quarters(), "JPEG", exif=exif)).size == (WIDTH_PX, HEIGHT_PX)


@pytest.mark.parametrize("space", [ADOBE_RGB, DISPLAY_P3], ids=lambda space: space.name)
def test_wide_gamut_colours_come_out_as_srgb(space: ColourSpace) -> None:
    """Within two levels of the same colours written as sRGB; without the profile they would be far off."""
    rng = np.random.default_rng(3)
    wanted = np.kron(rng.integers(60, 196, (12, 12, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    written = space.encode(wanted)
    decoded = photo.decode(save(written, "PNG", icc_profile=space.icc))
    assert np.abs(decoded.pixels.astype(int) - wanted).max() <= 2
    assert np.abs(written.astype(int) - wanted).max() >= 8


@pytest.mark.parametrize(
    ("space", "profile"), [(ADOBE_RGB, b""), (ADOBE_RGB, ADOBE_RGB.icc), (DISPLAY_P3, DISPLAY_P3.icc)]
)
def test_a_camera_s_adobe_rgb_needs_no_profile(space: ColourSpace, profile: bytes) -> None:
    """EXIF's interoperability index says so; a profile, where there is one, has the last word."""
    rng = np.random.default_rng(4)
    wanted = np.kron(rng.integers(60, 196, (12, 12, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    exif, pixels = pictures.adobe_exif(), space.encode(wanted)
    file = save(pixels, "WEBP", lossless=True, exif=exif, icc_profile=profile)
    assert np.abs(photo.decode(file).pixels.astype(int) - wanted).max() <= 2


@pytest.mark.parametrize("profile", [b"", b"not a profile", ADOBE_RGB.icc[:200], b"\0" * 600])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    """The samples are taken for sRGB."""
    decoded = photo.decode(save(quarters(), "PNG", icc_profile=profile))
    np.testing.assert_array_equal(decoded.pixels, quarters())


def test_a_profile_of_another_kind_of_picture_is_ignored() -> None:
    """A grey photo with an RGB profile is still a grey photo."""
    grey = Image.fromarray(quarters()).convert("L")
    decoded = photo.decode(save(grey, "PNG", icc_profile=ADOBE_RGB.icc))
    np.testing.assert_array_equal(decoded.pixels[..., 0], np.asarray(grey))


@pytest.mark.parametrize("alpha", [0, 64, 255])
def test_transparency_stands_on_white(alpha: int) -> None:
    """As a listing shows it: each level mixed with white, rounded."""
    decoded = photo.decode(save(pictures.with_alpha(alpha), "PNG"))
    expected = quarters() * (alpha / 255) + 255 * (1 - alpha / 255)
    assert np.abs(decoded.pixels - expected).max() <= 1


def test_sixteen_bits_are_rounded_to_eight() -> None:
    """Every 16-bit grey becomes the nearest of 256, neither clipped nor cut."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    decoded = photo.decode(pictures.png(ramp[..., None], 0, 16))
    np.testing.assert_array_equal(decoded.pixels[..., 0], np.rint(ramp / 257.0))


def test_lab_and_float_pictures_are_read() -> None:
    """Rare, and sellers' scanners write them: neither is taken for damage."""
    lab = photo.decode(save(Image.new("LAB", (120, 120), (128, 128, 128)), "TIFF"))
    assert 100 < lab.pixels.mean() < 140
    # NaN and infinity have no grey; the rest keeps its scale.
    samples = np.full((120, 120), 300.0, np.float32)
    samples[:60] = 150.0
    samples[0, :2] = np.nan, np.inf
    decoded = photo.decode(save(samples, "TIFF"))
    assert [decoded.pixels[row, 9, 0] for row in (30, 90)] == [128, 255]


def test_a_name_decides_nothing() -> None:
    """The format comes from the content."""
    found = {name: photo.decode(data).format for name, data in _GOOD.items()}
    assert {name: name.split(maxsplit=1)[0].upper() for name in _GOOD if name != "jpeg multi-picture"} == {
        name: form for name, form in found.items() if name != "jpeg multi-picture"
    }


def test_fifty_mib_is_the_limit() -> None:
    """Exactly 50 MiB is read, one byte more is not."""
    jpeg = save(quarters(), "JPEG")
    limit = 50 * 2**20
    assert photo.decode(jpeg + bytes(limit - len(jpeg))).size == (WIDTH_PX, HEIGHT_PX)
    assert _refusal(jpeg + bytes(limit - len(jpeg) + 1)).code == FailureCode.TOO_MANY_BYTES


@pytest.mark.parametrize("size", [(4096, 100), (100, 4096)])
def test_the_largest_side_is_still_taken(size: tuple[int, int]) -> None:
    """4096 pixels pass, in both directions, also when EXIF turns them."""
    assert photo.decode(save(Image.new("L", size), "PNG")).size == size


def test_bytes_after_the_picture_are_no_scans() -> None:
    """Phones append videos and depth maps to JPEGs: what looks like markers there does not count."""
    assert photo.decode(save(quarters(), "JPEG") + b"\xff\xda\0\2" * 5000).size == (WIDTH_PX, HEIGHT_PX)
