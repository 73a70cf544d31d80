"""What can be wrong with a mask: rules that decide alone, and checks whose measures cost points. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lambdas.image_processor.errors import FailureCode

#: The surest pixels must be at least this probable, or the model saw no subject.
MIN_CONFIDENCE: Final = 0.5
#: Smallest share of the frame that a subject covers.
MIN_COVERAGE: Final = 0.01
#: At this share of the frame there is nothing left to remove.
MAX_COVERAGE: Final = 0.98

#: Largest share of the subject that may lie outside its largest part.
MAX_BESIDE: Final = 0.4
#: Inside a subject a mask may be at most this far from sure, on average.
MAX_PALENESS: Final = 0.25
#: Widest slope of an outline, in pixels at the judge's working size; a small book's is magnified to some 25.
MAX_SOFTNESS_PX: Final = 40.0
#: Largest area of holes, as a share of the subject's: books have none.
MAX_HOLES: Final = 0.012
#: A piece of 4 % of the subject may be believed missing, or superfluous, at most so far.
MAX_BELIEVED: Final = 0.85

#: A mask that its own model's critic could not mend must be at least so likely right.
MIN_RIGHTNESS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Rule:
    """A check that decides alone."""

    code: FailureCode
    fails: Callable[[Mapping[str, float]], bool]
    #: Of a mask that fails it: among refusals, the one that says most wins.
    score: float


@dataclass(frozen=True, slots=True)
class Check:
    """A check that costs points: its code, and the measures that it adds up."""

    code: FailureCode
    measures: tuple[str, ...]


#: In order: the first that fails decides.
RULES: Final = (
    Rule(FailureCode.NO_SUBJECT, lambda m: m["confidence"] < MIN_CONFIDENCE or m["coverage"] == 0, 0.0),
    Rule(FailureCode.FILLS_FRAME, lambda m: m["coverage"] >= MAX_COVERAGE, 0.2),
    Rule(FailureCode.SUBJECT_TOO_SMALL, lambda m: m["coverage"] < MIN_COVERAGE, 0.1),
    Rule(FailureCode.FRAGMENTS, lambda m: m["beside"] > MAX_BESIDE, 0.1),
    Rule(FailureCode.NOT_THE_BOOK, lambda m: m.get("rightness", 1.0) < MIN_RIGHTNESS, 0.1),
    Rule(FailureCode.LOW_CONFIDENCE, lambda m: m.get("paleness", 0.0) > MAX_PALENESS, 0.1),
    Rule(FailureCode.LOW_CONFIDENCE, lambda m: m.get("softness", 0.0) > MAX_SOFTNESS_PX, 0.1),
    Rule(FailureCode.HOLE, lambda m: m.get("holes", 0.0) > MAX_HOLES, 0.1),
    Rule(FailureCode.PART_MISSING, lambda m: m.get("missing", 0.0) > MAX_BELIEVED, 0.1),
    Rule(FailureCode.LEAK, lambda m: m.get("extra", 0.0) > MAX_BELIEVED, 0.1),
)
CHECKS: Final = (
    Check(FailureCode.LOW_CONFIDENCE, ("softness", "paleness", "haze")),
    Check(FailureCode.FRAGMENTS, ("beside",)),
    Check(FailureCode.HOLE, ("holes",)),
    Check(FailureCode.EATEN_CORNER, ("bites", "hollowness", "corner_gap", "quad_gap")),
    Check(FailureCode.WEAK_EDGES, ("weakness", "weakest", "edge_inside", "edge_outside")),
    Check(
        FailureCode.PART_MISSING,
        (
            "missing",
            "missing_piece",
            "missing_area",
            "lost_side",
            "lost_side_seen",
            "critic_added",
            "critic_added_rim",
            "critic_lost_side",
            "critic_lost_side_seen",
        ),
    ),
    Check(
        FailureCode.LEAK,
        (
            "lumps",
            "extra",
            "extra_piece",
            "extra_area",
            "gained_side",
            "gained_side_seen",
            "critic_taken",
            "critic_taken_rim",
            "critic_gained_side",
            "critic_gained_side_seen",
        ),
    ),
    Check(
        FailureCode.NOT_THE_BOOK,
        (
            "disagreement",
            "outline_apart",
            "opinion_apart",
            "no_opinion",
            "critic_disagreement",
            "critic_outline_apart",
            "critic_opinion_apart",
            "critic_doubt",
        ),
    ),
)
