"""Files that are there whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, body: bytes) -> None:
    """Write a file beside its place and move it there: whoever stops us leaves the old one or the new one.

    Raises:
        OSError: it cannot be written.

    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(body)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale_parts(folder: Path) -> None:
    """Remove what a killed process left beside its files; for a folder that is ours alone."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the hold ends with the process, however that ends, and leaves nothing.

    Raises:
        BlockingIOError: another process holds it.

    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
