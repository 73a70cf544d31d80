"""Files that a seller can upload, each made by code: four coloured quarters in every format there is.

`good_files` decode to `QUARTERS`; `bad_files` each fail with one code.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from lambdas.image_processor import smoke
from lambdas.image_processor.errors import FailureCode
from tests.icc import ADOBE_RGB, DISPLAY_P3

Pixels = NDArray[np.uint8]

WIDTH_PX, HEIGHT_PX = 160, 120
#: Top left, top right, bottom left, bottom right; inside every gamut that is tested.
COLOURS = ((180, 60, 50), (70, 150, 80), (60, 80, 170), (200, 180, 90))
_EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file, the code it fails with, and what the sentence must say."""

    data: bytes
    code: FailureCode
    told: str = ""


def quarters(width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """Return the picture, (height, width, 3)."""
    pixels = np.empty((height_px, width_px, 3), np.uint8)
    half_y, half_x = height_px // 2, width_px // 2
    pixels[:half_y, :half_x], pixels[:half_y, half_x:] = COLOURS[:2]
    pixels[half_y:, :half_x], pixels[half_y:, half_x:] = COLOURS[2:]
    return pixels


def save(image: Image.Image | NDArray[Any], form: str, **options: Any) -> bytes:
    """Return the file that Pillow writes."""
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, form, **options)
    return file.getvalue()


def png(samples: NDArray[Any], colour_type: int, bits: int, *, interlace: bool = False) -> bytes:
    """Return a PNG of kinds that Pillow does not write: 16-bit colour, and interlaced.

    Args:
        samples: (height, width, channels), already in the file's bit depth.
        colour_type: 0 grey, 2 RGB, 4 grey + alpha, 6 RGBA.
        bits: 8 or 16.
        interlace: whether as Adam7's seven passes.

    """
    height, width = samples.shape[:2]
    words = samples.astype(">u2" if bits == 16 else np.uint8)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlace))
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    grids = [words[y::dy, x::dx] for y, x, dy, dx in passes] if interlace else [words]
    rows = b"".join(b"\0" + row.tobytes() for grid in grids if grid.size for row in grid)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body)
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def oriented(orientation: int, form: str = "JPEG", **options: Any) -> bytes:
    """Return the picture stored so that EXIF's orientation turns it upright."""
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    picture = Image.fromarray(quarters())
    if orientation in undo:
        picture = picture.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    return save(picture, form, exif=exif, **options)


