"""What a file's first bytes say about it, before any decoder sees the rest. Pure.

Names and media types lie; content does not. Here is also what decoders cannot be trusted with: the size of
a WebP, whose decoder takes memory for the whole canvas as soon as it is opened, and the number of a JPEG's
scans, each of which costs as much time as the whole picture.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\1\0", "an icon"),
    (b"qoif", "QOI"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file"),
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
#: Sizes of a BMP's second header: two letters alone would take many a text for a picture.
_BMP_HEADER_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
#: A marker inside JPEG data: neither a stuffed byte, nor a restart, nor padding.
_JPEG_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_SOS, _EOI = 0xDA, 0xD9


def format_of(data: bytes) -> str | None:
    """Return the format's name ("JPEG", "HEIC", "a camera's raw file"), or None for what is no picture."""
    if data[4:8] == b"ftyp":
        return _iso_format(data)
    if data.startswith(b"RIFF") and b"WEBP".startswith(data[8:12]):
        return "WEBP"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data.startswith(b"II*\0") and data[8:10] == b"CR":
        return "a camera's raw file"
    found = next((name for magic, name in _SIGNATURES if data.startswith(magic)), None)
    return "SVG" if found is None and b"<svg" in data[:1024] else found


def kind_of(data: bytes) -> str:
    """Return what a file is that is no picture, e.g. "a web page"; empty when nothing can be told."""
    head = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if head.startswith(b"PK\3\4"):
        return "a ZIP archive"
    try:
        # The cut may fall inside a character: up to three bytes of it are forgiven.
        text = data[:512].decode("utf-8", errors="strict" if len(data) <= 512 else "ignore")
    except UnicodeDecodeError:
        return ""
    is_text = len(text) >= len(data[:512]) // 2 and all(char.isprintable() or char.isspace() for char in text)
    return "text" if is_text else ""


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height in pixels that a WebP's header claims, None where it claims none."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def jpeg_scans(data: bytes, enough: int) -> int:
    """Return the number of scans of the first picture in a JPEG file, counted up to `enough`."""
    place, scans = 2, 0
    while scans < enough and (marker := _JPEG_MARKER.search(data, place)):
        code = marker[1][0]
        if code == _EOI:
            break
        scans += code == _SOS
        # A segment's own bytes may look like markers: its length leads past them.
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans


def _iso_format(data: bytes) -> str:
    """Tell apart what shares the container of MP4: AVIF, HEIC, raw files, videos."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIC"
    return "a camera's raw file" if b"crx " in brands else "a video"
