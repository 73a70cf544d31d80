"""The pieces that only one of two masks has, and what the photo shows there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.edge_evidence import Outline
from lambdas.image_processor.quantiles import quantile
from lambdas.image_processor.second_opinion import NEAR_PX
from lambdas.image_processor.working_size import Plane, Region, View

#: Smaller pieces, as shares of the mask that has them, are not looked at.
_SMALLEST: Final = 0.006
#: More pieces than this, the largest first, tell nothing new.
_MOST: Final = 4
#: Colours are counted in so many steps a channel.
_STEPS: Final = 8
#: What stands for a mean over nothing.
_UNKNOWN: Final = 0.5
#: What is asked of a piece, in the order of `Piece.features`.
FEATURES: Final = (
    "mine", "mine_low", "no_mine", "theirs", "no_theirs", "look", "sure", "other", "log_share", "thickness",
    "wiggle_mine", "wiggle_theirs", "ground_light", "ground_hue", "subject_light", "subject_hue", "texture",
)  # fmt: skip

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece that one of the two has."""

    #: Whether the opinion has it and the mask lacks it, or the other way round.
    is_missing: bool
    #: Of the area of the mask that has it, 0..1.
    share: float
    #: (17,) float64, as FEATURES names them.
    features: NDArray[np.float64]
    #: (h, w): where it is.
    region: Region


@dataclass(frozen=True, slots=True)
class Case:
    """A mask and an opinion, with what is needed to tell who is right."""

    pixels: Plane
    seen: View
    mine: Outline
    opinion: View
    theirs: Outline
    #: A further opinion, to be asked about each piece.
    other: View


def pieces(given: Case) -> list[Piece]:
    """Return the pieces in dispute, at most four of either kind, the largest first."""
    if not given.seen.area or not given.opinion.area:
        return []
    look = _look(given.pixels, given.seen.region, given.opinion.region)
    lacked = given.opinion.region & ~given.seen.region
    surplus = given.seen.region & ~given.opinion.region
    return [
        *_pieces(given, look, lacked, lacked & (given.seen.depth < -NEAR_PX), is_missing=True),
        *_pieces(given, look, surplus, surplus & (given.opinion.depth < -NEAR_PX), is_missing=False),
    ]


def _pieces(given: Case, look: Plane, whole: Region, core: Region, *, is_missing: bool) -> list[Piece]:
    """Return the components of a difference, slivers left out."""
    labels, count = ndimage.label(core)
    if not count:
        return []
    owner = given.opinion if is_missing else given.seen
    reach = int(NEAR_PX)
    wide = ndimage.maximum_filter(labels, 2 * reach + 5)
    labels = np.where(whole, ndimage.maximum_filter(labels, 2 * reach + 1), 0)
    shares = np.bincount(labels.ravel(), minlength=count + 1) / owner.area
    shares[0] = 0
    result = []
    for index in np.argsort(-shares)[:_MOST]:
        if shares[index] >= _SMALLEST:
            inside, near = labels == index, wide == index
            features = _features(
                given, look, (inside, near), share=float(shares[index]), is_missing=is_missing
            )
            result.append(Piece(is_missing, float(shares[index]), features, inside))
    return result


def _features(
    given: Case, look: Plane, place: tuple[Region, Region], *, share: float, is_missing: bool
) -> NDArray[np.float64]:
    inside, near = place
    sign = 1 if is_missing else -1
    owner = given.opinion if is_missing else given.seen
    mine = _stretch(given.mine, near, given.opinion)
    theirs = _stretch(given.theirs, near, given.seen)
    beside = near & ~inside
    either, both = given.seen.region | given.opinion.region, given.seen.region & given.opinion.region
    colour = given.pixels[inside].mean(0) + 4
    ground, subject = (_compared(given.pixels, colour, beside & where) for where in (~either, both))
    opinion, other = (float(view.mask[inside].mean()) for view in (given.opinion, given.other))
    values = (
        *_edges(given.mine, mine),
        *_edges(given.theirs, theirs)[::2],
        sign * float(look[inside].mean()),
        opinion if is_missing else 1 - opinion,
        other if is_missing else 1 - other,
        np.log(share),
        float(owner.depth[inside].max()) / owner.half_width,
        _wiggle(given.mine, mine),
        _wiggle(given.theirs, theirs),
        *ground,
        *subject,
        float(given.pixels[inside].std(0).mean()) / 30,
    )
    return np.asarray(values, np.float64)


def _stretch(outline: Outline, near: Region, other: View) -> NDArray[np.bool_]:
    """Return (n,), which of an outline's pixels bound the piece, away from the other outline."""
    at = outline.rows, outline.columns
    return np.asarray(near[at] & (np.abs(other.depth[at]) > NEAR_PX - 1))


def _edges(outline: Outline, stretch: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the mean edge along a stretch, its lower quartile, and whether there is no stretch at all."""
    here = outline.here[stretch]
    if not len(here):
        return _UNKNOWN, _UNKNOWN, 1.0
    return float(here.mean()), quantile(here, 0.25), 0.0


def _wiggle(outline: Outline, stretch: NDArray[np.bool_]) -> float:
    """Return a stretch's pixels by its box's diagonal: about 1 when straight, more when it winds."""
    rows, columns = outline.rows[stretch], outline.columns[stretch]
    if len(rows) < 6:
        return 1.0
    return float(len(rows) / np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1))


def _compared(pixels: Plane, colour: Plane, region: Region) -> tuple[float, float]:
    """Return how much lighter or darker a colour is than a region's mean, and how far of another hue.

    A shadow is its ground, darker by one factor in all channels.
    """
    if region.sum() < 5:
        return 0.0, 0.0
    ratio = np.log(colour / (pixels[region].mean(0) + 4))
    return abs(float(ratio.mean())), float(np.ptp(ratio))


def _look(pixels: Plane, one: Region, other: Region) -> Plane:
    """Return whose colours a pixel has: of what both call subject, or of what both call ground."""
    subject, ground = one & other, ~one & ~other
    if not subject.any() or not ground.any():
        return np.zeros(one.shape, np.float32)
    steps = (pixels * (_STEPS / 256)).astype(np.intp)
    colours = (steps[..., 0] * _STEPS + steps[..., 1]) * _STEPS + steps[..., 2]
    often = [_often(colours[region]) for region in (subject, ground)]
    return np.asarray(((often[0] - often[1]) / (often[0] + often[1] + 1e-9))[colours], np.float32)


def _often(colours: NDArray[np.intp]) -> Plane:
    """Return how often each colour is met, neighbouring colours counted in."""
    counts = np.bincount(colours, minlength=_STEPS**3).reshape(_STEPS, _STEPS, _STEPS)
    smooth = ndimage.gaussian_filter(counts.astype(np.float32), 0.6, mode="nearest")
    return np.asarray(smooth.ravel() / max(len(colours), 1), np.float32)
