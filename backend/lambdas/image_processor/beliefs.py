"""What was read -> every measure by name: opinions are believed as far as the photo bears them out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lambdas.image_processor.disputes import FEATURES, Piece
from lambdas.image_processor.measures import Measures, Reading, is_a_critics
from lambdas.image_processor.scorecard import Weighing

#: A piece of this share of the mask counts in full.
_FULL_SHARE: Final = 0.04


def summary(reading: Reading, weighings: Mapping[str, Weighing]) -> Measures:
    """Return all measures by name; the critic's begin with its name.

    Args:
        reading: from `read`.
        weighings: for the pieces that are "missing" and those that are "extra" by the book model.

    """
    measures = dict(reading.mask)
    for distances, found in zip(reading.opinions, reading.disputed, strict=True):
        if is_a_critics(distances):
            measures |= {f"critic_{name}": value for name, value in distances.items()}
        else:
            measures |= distances | _believed(found, reading.mask | distances, weighings)
    return measures


def values(piece: Piece, around: Measures) -> Measures:
    """Return all that is weighed about a piece: its own features, and the measures of mask and opinion."""
    return around | dict(zip(FEATURES, piece.features.tolist(), strict=True))


def _believed(found: Sequence[Piece], around: Measures, weighings: Mapping[str, Weighing]) -> Measures:
    """Return, of what is missing and what is too much: the area believed, and the worst piece."""
    measures: Measures = {}
    for name, weighing in weighings.items():
        kind = [piece for piece in found if piece.is_missing is (name == "missing")]
        shares = [(weighing.belief(values(piece, around)), piece.share) for piece in kind]
        measures[f"{name}_piece"] = max((share for _, share in shares), default=0.0)
        measures[f"{name}_area"] = sum(belief * share for belief, share in shares)
        measures[name] = max((belief * min(share / _FULL_SHARE, 1) for belief, share in shares), default=0.0)
    return measures
