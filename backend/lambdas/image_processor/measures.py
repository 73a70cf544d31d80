"""A photo, its mask, opinions -> what is read from them, before anything is weighed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor import confidence, edge_evidence, mask_shape
from lambdas.image_processor import second_opinion as opinions
from lambdas.image_processor.disputes import Case, Piece, pieces
from lambdas.image_processor.edge_evidence import Outline
from lambdas.image_processor.second_opinion import NEAR_PX
from lambdas.image_processor.working_size import Bytes, Patch, Sight, look

Measures = dict[str, float]

#: Keeps the logarithm of a certain answer finite.
_LEAST: Final = 1e-6
#: The critic tells an outline's place better than the book model does: a band this far in is the mask's own.
_RIM_PX: Final = 1.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a photo and its masks, before anything is weighed."""

    #: Of the mask, and of the photo along its outline.
    mask: Measures
    #: Per opinion, areas and distances.
    opinions: tuple[Measures, ...]
    #: Per opinion, the pieces in dispute; of a critic none, which has seen the mask as it judged it.
    disputed: tuple[tuple[Piece, ...], ...]


def read(
    pixels: Bytes, alpha: Bytes, probability: NDArray[np.float32], given: Sequence[Patch] = ()
) -> Reading:
    """Read everything there is to read.

    Args:
        pixels: (height, width, 3) uint8, the photo.
        alpha: (height, width) uint8, the mask, 255 = subject.
        probability: (S, S) float32, the raw output behind it, 0..1.
        given: none, the critic's mask, or that and the book model's: opinions that are asked about each
            other.

    """
    sight = look(pixels, alpha, given)
    mine = edge_evidence.outline(sight.pixels, sight.seen.depth)
    cases = [
        Case(
            sight.pixels,
            sight.seen,
            mine,
            opinion,
            edge_evidence.outline(sight.pixels, opinion.depth),
            sight.opinions[index - 1],
        )
        for index, opinion in enumerate(sight.opinions)
    ]
    return Reading(
        _of_the_mask(sight, probability) | _of_the_edges(mine),
        tuple(
            _of_an_opinion(each) | _of_a_critic(each, patch) for each, patch in zip(cases, given, strict=True)
        ),
        tuple(
            tuple(pieces(each)) if patch.rightness is None else ()
            for each, patch in zip(cases, given, strict=True)
        ),
    )


def is_a_critics(distances: Measures) -> bool:
    """Return whether an opinion's measures are a critic's: no other says how right a mask is."""
    return "doubt" in distances


def _of_the_mask(sight: Sight, probability: NDArray[np.float32]) -> Measures:
    seen, frame = sight.seen, sight.frame > 0.5
    hull, sides = mask_shape.hull_and_sides(seen)
    return {
        "confidence": confidence.peak(probability),
        "softness": confidence.softness(seen),
        "paleness": confidence.paleness(seen),
        "haze": confidence.haze(seen),
        "coverage": float(frame.mean()),
        "borders": float(mask_shape.borders_touched(frame)),
        "beside": mask_shape.beside(seen),
        "holes": mask_shape.holes(seen),
        "bites": mask_shape.bites(seen, hull),
        "hollowness": mask_shape.hollowness(seen, hull),
        "corner_gap": mask_shape.corner_gap(seen, sides),
        "quad_gap": mask_shape.quad_gap(seen, sides),
        "lumps": mask_shape.lumps(seen),
    }


def _of_the_edges(outline: Outline) -> Measures:
    return {
        "weakness": edge_evidence.weakness(outline),
        "weakest": edge_evidence.weakest_stretch(outline),
        "edge_inside": edge_evidence.better_inside(outline),
        "edge_outside": edge_evidence.better_outside(outline),
    }


def _of_a_critic(given: Case, patch: Patch) -> Measures:
    """Return what a critic takes away and adds, with and without rim, and its doubt; nothing of others."""
    if patch.rightness is None:
        return {}
    seen, said, area = given.seen, given.opinion.mask, max(given.seen.area, 1)
    return {
        "taken": float((1 - said)[seen.depth > NEAR_PX].sum() / area),
        "added": float(said[seen.depth < -NEAR_PX].sum() / area),
        "taken_rim": float((1 - said)[seen.depth > _RIM_PX].sum() / area),
        "added_rim": float(said[seen.depth < -_RIM_PX].sum() / area),
        "doubt": float(np.log(1 - patch.rightness + _LEAST) - np.log(patch.rightness + _LEAST)),
    }


def _of_an_opinion(given: Case) -> Measures:
    lost = opinions.lost_side(given.seen, given.mine, given.opinion, given.theirs)
    gained = opinions.gained_side(given.seen, given.mine, given.opinion, given.theirs)
    return {
        "no_opinion": float(opinions.is_empty(given.opinion)),
        "disagreement": opinions.disagreement(given.seen, given.opinion),
        "outline_apart": opinions.outline_apart(given.mine, given.opinion),
        "opinion_weakness": edge_evidence.weakness(given.theirs),
        "opinion_roughness": opinions.roughness(given.opinion, given.theirs),
        "opinions_part": opinions.disagreement(given.other, given.opinion),
        "opinion_apart": opinions.outline_apart(given.theirs, given.seen),
        "lost_side": lost.apart,
        "lost_side_seen": lost.apart * _borne_out(lost.edges),
        "gained_side": gained.apart,
        "gained_side_seen": gained.apart * _borne_out(gained.edges),
    }


def _borne_out(edges: float) -> float:
    """Return 0 (the photo is on the mask's side) .. 1 (on the opinion's)."""
    return float(np.clip(0.5 + 2 * edges, 0, 1))
