"""Mask -> Verdict: one check, one code, one measure. Pure.

Confidence comes from the model's raw output: stretching a flat one to the full range would invent a subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.domain import Mask, Verdict
from lambdas.image_processor.errors import FailureCode

#: The surest pixels must be at least this probable, or the model saw no subject.
MIN_CONFIDENCE: Final = 0.5
#: Smallest share of the frame that a subject covers.
MIN_COVERAGE: Final = 0.01
#: At this share of the frame there is nothing left to remove.
MAX_COVERAGE: Final = 0.98
#: Smallest share of the subject that its largest part holds.
MIN_MAIN_SHARE: Final = 0.6

Measures = Mapping[str, float]


def judge(mask: Mask) -> Verdict:
    """Judge a mask.

    Args:
        mask: the model's mask; its raw probability decides whether there is a subject at all.

    Returns:
        Accepted, or rejected with the first failing check's code; the score is the narrowest margin, 0..1.

    """
    measures = measure(mask)
    for code, fails in CHECKS.items():
        if fails(measures):
            return Verdict(code, _score(measures) / 2, measures)
    return Verdict(None, 0.5 + _score(measures) / 2, measures)


def measure(mask: Mask) -> dict[str, float]:
    """Return confidence, coverage, main component's share and soft fraction; each 0..1."""
    probability = mask.probability
    # The 99.5th percentile: a few stray pixels are no subject. Sorting 320 x 320 values takes a millisecond.
    confidence = float(np.quantile(probability, 0.995))
    # The mask's own resolution suffices for shares of areas.
    subject = probability > _middle(probability)
    covered = int(subject.sum())
    soft = float(((probability > 0.1) & (probability < 0.9)).sum())
    return {
        "confidence": confidence,
        "coverage": covered / subject.size,
        "main_share": _main_share(subject, covered),
        "soft_fraction": soft / max(soft + covered, 1.0),
    }


#: In order: the first that fails names the reason.
CHECKS: Final[Mapping[FailureCode, Callable[[Measures], bool]]] = {
    FailureCode.NO_SUBJECT: lambda m: m["confidence"] < MIN_CONFIDENCE or m["coverage"] == 0,
    FailureCode.FILLS_FRAME: lambda m: m["coverage"] >= MAX_COVERAGE,
    FailureCode.SUBJECT_TOO_SMALL: lambda m: m["coverage"] < MIN_COVERAGE,
    FailureCode.FRAGMENTS: lambda m: m["main_share"] < MIN_MAIN_SHARE,
}


def _middle(probability: NDArray[np.float32]) -> float:
    """Return the middle of the mask's own range, at most 0.5: a frame that is sure everywhere is full."""
    low, high = float(probability.min()), float(probability.max())
    return min((low + high) / 2, 0.5) if high >= MIN_CONFIDENCE else 0.5


def _main_share(subject: NDArray[np.bool_], covered: int) -> float:
    if covered == 0:
        return 0.0
    labels, _ = ndimage.label(subject)
    return float(np.bincount(labels.ravel())[1:].max() / covered)


def _score(measures: Measures) -> float:
    return float(
        np.clip(min(measures["confidence"], measures["main_share"], 1 - measures["soft_fraction"]), 0.0, 1.0)
    )
