"""Any samples -> sRGB: by the embedded profile, or by the camera's word that they are Adobe RGB. Pure."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_ROWS_AT_ONCE: Final = 128
#: Steps of linear light between black and white; fine enough for sRGB's steepest part.
_STEPS: Final = 8192
#: Adobe RGB (1998), section 4.3.1.2: light is the sample to this power.
_ADOBE_GAMMA: Final = 563 / 256
#: Linear Adobe RGB -> linear sRGB. Both have a D65 white and share red and blue; from the primaries.
_ADOBE_TO_SRGB: Final = np.array(
    [[1.398284, -0.398284, 0.0], [0.0, 1.0, 0.0], [0.0, -0.042938, 1.042938]], np.float32
)
_LINEAR: Final = (np.arange(256) / 255) ** _ADOBE_GAMMA


def to_srgb(image: Image.Image, profile: bytes | None, *, is_adobe_rgb: bool = False) -> Image.Image:
    """Convert a picture to sRGB.

    Args:
        image: opaque, eight bits a sample.
        profile: the embedded ICC profile; one that is broken or of another kind of picture is ignored.
        is_adobe_rgb: what the samples are where no profile is embedded.

    """
    if is_adobe_rgb and not profile and image.mode == "RGB":
        return Image.fromarray(adobe_to_srgb(np.asarray(image)))
    try:
        source = _source_profile(image.mode, profile)
        if source is not None:
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            return image.convert("RGB") if converted is None else converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass
    return image.convert("RGB")


def adobe_to_srgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the same colours as sRGB; what lies outside its gamut is clipped.

    Args:
        pixels: (height, width, 3) uint8, Adobe RGB.

    """
    linear = _LINEAR.astype(np.float32)
    light = np.linspace(0, 1, _STEPS + 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    coded = np.rint(255 * curve).astype(np.uint8)
    converted = np.empty_like(pixels)
    for top in range(0, len(pixels), _ROWS_AT_ONCE):
        band = linear[pixels[top : top + _ROWS_AT_ONCE]] @ _ADOBE_TO_SRGB.T
        places = np.clip(band * np.float32(_STEPS) + np.float32(0.5), 0, _STEPS).astype(np.uint16)
        converted[top : top + _ROWS_AT_ONCE] = coded[places]
    return converted


def _source_profile(mode: str, profile: bytes | None) -> ImageCms.ImageCmsProfile | None:
    """Return the profile to convert from, None where the samples are sRGB or nobody says what they are."""
    if mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if not profile or mode not in {"RGB", "CMYK", "L"}:
        return None
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return None if ImageCms.getProfileDescription(source).startswith("sRGB") else source
