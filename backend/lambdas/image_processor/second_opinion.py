"""What the book model's mask says about another model's: how far they part, and where. Pure.

An opinion may be wrong as well as a mask. Therefore every piece that only one of the two has is described by
what the photo shows there (disputes.py), and only the rest by areas and distances alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lambdas.image_processor.edge_evidence import Outline, by_direction
from lambdas.image_processor.working_size import Plane, View

#: Outlines this near to each other, in pixels at working size, are the same.
NEAR_PX: Final = 3.0
#: Farther apart than this they are simply apart.
_FAR_PX: Final = 16.0
#: An opinion smaller than this share of the part that is looked at found no book.
_EMPTY: Final = 0.004


@dataclass(frozen=True, slots=True)
class Side:
    """The direction, an eighth of a turn, in which two outlines part most."""

    #: How far the one lies inside the other, as a share of the subject's half width, 0.. .
    apart: float
    #: Whose outline the photo bears out there: -1 (the mask's) .. 1 (the opinion's).
    edges: float


def is_empty(opinion: View) -> bool:
    """Return whether an opinion found no book."""
    return bool(opinion.region.mean() < _EMPTY)


def disagreement(seen: View, opinion: View) -> float:
    """Return 1 - intersection over union, 0..1; 0 where the opinion found no book: another measure."""
    if is_empty(opinion):
        return 0.0
    either, both = (seen.region | opinion.region).sum(), (seen.region & opinion.region).sum()
    return float(1 - both / max(int(either), 1))


def roughness(opinion: View, outline: Outline) -> float:
    """Return the length of an opinion's outline by that of a circle of its area: the unsure one winds."""
    return float(len(outline) / (2 * np.sqrt(np.pi * max(opinion.area, 1))))


def outline_apart(outline: Outline, other: View) -> float:
    """Return how much of an outline is nowhere near another mask's, 0..1."""
    return (
        float((np.abs(other.depth[outline.rows, outline.columns]) > NEAR_PX).mean()) if len(outline) else 0.0
    )


def lost_side(seen: View, mine: Outline, opinion: View, theirs: Outline) -> Side:
    """Return where the mask's outline lies farthest inside the opinion's."""
    return _side(mine, theirs, opinion.depth[mine.rows, mine.columns], seen)


def gained_side(seen: View, mine: Outline, opinion: View, theirs: Outline) -> Side:
    """Return where the mask's outline lies farthest outside the opinion's."""
    return _side(mine, theirs, -opinion.depth[mine.rows, mine.columns], seen)


def _side(mine: Outline, theirs: Outline, inside: Plane, seen: View) -> Side:
    if not len(mine) or not len(theirs):
        return Side(0.0, 0.0)
    middle = float(mine.rows.mean()), float(mine.columns.mean())
    means, _ = by_direction(mine, inside.clip(-_FAR_PX, _FAR_PX), middle)
    if not np.isfinite(means).any():
        return Side(0.0, 0.0)
    index = int(np.nanargmax(means))
    edges = [float(by_direction(outline, outline.here, middle)[0][index]) for outline in (mine, theirs)]
    gap = edges[1] - edges[0]
    apart = max(0.0, float(means[index])) / max(seen.half_width, 8.0)
    return Side(apart, gap if np.isfinite(gap) else 0.0)
