"""Bytes -> Photo: sniff the format, refuse what is too large before it is decoded, turn upright, sRGB."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from app.constants.image_processing import MAX_IMAGE_DIMENSION, MAX_OBJECT_BYTES, MIN_OUTPUT_DIMENSION
from lambdas.image_processor import sniff, strips
from lambdas.image_processor.colour import to_srgb
from lambdas.image_processor.domain import Photo
from lambdas.image_processor.errors import FailureCode, PermanentError

#: Formats that sellers upload, and the decoders that may see each; everything else Pillow might read stays
#: shut (fewer decoders, fewer holes).
FORMATS: Final = {
    "JPEG": ("JPEG", "MPO"),
    "PNG": ("PNG",),
    "WEBP": ("WEBP",),
    "AVIF": ("AVIF",),
    "GIF": ("GIF",),
    "TIFF": ("TIFF",),
    "BMP": ("BMP",),
}
#: More pixels than any camera's photo has: such a file is an attack or a mistake, not a large photo.
BOMB_PIXELS: Final = 200_000_000
#: Progressive photos have about ten scans; each costs a pass over every pixel.
BOMB_SCANS: Final = 100
#: What Pillow's decoders raise on damaged files.
DAMAGE: Final = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError,
    AssertionError, NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
#: EXIF's orientation -> what turns the picture upright (the standard's table 4.6.4 A, tag 274).
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"It has {len(data) / 2**20:.0f} MiB.")
    name = _supported_format(data)
    _refuse_costly_headers(name, data)
    with warnings.catch_warnings():
        # Pillow warns of bombs and odd metadata; the first is an error below, the second harmless.
        warnings.simplefilter("ignore")
        image = _open(data, FORMATS[name])
        _check_size(*image.size)
        pixels = _pixels(image)
    # Some headers say one size and their data another.
    _check_size(pixels.shape[1], pixels.shape[0])
    return Photo(pixels, image.format or name)


def _supported_format(data: bytes) -> str:
    name = sniff.format_of(data)
    if name is None:
        kind = sniff.kind_of(data)
        raise PermanentError(FailureCode.NOT_AN_IMAGE, f"It is {kind}." if kind else "")
    if name not in FORMATS:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"It is {name}.")
    return name


def _refuse_costly_headers(name: str, data: bytes) -> None:
    """Refuse what would cost memory or time before Pillow can be asked."""
    if name == "WEBP" and (size := sniff.webp_size(data)) is not None:
        _check_size(*size)
    if name == "JPEG" and sniff.jpeg_scans(data, BOMB_SCANS) >= BOMB_SCANS:
        raise PermanentError(FailureCode.BOMB, f"It has {BOMB_SCANS} scans or more.")


def _open(data: bytes, decoders: tuple[str, ...]) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=decoders)
    except Image.DecompressionBombError as exc:
        raise PermanentError(FailureCode.BOMB) from exc
    except (UnidentifiedImageError, *DAMAGE) as exc:
        raise PermanentError(FailureCode.TRUNCATED) from exc


def _check_size(width_px: int, height_px: int) -> None:
    if width_px * height_px > BOMB_PIXELS:
        raise PermanentError(FailureCode.BOMB, f"It claims {width_px} x {height_px} pixels.")
    if max(width_px, height_px) > MAX_IMAGE_DIMENSION:
        raise PermanentError(FailureCode.TOO_LARGE, f"It has {width_px} x {height_px}.")
    if min(width_px, height_px) < MIN_OUTPUT_DIMENSION:
        raise PermanentError(FailureCode.TOO_SMALL, f"It has {width_px} x {height_px}.")


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return (height, width, 3) uint8."""
    try:
        image.load()
        profile = image.info.get("icc_profile")
        opaque = _flatten(_eight_bits(_upright(image)))
        srgb = to_srgb(opaque, profile, is_adobe_rgb=_is_adobe_rgb(image))
        return strips.unpacked(srgb)
    except Image.DecompressionBombError as exc:
        raise PermanentError(FailureCode.BOMB) from exc
    except DAMAGE as exc:
        raise PermanentError(FailureCode.TRUNCATED) from exc


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        # Damaged EXIF around an undamaged picture: it is shown as it lies, as browsers do.
        return image
    return image if turn is None else image.transpose(turn)


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Return whether the camera says so: many write no profile, only EXIF's interoperability index "R03"."""
    try:
        return image.getexif().get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex) == "R03"
    except DAMAGE:
        return False


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale greys of more than eight bits, which Pillow would clip."""
    if not image.mode.startswith(("I", "F")):
        return image
    samples = np.asarray(image)
    if image.mode.startswith("I;16"):
        # Rounded to nearest in whole numbers: 65535 / 255 is 257.
        return Image.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))
    finite = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    # Integers are 16-bit samples in a wider word; floats run to 1, or to whatever their maker chose.
    top = 65535.0 if image.mode == "I" else max(float(finite.max()), 1.0)
    return Image.fromarray(np.clip(finite * np.float32(255.0 / top) + 0.5, 0, 255).astype(np.uint8))


def _flatten(image: Image.Image) -> Image.Image:
    """Put a transparent picture on white; a palette becomes colours."""
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode == "P" else image
    layered = image.convert("LA" if image.mode in {"1", "L", "LA", "La"} else "RGBA")
    opaque = layered.convert("L" if layered.mode == "LA" else "RGB")
    ground = Image.new(opaque.mode, opaque.size, "white")
    ground.paste(opaque, mask=layered.getchannel("A"))
    return ground