def adobe_exif() -> Image.Exif:
    """Return what a camera writes that is set to Adobe RGB."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: "R03"}
    return exif


def with_alpha(alpha: int = 255) -> Image.Image:
    """Return the picture with an alpha channel."""
    picture = Image.fromarray(quarters())
    picture.putalpha(alpha)
    return picture


def good_files() -> Mapping[str, bytes]:
    """Return every kind of file that is taken, by name."""
    return {**_jpegs(), **_pngs(), **_webps_and_avifs(), **_others()}


def _jpegs() -> dict[str, bytes]:
    pixels, picture = quarters(), Image.fromarray(quarters())
    fine: dict[str, Any] = {"quality": 95, "subsampling": 0}
    pair: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", picture.size)]}
    return {
        "jpeg": save(pixels, "JPEG", **fine),
        "jpeg progressive": save(pixels, "JPEG", progressive=True, **fine),
        "jpeg cmyk": save(picture.convert("CMYK"), "JPEG", quality=95),
        "jpeg grey": save(picture.convert("L"), "JPEG", quality=95),
        "jpeg adobe rgb": save(ADOBE_RGB.encode(pixels), "JPEG", icc_profile=ADOBE_RGB.icc, **fine),
        "jpeg adobe rgb by exif": save(ADOBE_RGB.encode(pixels), "JPEG", exif=adobe_exif(), **fine),
        "jpeg multi-picture": save(picture, "MPO", quality=95, **pair),
    }


def _pngs() -> dict[str, bytes]:
    pixels, palette = quarters(), Image.fromarray(quarters()).quantize(8)
    wide, grey = pixels.astype(np.uint16) * 257, np.asarray(Image.fromarray(pixels).convert("L"), np.uint16)
    wide_alpha = np.dstack([wide, np.full_like(wide[..., 0], 65535)])
    return {
        "png": save(pixels, "PNG"),
        "png 16-bit": png(wide, 2, 16),
        "png 16-bit grey": png(grey[..., None] * 257, 0, 16),
        "png interlaced": png(pixels, 2, 8, interlace=True),
        "png 16-bit interlaced alpha": png(wide_alpha, 6, 16, interlace=True),
        "png palette": save(palette, "PNG"),
        "png palette transparent": save(palette, "PNG", transparency=bytes([0] + [255] * 7)),
        "png alpha": save(with_alpha(), "PNG"),
        "png display p3": save(DISPLAY_P3.encode(pixels), "PNG", icc_profile=DISPLAY_P3.icc),
    }


def _webps_and_avifs() -> dict[str, bytes]:
    pixels = quarters()
    picture = Image.fromarray(pixels)
    wide = DISPLAY_P3.encode(pixels)
    black = [Image.new("RGB", picture.size)]
    fine: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4"}
    return {
        "webp": save(pixels, "WEBP", quality=95),
        "webp lossless": save(pixels, "WEBP", lossless=True),
        "webp alpha": save(with_alpha(), "WEBP", lossless=True),
        "webp animated": save(picture, "WEBP", save_all=True, append_images=black),
        "webp display p3": save(wide, "WEBP", lossless=True, icc_profile=DISPLAY_P3.icc),
        "avif": save(pixels, "AVIF", **fine),
        "avif alpha": save(with_alpha(), "AVIF", **fine),
    }


def _others() -> dict[str, bytes]:
    pixels = quarters()
    picture = Image.fromarray(pixels)
    grey, palette = np.asarray(picture.convert("L")), picture.quantize(8)
    white = [Image.new("RGB", picture.size, "white")]
    return {
        "gif": save(palette, "GIF"),
        "gif animated": save(picture, "GIF", save_all=True, append_images=white),
        "tiff": save(pixels, "TIFF"),
        "tiff lzw": save(pixels, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": save(pixels, "TIFF", compression="jpeg", quality=95),
        "tiff cmyk": save(picture.convert("CMYK"), "TIFF"),
        "tiff adobe rgb": save(ADOBE_RGB.encode(pixels), "TIFF", icc_profile=ADOBE_RGB.icc),
        "tiff 16-bit grey": save(grey.astype(np.uint16) * 257, "TIFF"),
        "tiff float grey": save(grey.astype(np.float32) / 255, "TIFF"),
        "bmp": save(pixels, "BMP"),
        "bmp palette": save(palette, "BMP"),
    }


def full_size_files(side_px: int = 4096) -> Iterator[tuple[str, bytes]]:
    """Yield the largest photos that are taken, in the kinds that need the most memory."""
    picture = Image.fromarray(quarters(side_px, side_px))
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 6
    grey = np.asarray(picture.convert("L"))
    yield "jpeg, all at once", save(picture, "JPEG", progressive=True, exif=exif, icc_profile=ADOBE_RGB.icc)
    yield "jpeg cmyk", save(picture.convert("CMYK"), "JPEG")
    yield "png 16-bit grey", png(grey[..., None].astype(np.uint16) * 257, 0, 16)
    yield "tiff float", save(grey.astype(np.float32), "TIFF", compression="tiff_lzw")
    yield "tiff lab", save(Image.new("LAB", picture.size), "TIFF", compression="tiff_lzw")
    yield "avif", save(picture, "AVIF", speed=10)
    picture.putalpha(200)
    yield "webp alpha", save(picture, "WEBP", quality=80)
    yield "png alpha", save(picture, "PNG", compress_level=1)


def bad_files() -> Mapping[str, BadFile]:
    """Return every kind of file that is refused, by name."""
    return {**_no_pictures(), **_closed_formats(), **_cut_off(), **_wrong_sizes()}


def _no_pictures() -> dict[str, BadFile]:
    page = b"\n<!DOCTYPE html><html><body>404</body></html>"
    error = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code>'
    code = FailureCode.NOT_AN_IMAGE
    return {
        "empty": BadFile(b"", FailureCode.EMPTY_FILE),
        "web page": BadFile(page, code, "It is a web page."),
        "text": BadFile("This is not a photograph; it’s text.".encode(), code, "It is text."),
        "storage error": BadFile(error, code, "It is text."),
        "text that begins like a bmp": BadFile(b"BMW brochure, 1957, fine condition", code, "It is text."),
        "zip": BadFile(b"PK\3\4" + bytes(range(256)), code, "It is a ZIP archive."),
        "noise": BadFile(np.random.default_rng(1).bytes(4096), code),
    }


def _closed_formats() -> dict[str, BadFile]:
    code = FailureCode.UNSUPPORTED_FORMAT
    return {
        "heic": BadFile(iso_file(b"heic", b"mif1"), code, "It is HEIC. Export it as JPEG"),
        "heif": BadFile(iso_file(b"mif1", b"heic"), code, "Most Compatible"),
        "video": BadFile(iso_file(b"isom", b"mp42"), code, "It is a video."),
        "raw": BadFile(b"II*\0\x10\0\0\0CR\2\0" + bytes(200), code, "It is a camera's raw file."),
        "pdf": BadFile(b"%PDF-1.7\n", code, "It is PDF."),
        "svg": BadFile(b'<?xml version="1.0"?><svg xmlns="x"/>', code, "It is SVG."),
    }


def _cut_off() -> dict[str, BadFile]:
    pixels = quarters()
    jpeg, many = save(pixels, "JPEG", quality=95), save(pixels, "JPEG", progressive=True)
    files = {
        "jpeg cut in half": jpeg[: len(jpeg) // 2],
        "jpeg header only": jpeg[:20],
        "progressive cut": many[: len(many) * 2 // 3],
        "png cut": save(pixels, "PNG")[:150],
        "png as text": save(pixels, "PNG").replace(b"\r\n", b"\n", 1),
        "webp cut": save(pixels, "WEBP", lossless=True)[:-40],
        "avif cut": save(pixels, "AVIF")[:-100],
        "gif cut": save(Image.fromarray(pixels).quantize(8), "GIF")[:300],
        "tiff cut": save(pixels, "TIFF", compression="tiff_lzw")[:400],
        "bmp cut": save(pixels, "BMP")[:999],
    }
    return {name: BadFile(data, FailureCode.TRUNCATED) for name, data in files.items()}


def _wrong_sizes() -> dict[str, BadFile]:
    code = FailureCode
    gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;"
    return {
        "1x1": BadFile(save(Image.new("RGB", (1, 1)), "PNG"), code.TOO_SMALL, "1 x 1"),
        "narrow": BadFile(save(quarters(99, 400), "PNG"), code.TOO_SMALL, "99 x 400"),
        "wide": BadFile(save(Image.new("1", (4097, 100)), "PNG"), code.TOO_LARGE, "4097 x 100"),
        "bomb": BadFile(png_bomb(20_000, 20_000), code.BOMB),
        "webp bomb": BadFile(webp_header(16_384, 16_384), code.BOMB, "16384 x 16384"),
        "gif bomb": BadFile(gif, code.BOMB),
        "jpeg of a thousand scans": BadFile(jpeg_bomb(1000), code.BOMB, "scans"),
        "too many bytes": BadFile(
            save(quarters(), "JPEG") + bytes(50 * 2**20), code.TOO_MANY_BYTES, "50 MiB"
        ),
    }


def iso_file(major: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of a file in MP4's container."""
    brands = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(64)


