"""Bytes -> Photo: sniff the format, refuse what is too large before it is decoded, turn upright, sRGB."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from app.constants.image_processing import MAX_IMAGE_DIMENSION, MAX_OBJECT_BYTES, MIN_OUTPUT_DIMENSION
from lambdas.image_processor.domain import Photo
from lambdas.image_processor.errors import FailureCode, PermanentError

#: Formats that sellers upload; everything else Pillow might read stays shut (fewer decoders, fewer holes).
FORMATS: Final = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")
#: More pixels than any camera's photo has: such a file is an attack or a mistake, not a large photo.
BOMB_PIXELS: Final = 200_000_000
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_KNOWN_BUT_CLOSED: Final = {b"%PDF": "PDF", b"8BPS": "Photoshop", b"\0\0\1\0": "icon", b"qoif": "QOI"}
#: What Pillow's decoders raise on damaged files.
_DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, TypeError, KeyError)


def decode(data: bytes) -> Photo:
    """Decode a photo.

    The content decides, never a name. EXIF's orientation is applied, an ICC profile is converted to sRGB,
    16-bit samples are scaled to 8, transparency is flattened on white (as a listing shows it), and of an
    animation the first frame is taken.

    Args:
        data: the file.

    Raises:
        PermanentError: `empty_file`, `too_many_bytes`, `not_an_image`, `unsupported_format`, `truncated`,
            `bomb`, `too_large` or `too_small`.

    """
    if not data:
        raise PermanentError(FailureCode.EMPTY_FILE)
    if len(data) > MAX_OBJECT_BYTES:
        raise PermanentError(FailureCode.TOO_MANY_BYTES)
    with warnings.catch_warnings():
        # Pillow warns of bombs and odd metadata; the first is an error below, the second harmless.
        warnings.simplefilter("ignore")
        image = _open(data)
        _check_size(*image.size)
        return Photo(_pixels(image), image.format or "unknown")


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as exc:
        raise PermanentError(FailureCode.BOMB) from exc
    except UnidentifiedImageError as exc:
        raise _unidentified(data) from exc
    except _DAMAGE as exc:
        raise PermanentError(FailureCode.TRUNCATED) from exc


def _unidentified(data: bytes) -> PermanentError:
    """Tell a format that is closed here from a damaged file and from no picture at all."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return PermanentError(FailureCode.UNSUPPORTED_FORMAT, "It is HEIC.")
    for magic, name in _KNOWN_BUT_CLOSED.items():
        if data.startswith(magic):
            return PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"It is a {name} file.")
    begins_as_picture = data.startswith(
        (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM")
    ) or (data.startswith(b"RIFF") and data[8:12] in {b"WEBP", b""})
    return PermanentError(FailureCode.TRUNCATED if begins_as_picture else FailureCode.NOT_AN_IMAGE)


def _check_size(width_px: int, height_px: int) -> None:
    if width_px * height_px > BOMB_PIXELS:
        raise PermanentError(FailureCode.BOMB, f"It claims {width_px} x {height_px} pixels.")
    if max(width_px, height_px) > MAX_IMAGE_DIMENSION:
        raise PermanentError(FailureCode.TOO_LARGE, f"It has {width_px} x {height_px}.")
    if min(width_px, height_px) < MIN_OUTPUT_DIMENSION:
        raise PermanentError(FailureCode.TOO_SMALL, f"It has {width_px} x {height_px}.")


def _pixels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        opaque = _flatten(_eight_bits(upright))
        return np.ascontiguousarray(np.asarray(_to_srgb(opaque, image.info.get("icc_profile"))))
    except Image.DecompressionBombError as exc:
        raise PermanentError(FailureCode.BOMB) from exc
    except _DAMAGE as exc:
        raise PermanentError(FailureCode.TRUNCATED) from exc


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit and float greys, which Pillow would clip."""
    if not image.mode.startswith(("I", "F")):
        return image
    samples = np.asarray(image, np.float64)
    top = 65535.0 if image.mode.startswith("I") else float(max(samples.max(), 1e-9))
    return Image.fromarray(np.clip(samples * (255.0 / top), 0, 255).astype(np.uint8))


def _flatten(image: Image.Image) -> Image.Image:
    """Put a transparent picture on white."""
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the embedded profile; a profile that is broken or of another kind of picture is ignored."""
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
        return converted if converted is not None else image.convert("RGB")
    return image.convert("RGB")
