"""Nested dissection: in which order a band's unknowns are eliminated, so that few others are touched. Pure.

A. George, "Nested dissection of a regular finite element mesh", 1973. Pixels meet in an equation only when
they are at most two apart, so a line of pixels two wide parts a region into halves that do not know each
other; each half is parted again. A band along an outline is parted across its narrow side, a wide one into
tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Regions of at most so many pixels are eliminated whole: dense algebra is faster there than further parting.
LEAF_PX: Final = 128
#: Width of a separator: the reach of an equation.
_SEPARATOR_PX: Final = 2

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Part:
    """Unknowns that are eliminated together, after their children."""

    #: (n,) indices of the unknowns.
    members: Indices
    #: The parts that these unknowns separate, as places in the list of parts.
    children: tuple[int, ...]


def dissect(rows: Indices, columns: Indices) -> list[Part]:
    """Part the unknowns.

    Args:
        rows: (n,) pixel row of each unknown.
        columns: (n,) pixel column of each unknown.

    Returns:
        The parts in the order of their elimination: children before their separator.

    """
    parts: list[Part] = []
    _part(np.arange(len(rows)), (rows, columns), parts)
    return parts


def _part(members: Indices, places: tuple[Indices, Indices], parts: list[Part]) -> int:
    """Append the parts of these unknowns; return the place of the last, which separates the others."""
    separator, halves = _separate(members, places) if len(members) > LEAF_PX else (members, [])
    children = tuple(_part(half, places, parts) for half in halves)
    parts.append(Part(separator, children))
    return len(parts) - 1


def _separate(members: Indices, places: tuple[Indices, Indices]) -> tuple[Indices, list[Indices]]:
    """Return the line across the longer side at the median, and what lies on its two sides."""
    along = max((axis[members] for axis in places), key=np.ptp)
    middle = np.partition(along, len(along) // 2)[len(along) // 2]
    before, after = along < middle, along >= middle + _SEPARATOR_PX
    halves = [members[side] for side in (before, after) if side.any()]
    return members[~(before | after)], halves
