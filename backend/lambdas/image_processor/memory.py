"""The C library's allocator, told when to give memory back. Only glibc has these calls."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Photos of more pixels need the memory that smaller ones may keep for speed: it goes back to the system in
#: between, and one thing is done at a time. What that costs is little beside such a photo's own work.
LARGE_PX: Final = 4_000_000
#: Options of glibc's mallopt, from its malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
#: Smaller blocks come from the heap: a mapping of its own costs page faults. 8 MiB would save 2 % of the CPU
#: time and cost 40 MiB of the peak.
_MAPPED_FROM_BYTES: Final = 2 << 20
#: The largest threshold that glibc takes.
_NEVER_MAPPED_BYTES: Final = 32 << 20
#: So much may lie free at the heap's end. With glibc's 128 KiB every plane is fresh pages again, a tenth of
#: the CPU time of a 12-megapixel photo; the peak is 14 MiB higher.
_TRIMMED_FROM_BYTES: Final = 32 << 20
_NEVER_TRIMMED_BYTES: Final = 1 << 30


def return_freed_memory() -> None:
    """Use one heap for all threads, and map large blocks on their own: freeing them gives them back.

    glibc raises that threshold to 32 MiB as large blocks are freed; planes of a photo then come from heaps,
    one per thread, that fragment and never shrink: a third of the peak.
    """
    _set(_M_ARENA_MAX, 1)
    _set(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
    _set(_M_TRIM_THRESHOLD, _TRIMMED_FROM_BYTES)


@contextmanager
def kept_while_loading() -> Iterator[None]:
    """Keep freed memory for the length of the block, and give it back at once afterwards.

    A network that is loaded frees its weights in one layout while it makes them in another; each block in a
    mapping of its own would be fresh pages, at twice the time.
    """
    _set(_M_MMAP_THRESHOLD, _NEVER_MAPPED_BYTES)
    _set(_M_TRIM_THRESHOLD, _NEVER_TRIMMED_BYTES)
    try:
        yield
    finally:
        _set(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
        _set(_M_TRIM_THRESHOLD, _TRIMMED_FROM_BYTES)
        if (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
            malloc_trim(0)


def _set(option: int, value: int) -> None:
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(option, value)
