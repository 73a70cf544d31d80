"""Any file -> a small picture for a report, or None: reports show what was refused, too."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageOps

from lambdas.image_processor import sniff
from lambdas.image_processor.photo import DAMAGE, FORMATS

#: Larger pictures are not opened: a report is not worth that memory.
_MAX_PIXELS: Final = 50_000_000
#: A profile that travels with the preview, so that both sides show the same colours; CMYK's would weigh more
#: than the picture.
_MAX_PROFILE_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture scaled down."""

    #: A WebP file.
    data: bytes = field(repr=False)
    width_px: int
    height_px: int
    #: Whether it has an alpha channel.
    is_clear: bool


def preview(data: bytes, longest_px: int, quality: int = 90) -> Preview | None:
    """Scale a file's picture down, upright; None where it holds none that can be shown.

    Args:
        data: whatever was uploaded.
        longest_px: the longest side of the result, in pixels; never upscaled.
        quality: WebP's, 0..100.

    """
    try:
        with warnings.catch_warnings():
            # Large and odd files are what reports are about.
            warnings.simplefilter("ignore")
            return _scale(data, longest_px, quality)
    except (Image.DecompressionBombError, *DAMAGE):
        return None


def describe(data: bytes) -> str:
    """Return "1600 × 1200 px JPEG", or nothing where that cannot be told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _open(data) as picture:
                return f"{picture.width} × {picture.height} px {picture.format}"
    except (Image.DecompressionBombError, *DAMAGE):
        return ""


def _scale(data: bytes, longest_px: int, quality: int) -> Preview | None:
    with _open(data) as opened:
        opened.draft("RGB", (longest_px, longest_px))
        if opened.width * opened.height > _MAX_PIXELS:
            return None
        opened.load()
        profile = opened.info.get("icc_profile") if opened.mode in {"RGB", "RGBA"} else None
        is_clear = opened.has_transparency_data
        picture = ImageOps.exif_transpose(opened).convert("RGBA" if is_clear else "RGB")
    picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    kept = profile if profile and len(profile) <= _MAX_PROFILE_BYTES else None
    picture.save(file, "WEBP", quality=quality, method=2, icc_profile=kept or b"")
    return Preview(file.getvalue(), picture.width, picture.height, is_clear)


def _open(data: bytes) -> Image.Image:
    name = sniff.format_of(data)
    width, height = (sniff.webp_size(data) if name == "WEBP" else None) or (0, 0)
    if name not in FORMATS or width * height > _MAX_PIXELS:
        raise ValueError("it is no picture that could be shown")
    return Image.open(io.BytesIO(data), formats=FORMATS[name])
