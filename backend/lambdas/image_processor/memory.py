"""The C library's allocator, told to give memory back."""

from __future__ import annotations

import ctypes
from typing import Final

#: `M_MMAP_THRESHOLD` of glibc's malloc.h.
_M_MMAP_THRESHOLD: Final = -3
_THRESHOLD_BYTES: Final = 1 << 20


def return_freed_memory() -> None:
    """Map every block of 1 MiB and more on its own, so that freeing it gives it back at once.

    glibc raises that threshold to 32 MiB as large blocks are freed; planes of a photo and layers of a network
    then come from a heap that fragments and never shrinks: 160 MiB of the peak. Only glibc has this.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
