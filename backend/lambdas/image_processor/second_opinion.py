"""What the book model's mask says about another model's: where they differ, and who is right. Pure.

Slivers along the outline are no difference. Where the two differ, each side's outline is looked for in the
photo, and the disputed pixels' colours are compared with what both call subject and what both call ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from lambdas.image_processor.edge_evidence import Outline
from lambdas.image_processor.working_size import Plane, Region, View, largest_part

#: Outlines this near to each other, in pixels, are the same.
_NEAR: Final = 3.0
#: An opinion that covers less of the frame than this found no book.
_EMPTY: Final = 0.004
#: Colours are counted in so many steps a channel.
_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Dispute:
    """A mask beside the opinion; every region (h, w)."""

    seen: View
    #: (h, w) float32, 0..1, and its region and signed distance, as the view's.
    opinion: View
    #: What the opinion has and the mask lacks, and the other way round; without slivers.
    missing: Region
    extra: Region

    @property
    def is_empty(self) -> bool:
        """Whether the opinion found no book."""
        return bool(self.opinion.region.mean() < _EMPTY)


def dispute(seen: View, opinion: View) -> Dispute:
    """Put a mask beside the opinion."""
    missing = opinion.region & (seen.depth < -_NEAR)
    extra = seen.region & (opinion.depth < -_NEAR)
    # Back to their full width.
    missing = ndimage.binary_dilation(missing, iterations=int(_NEAR)) & opinion.region & ~seen.region
    extra = ndimage.binary_dilation(extra, iterations=int(_NEAR)) & seen.region & ~opinion.region
    return Dispute(seen, opinion, missing, extra)


def disagreement(case: Dispute) -> float:
    """Return 1 - intersection over union, 0..1."""
    either = (case.seen.region | case.opinion.region).sum()
    both = (case.seen.region & case.opinion.region).sum()
    return float(1 - both / max(int(either), 1))


def missing_share(case: Dispute) -> float:
    """Return what the mask lacks as a share of the opinion, 0..1."""
    return float(case.missing.sum() / max(case.opinion.area, 1))


def extra_share(case: Dispute) -> float:
    """Return what the mask has too much as a share of the mask, 0..1."""
    return float(case.extra.sum() / max(case.seen.area, 1))


def largest_missing(case: Dispute) -> float:
    """Return the largest missing piece as a share of the opinion, 0..1."""
    return largest_part(case.missing) / max(case.opinion.area, 1)


def largest_extra(case: Dispute) -> float:
    """Return the largest superfluous piece as a share of the mask, 0..1."""
    return largest_part(case.extra) / max(case.seen.area, 1)


def outline_apart(case: Dispute, outline: Outline) -> float:
    """Return how much of the mask's outline is nowhere near the opinion's, 0..1."""
    if not len(outline):
        return 0.0
    return float((np.abs(case.opinion.depth[outline.rows, outline.columns]) > _NEAR).mean())


def opinion_apart(case: Dispute, outline: Outline) -> float:
    """Return how much of the opinion's outline is nowhere near the mask's, 0..1."""
    if not len(outline):
        return 0.0
    return float((np.abs(case.seen.depth[outline.rows, outline.columns]) > _NEAR).mean())


def edges_against(case: Dispute, mine: Outline, theirs: Outline) -> float:
    """Return whose outline the photo bears out where they part, -1 (the mask's) .. 1 (the opinion's)."""
    at_mine = np.abs(case.opinion.depth[mine.rows, mine.columns]) > _NEAR
    at_theirs = np.abs(case.seen.depth[theirs.rows, theirs.columns]) > _NEAR
    if not at_mine.any() or not at_theirs.any():
        return 0.0
    return float(theirs.here[at_theirs].mean() - mine.here[at_mine].mean())


def colours_of(case: Dispute) -> tuple[float, float]:
    """Return how much the missing pixels look like the subject, and the superfluous like the ground; -1..1.

    The subject is what both have, the ground what neither has; a pixel's look is the balance of how often its
    colour is met in the one and in the other.
    """
    core, ground = case.seen.region & case.opinion.region, ~case.seen.region & ~case.opinion.region
    if not core.any() or not ground.any():
        return 0.0, 0.0
    steps = (case.seen.pixels * (_STEPS / 256)).astype(np.intp)
    colour = (steps[..., 0] * _STEPS + steps[..., 1]) * _STEPS + steps[..., 2]
    often = [_often(colour, region) for region in (core, ground)]
    look = ((often[0] - often[1]) / (often[0] + often[1] + 1e-9))[colour]
    missing = float(look[case.missing].mean()) if case.missing.any() else 0.0
    extra = float(-look[case.extra].mean()) if case.extra.any() else 0.0
    return missing, extra


def sureness(case: Dispute) -> float:
    """Return how sure the opinion is of the disputed pixels, 0..1."""
    disputed = case.missing | case.extra
    return float(np.abs(2 * case.opinion.mask[disputed] - 1).mean()) if disputed.any() else 1.0


def _often(colour: np.ndarray[tuple[int, ...], np.dtype[np.intp]], region: Region) -> Plane:
    """Return how often each colour is met in a region, neighbours counted in."""
    counts = np.bincount(colour[region], minlength=_STEPS**3).reshape(_STEPS, _STEPS, _STEPS)
    smooth = ndimage.gaussian_filter(counts.astype(np.float32), 0.6, mode="nearest")
    return np.asarray(smooth.ravel() / max(int(region.sum()), 1), np.float32)
