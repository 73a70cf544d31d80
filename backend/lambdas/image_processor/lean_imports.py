"""Keeps what nobody here uses out of a cold start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

#: What numpy imports when it is first asked for: masked arrays, a generator of Fortran wrappers,
#: a test harness ...
_SPARED: Final = (
    "char", "core", "ctypeslib", "f2py", "ma", "matlib", "polynomial", "rec", "strings", "testing", "typing",
)  # fmt: skip


@contextmanager
def without_numpys_extras() -> Iterator[None]:
    """Import scipy in this block, and numpy's unused subpackages stay where they are: a third of its time.

    scipy takes over every public name of numpy, and looking a subpackage up imports it. In the block those
    names stand for nothing; afterwards they can be imported as ever.
    """
    absent = [name for name in _SPARED if name not in vars(np)]
    for name in absent:
        setattr(np, name, None)
    try:
        yield
    finally:
        for name in absent:
            # Whoever imported it by its full name has put it there meanwhile.
            if vars(np)[name] is None:
                delattr(np, name)
