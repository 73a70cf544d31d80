"""A mask, its photo and the book model's opinion -> Verdict. Pure.

Rules come first. Confidence is taken from the model's raw output: stretching a flat one to the full
range would invent a subject. Every other check costs points by the curves of its measures, fitted by
`make judge-fit`; a mask that costs more than is allowed is refused for what cost most. Each critic has
coefficients fitted to what it says: the judge's (coefficients.py), and the one that has corrected the
embedded model's own masks (own_coefficients.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.constants.image_processing import MAX_ASPECT_DIFF, MIN_AREA_RATIO
from lambdas.image_processor import coefficients, own_coefficients, seed_policy
from lambdas.image_processor.beliefs import summary
from lambdas.image_processor.checks import CHECKS, RULES
from lambdas.image_processor.confidence import peak
from lambdas.image_processor.domain import Mask, Photo, Verdict
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.measures import Measures, read
from lambdas.image_processor.scorecard import Scorecard, Weighing
from lambdas.image_processor.working_size import Bytes, Patch, largest_part, shrunk

#: Answers a mask, (height, width) uint8, with the critic's own; then with the critic's on a second look and
#: the book model's; or with nothing.
Opinion = Callable[[Bytes], Iterable[Sequence[Patch]]]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What was fitted to one critic: who is believed about a piece, and what measures cost."""

    weighings: Mapping[str, Weighing]
    cards: Mapping[str, Scorecard]


#: For masks on which the judge's critic and the book model are asked.
OF_OTHERS: Final = Coefficients(coefficients.WEIGHINGS, coefficients.CARDS)
#: For the embedded model's own: by shape and edges alone, or one look beside another.
OWN: Final = Coefficients(own_coefficients.WEIGHINGS, own_coefficients.CARDS)


class Policy(StrEnum):
    """Who decides."""

    #: `judge`.
    MEASURED = "measured"
    #: The seed's two checks (docs/adr/0009).
    SEED = "seed"
    #: Nobody: what was deployed after the seed's checks were deleted.
    ALL = "all"


def no_opinion(_: Bytes) -> Iterable[Sequence[Patch]]:
    """Return no opinion: the book model is not asked about its own mask."""
    return ()


def judge(photo: Photo, mask: Mask, opinion: Opinion = no_opinion) -> Verdict:
    """Judge a mask.

    Args:
        photo: (height, width, 3) uint8.
        mask: of the same height and width, with the raw output behind it.
        opinion: asked only when the rules do not decide, and for more only where there is doubt: what is
            enough to accept the mask ends it, only the last word refuses it.

    Returns:
        Accepted, or refused with the code that says most; the score is above a half for what is accepted.

    """
    basic = _basic(mask)
    broken = _broken(basic)
    if broken is not None:
        return broken
    verdict: Verdict | None = None
    for given in opinion(mask.alpha):
        verdict = weighed(photo, mask, given)
        if verdict.accepted:
            break
    return verdict or weighed(photo, mask, (), OWN)


def weighed(photo: Photo, mask: Mask, given: Sequence[Patch], fitted: Coefficients = OF_OTHERS) -> Verdict:
    """Judge a mask with these opinions: none, the critic's, or that and another model's."""
    measures = summary(read(photo.pixels, mask.alpha, mask.probability, given), fitted.weighings)
    return decide(measures | _said_before(mask), fitted)


def decide(measures: Mapping[str, float], fitted: Coefficients = OF_OTHERS) -> Verdict:
    """Apply the rules, then add up what the measures cost; those of one opinion or both may be absent."""
    broken = _broken(measures)
    if broken is not None:
        return broken
    card = fitted.cards[_card(measures)]
    score = card.score(card.costs(measures))
    if score >= 0.5:
        return Verdict(None, score, measures)
    told = card.told(measures)
    by_check = {check.code: sum(told.get(name, 0.0) for name in check.measures) for check in CHECKS}
    return Verdict(max(by_check, key=lambda code: by_check[code]), score, measures)


def _card(measures: Mapping[str, float]) -> str:
    """Return by which curves the measures are to be added up."""
    if "disagreement" in measures:
        return "with_opinions"
    return "with_critic" if "critic_disagreement" in measures else "alone"


def _broken(measures: Mapping[str, float]) -> Verdict | None:
    """Return the verdict of the first rule that fails."""
    failed = next((rule for rule in RULES if rule.fails(measures)), None)
    return None if failed is None else Verdict(failed.code, failed.score, measures)


def judge_by_box(photo: Photo, mask: Mask, opinion: Opinion = no_opinion) -> Verdict:
    """Judge as the seed did: by the subject's box in the frame alone."""
    del photo, opinion
    measures = {
        "box_area": seed_policy.box_area(mask.alpha),
        "aspect_difference": seed_policy.aspect_difference(mask.alpha),
    }
    if measures["box_area"] < MIN_AREA_RATIO:
        return Verdict(FailureCode.SUBJECT_TOO_SMALL, 0.0, measures)
    if measures["aspect_difference"] > MAX_ASPECT_DIFF:
        return Verdict(FailureCode.ANOTHER_ASPECT, 0.0, measures)
    return Verdict(None, 1.0, measures)


def accept_all(photo: Photo, mask: Mask, opinion: Opinion = no_opinion) -> Verdict:
    """Accept whatever has a subject at all."""
    del photo, opinion
    measures = _basic(mask)
    return Verdict(None if measures["coverage"] else FailureCode.NO_SUBJECT, 1.0, measures)


Judge = Callable[[Photo, Mask, Opinion], Verdict]
POLICIES: Final[Mapping[Policy, Judge]] = MappingProxyType(
    {Policy.MEASURED: judge, Policy.SEED: judge_by_box, Policy.ALL: accept_all}
)


def _basic(mask: Mask) -> Measures:
    """Return what the rules look at."""
    subject = shrunk(mask.alpha) > 127
    return {
        "confidence": peak(mask.probability),
        "coverage": float(subject.mean()),
        "beside": 1 - largest_part(subject) / max(int(subject.sum()), 1),
    } | _said_before(mask)


def _said_before(mask: Mask) -> Measures:
    """Return how right its own critic finds the mask; nothing where it has none."""
    return {} if mask.rightness is None else {"rightness": mask.rightness}
