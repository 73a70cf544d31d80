"""The C library's allocator, told to give memory back."""

from __future__ import annotations

import ctypes
from typing import Final

#: Options of glibc's mallopt, from its malloc.h.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
#: Smaller blocks come from the heap: a mapping of its own costs page faults. 1 MiB would save 60 MiB more of
#: the peak and cost a sixth more CPU time.
_THRESHOLD_BYTES: Final = 2 << 20


def return_freed_memory() -> None:
    """Use one heap for all threads, and map large blocks on their own: freeing them gives them back.

    glibc raises that threshold to 32 MiB as large blocks are freed; planes of a photo and layers of a network
    then come from heaps, one per thread, that fragment and never shrink: a third of the peak. Only glibc has
    this call.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)


def trim() -> None:
    """Give the pages of freed blocks back to the system now.

    Loading a network leaves some 150 MiB of them between blocks that stay.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
