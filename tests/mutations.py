"""Damaged files for hypothesis, and the law that every file obeys: a photo, or one of eight codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.constants.image_processing import MAX_IMAGE_DIMENSION, MIN_OUTPUT_DIMENSION
from cli.preview import describe, preview
from lambdas.image_processor import photo
from lambdas.image_processor.errors import FailureCode, PermanentError
from tests import pictures

#: What `photo.decode` may refuse a file with.
CODES: Final = frozenset(
    {
        FailureCode.EMPTY_FILE, FailureCode.NOT_AN_IMAGE, FailureCode.UNSUPPORTED_FORMAT,
        FailureCode.TRUNCATED, FailureCode.TOO_LARGE, FailureCode.TOO_SMALL, FailureCode.TOO_MANY_BYTES,
        FailureCode.BOMB,
    }
)  # fmt: skip
#: Numbers at which lengths, sizes and offsets go wrong.
_EDGES: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: Where headers are; a third of all damage goes there.
_HEADER_BYTES: Final = 96
#: Files that decode to what they are; the largest of the refused ones would only slow the run.
SEEDS: Final = (
    *pictures.good_files().values(),
    *(pictures.oriented(turn, form) for turn, form in ((6, "JPEG"), (3, "PNG"), (8, "WEBP"), (5, "TIFF"))),
    *(bad.data for bad in pictures.bad_files().values() if len(bad.data) < 2**20),
)

Mutation = Callable[[bytes], bytes]


def outcome(data: bytes) -> str:
    """Decode a file and return "decoded" or the code; whatever else happens is a defect.

    Raises:
        AssertionError: a photo that is none, or a code that is not decode's.

    """
    # The report shows every file, refused or not.
    describe(data)
    preview(data, 100)
    try:
        pixels = photo.decode(data).pixels
    except PermanentError as exc:
        refused = exc
    else:
        _check(pixels)
        return "decoded"
    assert refused.code in CODES
    return str(refused.code)


def _check(pixels: NDArray[np.uint8]) -> None:
    assert (pixels.ndim, pixels.shape[2], pixels.dtype) == (3, 3, np.dtype(np.uint8))
    assert min(pixels.shape[:2]) >= MIN_OUTPUT_DIMENSION
    assert max(pixels.shape[:2]) <= MAX_IMAGE_DIMENSION


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A file of any kind with up to four wounds."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        data = draw(_mutations(len(data)))(data)
    return data


def _mutations(size: int) -> st.SearchStrategy[Mutation]:
    # Beyond its first bytes a damaged file still gets to its decoder.
    deep = st.integers(min(size, 12), size)
    places = st.integers(0, min(size, _HEADER_BYTES)) | deep | deep
    return st.one_of(
        st.builds(_flip, places, st.integers(0, 7)),
        st.builds(_overwrite, places, st.binary(min_size=1, max_size=8)),
        st.builds(_number, places, st.sampled_from(_EDGES), st.sampled_from((1, 2, 4)), st.booleans()),
        st.builds(_cut, places),
        st.builds(_remove, places, st.integers(1, 64)),
        st.builds(_insert, places, st.binary(min_size=1, max_size=32)),
        st.builds(_repeat, places, st.integers(1, 400), st.integers(1, 8)),
        st.builds(_splice, places, st.sampled_from(SEEDS)),
    )


def _flip(at: int, bit: int) -> Mutation:
    return lambda data: data[:at] + bytes(byte ^ 1 << bit for byte in data[at : at + 1]) + data[at + 1 :]


def _overwrite(at: int, noise: bytes) -> Mutation:
    return lambda data: data[:at] + noise + data[at + len(noise) :]


def _number(at: int, value: int, width: int, is_big: bool) -> Mutation:
    written = (value & (1 << 8 * width) - 1).to_bytes(width, "big" if is_big else "little")
    return _overwrite(at, written)


def _cut(at: int) -> Mutation:
    return lambda data: data[:at]


def _remove(at: int, count: int) -> Mutation:
    return lambda data: data[:at] + data[at + count :]


def _insert(at: int, noise: bytes) -> Mutation:
    return lambda data: data[:at] + noise + data[at:]


def _repeat(at: int, count: int, times: int) -> Mutation:
    return lambda data: data[: at + count] + data[at : at + count] * times + data[at + count :]


def _splice(at: int, other: bytes) -> Mutation:
    return lambda data: data[:at] + other[at:]