def png_bomb(width_px: int, height_px: int) -> bytes:
    """Return a small PNG that is what it claims: black pixels, one bit each."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (width_px + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height_px)) + packer.flush()
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, part) for kind, part in chunks)


def webp_header(width_px: int, height_px: int) -> bytes:
    """Return a lossless WebP whose header claims a canvas."""
    size = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    small = save(quarters(), "WEBP", lossless=True)[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + small
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_bomb(scans: int) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    whole = save(quarters(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + whole[-2:]


def corner_colours(pixels: Pixels) -> Sequence[tuple[float, ...]]:
    """Return the mean colour of each quarter, away from its edges."""
    height, width = pixels.shape[:2]
    rows = (slice(height // 8, 3 * height // 8), slice(5 * height // 8, 7 * height // 8))
    columns = (slice(width // 8, 3 * width // 8), slice(5 * width // 8, 7 * width // 8))
    return [tuple(pixels[row, column].mean(axis=(0, 1))) for row in rows for column in columns]


def book_photo(seed: int = 0) -> bytes:
    """Return a small JPEG of a drawn book that the embedded model cuts out, with a camera's noise."""
    pixels = smoke.embedded_picture().pixels
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    return save(np.clip(pixels + noise, 0, 255).astype(np.uint8), "JPEG", quality=95)
